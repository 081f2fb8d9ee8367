"""Operators: each reads properties, calls one function of rig or link, and reports."""

from __future__ import annotations

from typing import Final

from .backend import SOLILOQUY_OT_start_backend, SOLILOQUY_OT_stop_backend
from .character import SOLILOQUY_OT_add_character, SOLILOQUY_OT_bind, SOLILOQUY_OT_remove
from .layers import SOLILOQUY_OT_mute_layer, SOLILOQUY_OT_push_take
from .mapping import (
    SOLILOQUY_OT_landmarks,
    SOLILOQUY_OT_table_edit,
    SOLILOQUY_OT_table_fill,
    SOLILOQUY_OT_table_load,
    SOLILOQUY_OT_table_save,
)
from .perform import (
    SOLILOQUY_OT_apply,
    SOLILOQUY_OT_bake_file,
    SOLILOQUY_OT_cancel,
    SOLILOQUY_OT_perform,
)
from .points import SOLILOQUY_OT_clear_points, SOLILOQUY_OT_place_points
from .preview import SOLILOQUY_OT_place_preview, SOLILOQUY_OT_preview
from .training import (
    SOLILOQUY_OT_render_training_set,
    SOLILOQUY_OT_show_training,
    SOLILOQUY_OT_stop_chore,
    SOLILOQUY_OT_train_character,
)

CLASSES: Final = (
    SOLILOQUY_OT_start_backend,
    SOLILOQUY_OT_stop_backend,
    SOLILOQUY_OT_perform,
    SOLILOQUY_OT_apply,
    SOLILOQUY_OT_bake_file,
    SOLILOQUY_OT_cancel,
    SOLILOQUY_OT_preview,
    SOLILOQUY_OT_place_preview,
    SOLILOQUY_OT_place_points,
    SOLILOQUY_OT_clear_points,
    SOLILOQUY_OT_render_training_set,
    SOLILOQUY_OT_train_character,
    SOLILOQUY_OT_show_training,
    SOLILOQUY_OT_stop_chore,
    SOLILOQUY_OT_add_character,
    SOLILOQUY_OT_bind,
    SOLILOQUY_OT_remove,
    SOLILOQUY_OT_mute_layer,
    SOLILOQUY_OT_push_take,
    SOLILOQUY_OT_table_fill,
    SOLILOQUY_OT_table_edit,
    SOLILOQUY_OT_table_save,
    SOLILOQUY_OT_table_load,
    SOLILOQUY_OT_landmarks,
)

"""Panels: they draw what is known and change nothing."""

from __future__ import annotations

from typing import Final

from .mapping import SOLILOQUY_PT_mapping, SOLILOQUY_UL_rows
from .panel import SOLILOQUY_PT_line
from .preview import SOLILOQUY_PT_preview

CLASSES: Final = (SOLILOQUY_PT_line, SOLILOQUY_PT_preview, SOLILOQUY_UL_rows, SOLILOQUY_PT_mapping)

"""Silence a layer of the takes that play on a character, or let it play again."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ..core.errors import RigError
from ..core.layers import LAYERS
from ..rig import actions, nla, ownership
from ..rig.discover import find_character
from ..rig.plan import group_name
from .base import NO_CHARACTER, Explained, chosen_character


class SOLILOQUY_OT_mute_layer(Explained, bpy.types.Operator):
    """Silence one layer of the baked takes of the character, or let a silenced one play again; no key is lost"""

    bl_idname = "soliloquy.mute_layer"
    bl_label = "Mute Layer"
    bl_options = {"REGISTER", "UNDO"}

    layer: EnumProperty(name="Layer", items=[(name, name.title(), "") for name in LAYERS])
    mute: EnumProperty(
        name="Mute",
        items=[("TOGGLE", "Toggle", ""), ("ON", "Mute", ""), ("OFF", "Play", "")],
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        character = find_character(chosen_character(context))
        takes = ownership.takes_of(character.name)
        group = group_name(self.layer)
        silenced = any(group in actions.muted_groups(action) for action in takes)
        mute = self.mute == "ON" or (self.mute == "TOGGLE" and not silenced)
        if not sum(actions.set_mute(action, group, mute) for action in takes):
            raise RigError("layer.none", f"No take of {character.name} has the layer {self.layer}.")
        context.scene.frame_set(context.scene.frame_current)


class SOLILOQUY_OT_push_take(Explained, bpy.types.Operator):
    """Put the active take in the NLA as a named track; your own Action is active again, above it"""

    bl_idname = "soliloquy.push_take"
    bl_label = "Push Take to NLA"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        nla.push(find_character(chosen_character(context)))
        context.scene.frame_set(context.scene.frame_current)

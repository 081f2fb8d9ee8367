"""Add the built-in character; take away what was made on a character."""
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import bpy

from .. import runtime
from ..rig import take
from .base import Explained, chosen_character


class SOLILOQUY_OT_add_character(Explained, bpy.types.Operator):
    """Add a head with all face controls, eyes, teeth and tongue, ready to speak"""

    bl_idname = "soliloquy.add_character"
    bl_label = "Add Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "Leave edit mode first." if context.mode != "OBJECT" else ""

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        from ..character.build import add_character

        context.scene.soliloquy.character = add_character(context)


class SOLILOQUY_OT_remove(Explained, bpy.types.Operator):
    """Remove the Actions and the sound that Soliloquy made for the character, and put back what it had before"""

    bl_idname = "soliloquy.remove"
    bl_label = "Remove What Soliloquy Made"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else "Select the character first."

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        sentences = take.remove(context.scene, chosen_character(context))
        for sentence in sentences or ("There was nothing of Soliloquy's to remove.",):
            self.report({"INFO"}, sentence)
            runtime.get().tell("INFO", sentence)

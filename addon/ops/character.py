"""Add the built-in character; take away what was made on a character."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from .. import runtime
from ..character.roster import CHARACTERS, DEFAULT_CHARACTER
from ..core.errors import RigError
from ..preview import sequence
from ..rig import geometry, take
from ..rig.discover import find_character, gather
from ..rig.parts import Character, Fit
from ..rig.preflight import preflight
from .base import NO_CHARACTER, Explained, chosen_character


class SOLILOQUY_OT_add_character(Explained, bpy.types.Operator):
    """Add a head with all face controls, eyes, teeth and tongue, ready to speak"""

    bl_idname = "soliloquy.add_character"
    bl_label = "Add Character"
    bl_options = {"REGISTER", "UNDO"}

    character: EnumProperty(
        name="Character",
        description="Which of the built-in people",
        items=[(name, name.title(), "") for name in CHARACTERS],
        default=DEFAULT_CHARACTER,
    )

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "Leave edit mode first." if context.mode != "OBJECT" else ""

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`. What is new is selected and active, as with all that Blender adds."""
        from ..character.build import add_character

        rig = add_character(context, spec=CHARACTERS[self.character])
        for other in context.selected_objects:
            other.select_set(False)
        rig.select_set(True)
        context.view_layer.objects.active = rig
        context.scene.soliloquy.character = rig


class SOLILOQUY_OT_bind(Explained, bpy.types.Operator):
    """Find out what of the character can perform, by its names, bones and shapes, and say what stands in the way"""

    bl_idname = "soliloquy.bind"
    bl_label = "Bind Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`. The character is then the chosen one, and what was found stands in the panel."""
        character = _bound(chosen_character(context))
        looked = preflight(character)
        context.scene.soliloquy.character = character.root
        for finding in reversed(looked.findings):
            self.report({finding.level if finding.level != "ERROR" else "WARNING"}, finding.text)
            runtime.get().tell(finding.level, finding.text)
        named = f" {looked.score:.0%} of its named keys do as they say." if character.drives else ""
        found = f"{character.name} is bound: {character.coverage}.{named}"
        self.report({"INFO"}, found)
        runtime.get().tell("INFO", found)


class SOLILOQUY_OT_remove(Explained, bpy.types.Operator):
    """Remove the Actions and the sound that Soliloquy made for the character, and put back what it had before"""

    bl_idname = "soliloquy.remove"
    bl_label = "Remove What Soliloquy Made"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        character = gather(chosen_character(context)).name
        sentences = take.remove(context.scene, chosen_character(context))
        if sequence.remove_frames(context.scene, character):
            sentences = (*sentences, "Removed its preview; the frames stay on the disk.")
        for sentence in sentences or ("There was nothing of Soliloquy's to remove.",):
            self.report({"INFO"}, sentence)
            runtime.get().tell("INFO", sentence)


def _bound(selected: bpy.types.Object | None) -> Character:
    """The character by its names, or where these say too little for a face, by geometry. Raises RigError."""
    character = gather(selected)
    if character.fit is not None:
        _renew(character.fit.owner, character)
    elif character.says_little:
        for owner in geometry.candidates(character)[:1]:
            try:
                geometry.place(owner, character)
            except RigError:
                if not character.datablocks:
                    raise
    return find_character(selected)


def _renew(owner: bpy.types.Object, character: Character) -> None:
    """Measure a face that is bound by geometry anew; a mesh that has changed gets new landmarks."""
    try:
        geometry.face_fit(Fit(owner), character)
    except RigError:
        geometry.place(owner, character)
    else:
        geometry.measure_again(owner, character)

"""The mapping table: fill it from the character, add and remove rows, mirror, save, load, reset; landmarks by hand."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, StringProperty

from ..core.errors import RigError
from ..core.table import TableRow, profile_of, table_of, with_mirrored
from ..mapping import fill_table, keep_table, rows_in, table_in
from ..paths import RELATIVE, absolute
from ..rig import geometry, landmark_empties, table
from ..rig.discover import find_character, gather
from .base import NO_CHARACTER, Explained, chosen_character


class _OnCharacter(Explained):
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER


class SOLILOQUY_OT_table_fill(_OnCharacter, bpy.types.Operator):
    """Show what each control of the character follows now"""

    bl_idname = "soliloquy.table_fill"
    bl_label = "Show Mapping"

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        character = find_character(chosen_character(context))
        context.scene.soliloquy.character = character.root
        fill_table(context.scene, table_of(character.drives))


class SOLILOQUY_OT_table_edit(_OnCharacter, bpy.types.Operator):
    """Add a row, remove the chosen one, or make the right side of the face a mirror image of the left"""

    bl_idname = "soliloquy.table_edit"
    bl_label = "Edit Mapping"

    what: EnumProperty(
        items=[
            ("ADD", "Add", ""),
            ("REMOVE", "Remove", ""),
            ("MIRROR", "Mirror Left to Right", ""),
            ("RESET", "Reset", ""),
        ]
    )

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`. Reset binds by names and shapes again."""
        shown, rows = table_in(context.scene), list(rows_in(context.scene))
        if self.what == "RESET":
            character = gather(chosen_character(context))
            root = character.root
            table.forget(root)
            if character.fit is not None:
                geometry.forget(character.fit.owner)
            fill_table(context.scene, table_of(find_character(root).drives))
            return
        if self.what == "ADD":
            rows.append(TableRow("", "jawOpen"))
            shown.index = len(rows) - 1
        elif self.what == "REMOVE" and shown.index < len(rows):
            rows.pop(shown.index)
            shown.index = max(0, shown.index - 1)
        elif self.what == "MIRROR":
            rows = list(with_mirrored(rows, bpy.utils.flip_name))
        fill_table(context.scene, rows)
        keep_table(context)


class SOLILOQUY_OT_table_save(_OnCharacter, bpy.types.Operator):
    """Save the mapping table as a rig map, for other characters of the kind"""

    bl_idname = "soliloquy.table_save"
    bl_label = "Save Mapping"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", *RELATIVE})
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask where."""
        self.filepath = self.filepath or "mapping.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        rows = rows_in(context.scene)
        if not rows:
            raise RigError("table.empty", "The mapping table is empty; show the mapping first.")
        path = absolute(self.filepath).with_suffix(".json")
        table.save(path, profile_of(path.stem, rows))


class SOLILOQUY_OT_table_load(_OnCharacter, bpy.types.Operator):
    """Bind the character by a rig map that was saved"""

    bl_idname = "soliloquy.table_load"
    bl_label = "Load Mapping"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", *RELATIVE})
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        profile = table.load(absolute(self.filepath))
        root = gather(chosen_character(context)).root
        context.scene.soliloquy.character = root
        table.keep(root, profile)
        fill_table(context.scene, table_of(find_character(root).drives))


class SOLILOQUY_OT_landmarks(_OnCharacter, bpy.types.Operator):
    """Show the landmarks of a character that is bound by geometry as empties, or take them over where they stand now"""

    bl_idname = "soliloquy.landmarks"
    bl_label = "Landmarks"

    what: EnumProperty(items=[("SHOW", "Show Landmarks", ""), ("TAKE", "Take Landmarks Over", "")])

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        character = gather(chosen_character(context))
        if character.fit is None:
            raise RigError("fit.none", "The character is bound by its names; there are no landmarks to move.")
        owner = character.fit.owner
        if self.what == "SHOW":
            said = f"{landmark_empties.show(context, owner)} landmarks of {owner.name} shown."
        else:
            said = f"{landmark_empties.take_over(owner, character)} landmarks of {owner.name} moved."
        self.report({"INFO"}, said)

"""The panel of the mapping table."""

from __future__ import annotations

import bpy

from ..mapping import table_in


class SOLILOQUY_UL_rows(bpy.types.UIList):
    """Target, source, gain and a slider to try it."""

    bl_idname = "SOLILOQUY_UL_rows"

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: object,
        _icon: int,
        _active: object,
        _name: str,
    ) -> None:
        """One row."""
        row = layout.row(align=True)
        row.prop(item, "target", text="", emboss=False)
        row.prop(item, "source", text="", emboss=False)
        row.prop(item, "gain", text="")
        row.prop(item, "test", text="", slider=True)


class SOLILOQUY_PT_mapping(bpy.types.Panel):
    """What each control of the character follows."""

    bl_idname = "SOLILOQUY_PT_mapping"
    bl_label = "Mapping"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Soliloquy"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the rows, the details of the chosen one, and what can be done with all."""
        layout, shown = self.layout, table_in(context.scene)
        layout.operator("soliloquy.table_fill", icon="FILE_REFRESH")
        row = layout.row()
        row.template_list("SOLILOQUY_UL_rows", "", shown, "rows", shown, "index", rows=6)
        column = row.column(align=True)
        for what, icon in (("ADD", "ADD"), ("REMOVE", "REMOVE"), ("MIRROR", "MOD_MIRROR"), ("RESET", "LOOP_BACK")):
            column.operator("soliloquy.table_edit", text="", icon=icon).what = what
        if shown.index < len(shown.rows):
            chosen = shown.rows[shown.index]
            details = layout.column()
            details.use_property_split = True
            for name in ("target", "axis", "source", "gain", "offset", "low", "high", "opens", "mood"):
                details.prop(chosen, name)
        row = layout.row(align=True)
        row.operator("soliloquy.table_save", icon="EXPORT")
        row.operator("soliloquy.table_load", icon="IMPORT")
        row = layout.row(align=True)
        row.operator("soliloquy.landmarks", text="Show Landmarks").what = "SHOW"
        row.operator("soliloquy.landmarks", text="Take Over").what = "TAKE"

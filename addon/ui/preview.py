"""The part of the panel that shows a line: what draws it, how, and from what."""

from __future__ import annotations

import bpy

from ..ops.preview import SOLILOQUY_OT_preview
from ..ops.training import SOLILOQUY_OT_show_training, chore_words, current_chore
from ..preview.face_points import in_words
from ..preview.settings import NEEDS_FOLDER, NEEDS_PORTRAIT, points_of, preview_of
from ..properties import status_of
from .text import draw_wrapped


class SOLILOQUY_PT_preview(bpy.types.Panel):
    """The active take as pictures."""

    bl_idname = "SOLILOQUY_PT_preview"
    bl_parent_id = "SOLILOQUY_PT_line"
    bl_label = "Preview"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Soliloquy"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw from properties; the progress is shown above, where that of every job is."""
        layout, settings = self.layout, preview_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        for name in ("generator", "quality"):
            column.prop(settings, name)
        for name in ("portrait", "consent") if settings.generator in NEEDS_PORTRAIT else ("framing", "height"):
            column.prop(settings, name)
        if settings.generator in NEEDS_PORTRAIT:
            _draw_points(layout, context)
        if settings.generator in NEEDS_FOLDER:
            column.prop(settings, "folder")
        if not status_of(context).busy:
            layout.operator("soliloquy.preview", icon="RENDER_ANIMATION")
            if reason := SOLILOQUY_OT_preview.disabled_reason(context):
                draw_wrapped(layout, context, reason, "INFO")
        if settings.generator == "character":
            _draw_training(layout, context)


def _draw_points(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Where the portrait's face is."""
    placed = len(points_of(preview_of(context.scene)))
    row = layout.row(align=True)
    row.operator("soliloquy.place_points", icon="CURSOR")
    if placed:
        row.operator("soliloquy.clear_points", text="", icon="X")
    draw_wrapped(layout, context, in_words(placed), "CHECKMARK" if placed else "INFO")


def _draw_training(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What a character is learned from, and how far that is."""
    settings, chore, box = preview_of(context.scene), current_chore(), layout.box()
    for name in ("training_folder", "set_size", "minutes"):
        box.prop(settings, name)
    if chore is not None and (chore.state.running or chore.state.problem):
        words, share = chore_words(chore)
        if chore.state.problem:
            draw_wrapped(box, context, words, "CANCEL")
        else:
            row = box.row(align=True)
            row.progress(factor=share, text=words)
            _draw_show(row, context, "")
            row.operator("soliloquy.stop_chore", text="", icon="X")
            return
    box.operator("soliloquy.render_training_set", icon="RENDER_STILL")
    box.operator("soliloquy.train_character", icon="OUTLINER_OB_LIGHTPROBE")
    _draw_show(box, context, "Show Training")


def _draw_show(layout: bpy.types.UILayout, context: bpy.types.Context, text: str) -> None:
    """Offer a look at how a training goes or went, where there is something to see."""
    if not SOLILOQUY_OT_show_training.disabled_reason(context):
        layout.operator("soliloquy.show_training", text=text, icon="IMAGE_DATA")

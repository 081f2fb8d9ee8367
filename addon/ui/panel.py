"""The sidebar panel: character, sound, emotion, generate, progress, backend, messages."""

from __future__ import annotations

from typing import Final

import bpy

from .. import identity, runtime
from ..ops.base import chosen_character
from ..ops.perform import SOLILOQUY_OT_perform
from ..properties import FROM_VOICE, settings_of, status_of
from .facts import facts_about
from .text import draw_wrapped

_STATE_ICONS: Final = {
    "ready": "CHECKMARK",
    "starting": "SORTTIME",
    "connecting": "SORTTIME",
    "lost": "ERROR",
    "stopped": "RADIOBUT_OFF",
}
_LEVEL_ICONS: Final = {"INFO": "INFO", "WARNING": "ERROR", "ERROR": "CANCEL"}


class SOLILOQUY_PT_line(bpy.types.Panel):
    """One line of dialogue on one character."""

    bl_idname = "SOLILOQUY_PT_line"
    bl_label = "Soliloquy"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Soliloquy"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw from properties and the runtime; no file or socket is touched."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_character(layout, context)
        _draw_line(layout, context)
        _draw_generate(layout, context)
        _draw_backend(layout, context)
        _draw_messages(layout, context)


def _draw_character(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    row = layout.row(align=True)
    chosen = settings_of(context.scene).character
    row.prop(settings_of(context.scene), "character")
    row.operator("soliloquy.add_character", text="", icon="ADD")
    row.operator("soliloquy.bind", text="", icon="LINKED")
    selected = chosen_character(context)
    if selected is None:
        return  # the reason below Generate says so
    facts = facts_about(selected)
    if facts.problem and not chosen:
        hint = f"{selected.name} is not a character; choose one here, or add one with the plus button."
        draw_wrapped(layout, context, hint, "INFO")
        return
    if facts.problem:
        draw_wrapped(layout, context, facts.problem, "ERROR")
        return
    draw_wrapped(layout, context, facts.coverage, "ARMATURE_DATA")
    for note in facts.notes:
        draw_wrapped(layout, context, note, "INFO")


def _draw_line(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = settings_of(context.scene)
    column = layout.column()
    for name in ("sound", "text", "emotion"):
        column.prop(settings, name)
    row = column.row()
    row.active = settings.emotion != FROM_VOICE  # the voice says how strong it is
    row.prop(settings, "intensity", slider=True)
    for name in ("seed", "start_frame", "tolerance", "raise_ranges", "push"):
        column.prop(settings, name)
    layers = layout.row(align=True)
    layers.prop(settings, "layers", expand=True)
    header, advanced = layout.panel("soliloquy_advanced", default_closed=True)
    header.label(text="Advanced")
    if advanced:  # None while it is folded
        advanced.prop(settings, "engine")


def _draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    status = status_of(context)
    if status.busy:
        row = layout.row(align=True)
        row.progress(
            factor=status.progress, text=f"{status.stage} {status.progress:.0%}" if status.progress else status.stage
        )
        row.operator("soliloquy.cancel", text="", icon="X")
    else:
        row = layout.row()
        row.scale_y = 1.4
        row.operator("soliloquy.perform", icon="PLAY")
        if reason := SOLILOQUY_OT_perform.disabled_reason(context):
            draw_wrapped(layout, context, reason, "INFO")
    layout.operator("soliloquy.bake_file", icon="IMPORT")
    row = layout.row(align=True)
    row.operator_menu_enum("soliloquy.mute_layer", "layer", icon="HIDE_ON")
    row.operator("soliloquy.push_take", icon="NLA_PUSHDOWN")
    layout.operator("soliloquy.remove", icon="TRASH")


def _draw_backend(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = status_of(context).backend or "stopped"
    split = layout.split(factor=0.6, align=True)  # the longest state, "connecting", needs more than half
    split.label(text=f"Backend {state}", icon=_STATE_ICONS.get(state, "QUESTION"))
    row = split.row(align=True)
    idle = state in ("stopped", "lost")
    row.operator("soliloquy.start_backend" if idle else "soliloquy.stop_backend", text="Start" if idle else "Stop")
    row.operator("preferences.addon_show", text="", icon="PREFERENCES").module = identity.root_package()


def _draw_messages(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    messages = runtime.get().messages
    if not messages:
        return
    box = layout.box()
    for message in reversed(messages):
        draw_wrapped(box, context, message.text, _LEVEL_ICONS[message.level])

"""Sentences in panels: Blender's labels do not wrap by themselves."""

from __future__ import annotations

import textwrap
from typing import Final

import bpy

_PIXELS_PER_LETTER: Final[float] = 7.0
"""Mean width of a letter of Blender's interface font at scale 1."""


def draw_wrapped(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Draw a sentence on as many lines as the region's width needs; the icon stands at the first."""
    scale = context.preferences.system.ui_scale or 1.0  # 0 where there has never been a window
    width = context.region.width / scale
    column = layout.column(align=True)
    column.scale_y = 0.8
    for position, line in enumerate(textwrap.wrap(text, max(20, int((width - 60) / _PIXELS_PER_LETTER)))):
        column.label(text=line, icon=icon if position == 0 else "BLANK1" if icon != "NONE" else "NONE")

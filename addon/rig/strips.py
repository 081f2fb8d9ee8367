"""Strips of the sequencer, from Blender 4.2 to 5.2, whose names for their ends differ."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.timeline import FrameRange


def strips_of(scene: bpy.types.Scene) -> Any:
    """All strips of a scene, which gets a sequencer where it has none."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def free_channel(strips: Any, frames: FrameRange) -> int:
    """The lowest channel with nothing in the way of the line."""
    taken = {strip.channel for strip in strips if start_of(strip) <= frames.last + 1 and end_of(strip) >= frames.first}
    return next(channel for channel in range(1, len(taken) + 2) if channel not in taken)


def start_of(strip: Any) -> float:
    """The first frame that a strip shows."""
    return strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start


def end_of(strip: Any) -> float:
    """The frame after the last that a strip shows."""
    return strip.right_handle if hasattr(strip, "right_handle") else strip.frame_final_end

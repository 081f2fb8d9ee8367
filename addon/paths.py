"""Paths as the artist writes them in a file: one that begins with // lies beside the .blend, and moves with it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

RELATIVE: Final[frozenset[str]] = (
    frozenset({"PATH_SUPPORTS_BLEND_RELATIVE"})
    if "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties
    else frozenset()
)
"""Options of a property that holds such a path. Blender from 4.5 on wants to be told; before, every path may be one."""


def absolute(text: str) -> Path:
    """Where a path leads, from the folder of the open file if it begins with //."""
    return Path(bpy.path.abspath(text))


def relative(path: Path) -> str:
    """The path as a .blend keeps it: from its own folder where it can be."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive
        return str(path)

"""Notes that a character's objects carry about how it is bound."""

from __future__ import annotations

from typing import Final

import bpy

from ..core.landmarks import LANDMARKS_PROPERTY

FIT_PROPERTY: Final[str] = "soliloquy_fit"
"""Custom property of a mesh object: its shape keys are fitted by geometry, whatever their names."""


def is_fitted(owner: bpy.types.Object) -> bool:
    """Whether a mesh is bound by geometry."""
    return bool(owner.get(FIT_PROPERTY, False)) and LANDMARKS_PROPERTY in owner

"""Notes that a character's objects carry about how it is bound."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

import bpy

from ..core.errors import RigError
from ..core.landmarks import LANDMARKS_PROPERTY
from ..core.probes import PROBES_PROPERTY, Probed, probes_of
from ..core.profiles import Profile, parse_profile

FIT_PROPERTY: Final[str] = "soliloquy_fit"
"""Custom property of a mesh object: its shape keys are fitted by geometry, whatever their names."""

MAP_PROPERTY: Final[str] = "soliloquy_map"
"""Custom property of a character's root: its own rig map as JSON, in place of what names would say."""


def map_of(root: bpy.types.Object) -> Profile | None:
    """The rig map that a character's root carries, or None. Raises RigError when the note is damaged."""
    text = root.get(MAP_PROPERTY)
    if not text:
        return None
    try:
        return parse_profile(json.loads(text), root.name)
    except ValueError as error:
        raise RigError("table.note", "The mapping kept on the character is damaged; reset it.", root.name) from error


def is_fitted(owner: bpy.types.Object) -> bool:
    """Whether a mesh is bound by geometry."""
    return bool(owner.get(FIT_PROPERTY, False)) and LANDMARKS_PROPERTY in owner


def probed_of(owner: bpy.types.Object) -> Probed:
    """What was noted of bones on a mesh; nothing where no bone was probed. Raises RigError when the note is damaged."""
    return _probed(owner.get(PROBES_PROPERTY, ""))


@lru_cache(maxsize=16)
def _probed(text: str) -> Probed:
    return probes_of(text) if text else Probed()

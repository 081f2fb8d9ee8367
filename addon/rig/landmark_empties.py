"""Landmarks as empties in the viewport: shown on a mesh, moved by hand, taken over from where they stand."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..core.errors import RigError
from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_of
from . import geometry
from .parts import Character
from .structure import rest_points

EMPTY_PROPERTY: Final[str] = "soliloquy_landmark"


def show(context: bpy.types.Context, owner: bpy.types.Object) -> int:
    """Put an empty at each landmark, parented to the mesh, to be moved by hand. Returns how many there are."""
    remove(owner)
    rest = rest_points(owner)
    size = float(np.ptp(rest, axis=0).max()) / 120.0
    marks = landmarks_of(owner.get(LANDMARKS_PROPERTY, "[]"))
    for number, vertex in marks:
        empty = bpy.data.objects.new(f"Landmark {number:02d}", None)
        empty.empty_display_type, empty.empty_display_size = "SPHERE", size
        empty[EMPTY_PROPERTY] = number
        empty.parent = owner
        empty.matrix_parent_inverse = Matrix()
        empty.location = Vector(rest[vertex])
        context.scene.collection.objects.link(empty)
    return len(marks)


def take_over(owner: bpy.types.Object, character: Character) -> int:
    """Take the landmarks over from where the empties stand now, and remove these. Returns how many moved.

    What the bones do to them is measured again.
    """
    rest = rest_points(owner)
    before = dict(landmarks_of(owner.get(LANDMARKS_PROPERTY, "[]")))
    marks = {
        int(empty[EMPTY_PROPERTY]): int(np.argmin(np.linalg.norm(rest - np.array(empty.location), axis=1)))
        for empty in _empties(owner)
    }
    if not marks:
        raise RigError("fit.empties", "The mesh has no landmark empties; show them first.", owner.name)
    geometry.note(owner, before | marks)
    geometry.measure_again(owner, character)
    remove(owner)
    return sum(before.get(number) != vertex for number, vertex in marks.items())


def remove(owner: bpy.types.Object) -> None:
    """Take our empties away."""
    for empty in _empties(owner):
        bpy.data.objects.remove(empty)


def _empties(owner: bpy.types.Object) -> list[bpy.types.Object]:
    return [child for child in owner.children if EMPTY_PROPERTY in child]

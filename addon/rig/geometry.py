"""Binding a character by geometry: landmarks placed on its mesh, kept as a note there, and read back for each bake.

The landmarks can be shown as empties, moved by hand, and taken over again.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..core.errors import RigError
from ..core.geometry import FaceFit, usable_landmarks
from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_of, landmarks_text
from ..core.performance import LANDMARKS
from ..core.placement import Shapes, place_landmarks
from .notes import FIT_PROPERTY
from .parts import Character, KeyTarget
from .structure import key_points, mesh_axes

EMPTY_PROPERTY: Final[str] = "soliloquy_landmark"
LEAST_KEYS: Final[int] = 4
"""Fewer keys than this make no face that a fit could work with."""


def candidates(objects: tuple[bpy.types.Object, ...]) -> list[bpy.types.Object]:
    """Meshes that could be fitted, the one with the most relative shape keys first."""
    found = [
        thing
        for thing in objects
        if (key := getattr(thing.data, "shape_keys", None)) is not None
        and key.use_relative
        and len(key.key_blocks) > LEAST_KEYS
    ]
    return sorted(found, key=lambda thing: -len(thing.data.shape_keys.key_blocks))


def place(owner: bpy.types.Object, character: Character) -> None:
    """Find the landmarks on a mesh and have its keys fitted by them. Raises RigError when there is no face on it."""
    frame = mesh_axes(owner, character)
    blocks = owner.data.shape_keys.key_blocks
    rest = key_points(blocks[0])
    moves = np.stack([key_points(block) - key_points(block.relative_key) for block in blocks[1:]])
    placed = place_landmarks(Shapes(rest @ frame, moves @ frame))
    note(owner, {number: int(vertex) for number, vertex in enumerate(placed) if vertex >= 0})


def note(owner: bpy.types.Object, marks: dict[int, int]) -> None:
    """Keep landmarks (number: vertex) on a mesh, and fit its keys by them from now on."""
    owner[LANDMARKS_PROPERTY] = landmarks_text(marks.items())
    owner[FIT_PROPERTY] = True


def forget(owner: bpy.types.Object) -> None:
    """Bind a mesh by names again."""
    if FIT_PROPERTY in owner:
        del owner[FIT_PROPERTY]


def face_fit(target: KeyTarget, character: Character) -> FaceFit:
    """What the free keys of a fitted mesh do to its landmarks. Raises RigError when the note fits the mesh no more."""
    marks = landmarks_of(target.owner[LANDMARKS_PROPERTY])
    rest = key_points(target.key.reference_key)
    if any(vertex >= len(rest) for _, vertex in marks):
        raise RigError(
            "fit.vertices", "The mesh has changed since its landmarks were placed; bind it again.", target.owner.name
        )
    numbers, vertices = [number for number, _ in marks], [vertex for _, vertex in marks]
    frame = mesh_axes(target.owner, character)
    points = np.full((LANDMARKS, 3), np.nan)
    points[numbers] = rest[vertices] @ frame
    points, unit = usable_landmarks(points)
    blocks = [target.key.key_blocks[name] for name in target.fitted]
    effects = np.zeros((len(blocks), LANDMARKS, 3))
    for row, block in enumerate(blocks):
        moved = key_points(block)[vertices] - key_points(block.relative_key)[vertices]
        effects[row, numbers] = moved @ frame / unit
    low = np.array([min(block.slider_min, 0.0) for block in blocks])
    high = np.array([max(block.slider_max, 0.0) for block in blocks])
    return FaceFit(points, effects, low, high)


def show_empties(context: bpy.types.Context, owner: bpy.types.Object) -> int:
    """Put an empty at each landmark, parented to the mesh, to be moved by hand. Returns how many there are."""
    remove_empties(owner)
    rest = key_points(owner.data.shape_keys.reference_key)
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


def take_empties(owner: bpy.types.Object) -> int:
    """Take the landmarks over from where the empties stand now, and remove these. Returns how many moved."""
    rest = key_points(owner.data.shape_keys.reference_key)
    before = dict(landmarks_of(owner.get(LANDMARKS_PROPERTY, "[]")))
    marks = {
        int(empty[EMPTY_PROPERTY]): int(np.argmin(np.linalg.norm(rest - np.array(empty.location), axis=1)))
        for empty in _empties(owner)
    }
    if not marks:
        raise RigError("fit.empties", "The mesh has no landmark empties; show them first.", owner.name)
    note(owner, before | marks)
    remove_empties(owner)
    return sum(before.get(number) != vertex for number, vertex in marks.items())


def remove_empties(owner: bpy.types.Object) -> None:
    """Take our empties away."""
    for empty in _empties(owner):
        bpy.data.objects.remove(empty)


def _empties(owner: bpy.types.Object) -> list[bpy.types.Object]:
    return [child for child in owner.children if EMPTY_PROPERTY in child]

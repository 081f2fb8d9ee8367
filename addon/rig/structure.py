"""Whether controls do what their names say: read from the geometry of shape keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from . import axes
from .parts import Character, KeyTarget

STILL: Final[float] = 1e-5
"""A key whose largest move is a smaller part than this of the mesh's size moves nothing that one could see."""
SIDED: Final[float] = 0.2
"""A one-sided key moves its own side more than the other by this share of its motion, or it counts as swapped."""


@dataclass(frozen=True)
class Structure:
    """What the shape keys of one mesh do: how many were `checked`, which are `still`, which move the wrong side."""

    name: str
    checked: int
    still: tuple[str, ...]
    swapped: tuple[str, ...]


def structure_of(target: KeyTarget, character: Character) -> Structure:
    """Check the matched keys of one mesh. The character's left is found from its skeleton, or is +X without one."""
    rest = key_points(target.key.reference_key)
    size = float(np.ptp(rest, axis=0).max()) if len(rest) else 0.0
    left = left_of(target.owner, character)
    middle = float(np.median(rest @ left)) if len(rest) else 0.0
    still, swapped = [], []
    for match in target.matches:
        block = target.key.key_blocks[match.key]
        moved = np.linalg.norm(key_points(block) - key_points(block.relative_key), axis=1)
        if not len(moved) or moved.max() <= STILL * size:
            still.append(match.key)
            continue
        side = _side(match.sources)
        aside = np.sign(rest @ left - middle)
        if side and side * float((aside * moved).sum()) < -SIDED * float(moved.sum()):
            swapped.append(match.key)
    return Structure(target.owner.name, len(target.matches), tuple(still), tuple(swapped))


def key_points(block: bpy.types.ShapeKey) -> np.ndarray:
    """(V,3) float64 positions of a shape key in the mesh's own space."""
    flat = np.empty(3 * len(block.data), dtype=np.float32)
    block.data.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def rest_points(thing: bpy.types.Object) -> np.ndarray:
    """(V,3) float64 vertices at rest, in the mesh's own space."""
    key = thing.data.shape_keys
    if key is not None:
        return key_points(key.reference_key)
    flat = np.empty(3 * len(thing.data.vertices), dtype=np.float32)
    thing.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def left_of(owner: bpy.types.Object, character: Character) -> np.ndarray:
    """(3,) the character's left in the space of one of its meshes."""
    return mesh_axes(owner, character)[:, 0]


def mesh_axes(owner: bpy.types.Object, character: Character) -> np.ndarray:
    """(3,3) rotation whose columns are the contract's X, Y and Z in the space of one of the character's meshes."""
    return _rotation(owner).T @ scene_axes(character)


def scene_axes(character: Character) -> np.ndarray:
    """(3,3) rotation whose columns are the contract's X, Y and Z in the scene.

    Without a skeleton the face looks along -Y and stands along +Z, as Blender's importers leave it.
    """
    if character.armature is None:
        return axes.FACES_MINUS_Y
    return _rotation(character.armature) @ axes.character_axes(character.armature, character.bones)


def _rotation(thing: bpy.types.Object) -> np.ndarray:
    return np.array(thing.matrix_world.to_3x3().normalized(), dtype=np.float64)


def _side(sources: frozenset[str]) -> int:
    left = all(source.endswith("Left") and not source.startswith(("jaw", "mouthLeft")) for source in sources)
    right = all(source.endswith("Right") and not source.startswith(("jaw", "mouthRight")) for source in sources)
    return 1 if left else -1 if right else 0

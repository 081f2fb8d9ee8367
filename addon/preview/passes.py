"""Blender's own depth, normal, UV and part of each pixel of a rendered frame, to hold a shot's geometry against.

A render with passes is written once, as OpenEXR; the picture is saved from the same result. EEVEE has no UV and index
passes, so that its sets tell depth and normals alone; an engine without those tells nothing.

All is in the axes of the shot, whose camera looks straight ahead: where the scene's is shifted, a shot's vertices are
sheared (see `view`), and normals with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ..core.shot import PARTS
from ..rig.parts import Character
from .parts import part_of
from .view import View, Window, fold

NOTHING: Final[int] = 255
"""The part of a pixel that shows nothing of the character."""
_FAR: Final[float] = 1e9
"""What is not there is 1e10 deep in Cycles; in EEVEE as deep as the camera sees, and without a normal."""
_INDEX_PASSES: Final[tuple[tuple[str, str], ...]] = (("IndexOB", "IndexMA"), ("Object Index", "Material Index"))
"""What the index passes are called up to Blender 4 and from 5 on."""
_STEP: Final[float] = 0.01
"""How far apart points are folded, in the scene's units, to see how directions turn."""


@dataclass(frozen=True, eq=False)
class Labels:
    """What index passes mean, numbers of objects and of materials from 1, 0 for none; and the view layers' names."""

    character: Character
    layers: tuple[str, ...]
    objects: tuple[bpy.types.Object, ...]
    materials: tuple[bpy.types.Material, ...]

    def parts(self, things: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """(H,W) uint8 numbers in PARTS, or NOTHING, for the numbers (H,W) of objects and of their materials."""
        pairs = np.stack([things, materials], axis=-1).round().astype(np.int64).reshape(-1, 2)
        kinds, which = np.unique(pairs, axis=0, return_inverse=True)
        known = np.array([self._part(thing, material) for thing, material in kinds], dtype=np.uint8)
        return known[which.reshape(-1)].reshape(things.shape)

    def _part(self, thing: int, material: int) -> int:
        if not 1 <= thing <= len(self.objects):
            return NOTHING
        seen = self.materials[material - 1] if 1 <= material <= len(self.materials) else None
        return PARTS.index(part_of(seen, self.objects[thing - 1], self.character))


def ask_for_passes(scene: bpy.types.Scene, character: Character) -> Labels:
    """Have every view layer render the passes, and number objects and materials. Changes the file for good."""
    for layer in scene.view_layers:
        layer.use_pass_z = layer.use_pass_normal = layer.use_pass_uv = True
        layer.use_pass_object_index = layer.use_pass_material_index = True
    for thing in bpy.data.objects:
        thing.pass_index = 0
    layers = tuple(layer.name for layer in scene.view_layers)
    labels = Labels(character, layers, tuple(character.objects), tuple(bpy.data.materials))
    for number, thing in enumerate(labels.objects, 1):
        thing.pass_index = number
    for number, material in enumerate(labels.materials, 1):
        material.pass_index = number
    return labels


def passes_of(channels: Mapping[str, np.ndarray], labels: Labels, view: View, window: Window) -> dict[str, np.ndarray]:
    """The passes of a square frame, from the channels (H,W) of its file. Empty when depth or normals are not in it.

    depth  (H,W) float32 along the sight, in the scene's units, infinite where nothing is
    normal (H,W,3) float32 unit, 0 where nothing is
    uv     (H,W,2) float32, v upwards; only where the engine has it
    mask   (H,W) uint8 number in PARTS, or NOTHING; only where the engine has it
    """
    layer = next((name for name in labels.layers if {f"{name}.Depth.Z", f"{name}.Normal.X"} <= channels.keys()), None)
    if layer is None:
        return {}
    depth = channels[f"{layer}.Depth.Z"]
    normals = _stacked(channels, f"{layer}.Normal", "XYZ")
    there = (depth < _FAR) & normals.any(axis=-1) & (channels[f"{layer}.Combined.A"] > 0.0)
    turn, away = _to_shot(view, window)
    found: dict[str, np.ndarray] = {
        "depth": np.where(there, depth + away, np.inf).astype(np.float32),
        "normal": np.where(there[..., None], _unit(normals @ turn), 0.0).astype(np.float32),
    }
    if f"{layer}.UV.U" in channels:
        uv, share = _stacked(channels, f"{layer}.UV", "UV"), channels[f"{layer}.UV.A"][..., None]
        found["uv"] = np.where(there[..., None], uv / np.maximum(share, 1e-6), 0.0).astype(np.float32)
    for thing, material in _INDEX_PASSES:
        if f"{layer}.{thing}.X" not in channels:
            continue
        parts = labels.parts(channels[f"{layer}.{thing}.X"], channels[f"{layer}.{material}.X"])
        found["mask"] = np.where(there, parts, NOTHING).astype(np.uint8)
    return found


def _to_shot(view: View, window: Window) -> tuple[np.ndarray, float]:
    """(3,3) that takes normals of the scene, as rows, to the shot's axes, and how far its camera is behind the scene's.

    Where points go by A, normals go by the inverse of its transpose; for rows that is the inverse of A.
    """
    sight = np.linalg.inv(view.eye)
    ahead = sight[:3, 3] - sight[:3, 2]
    points = np.vstack([ahead[None], ahead + _STEP * np.eye(3), sight[:3, 3]])
    folded = fold(points[None], [view], window, 1.0)[0][0].astype(np.float64)
    moved = (folded[1:4] - folded[0]).T / _STEP
    return np.linalg.inv(moved), -float(folded[4, 2])


def _stacked(channels: Mapping[str, np.ndarray], name: str, letters: str) -> np.ndarray:
    return np.stack([channels[f"{name}.{letter}"] for letter in letters], axis=-1).astype(np.float64)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)

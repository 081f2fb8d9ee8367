"""The data that the geometry modules hand to the builder: parts, bones and landmarks, all without Blender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

Vector = tuple[float, float, float]
Factor = tuple[str | float, str | None]
Weight = float | np.ndarray


@dataclass(frozen=True, eq=False)
class Corrective:
    """What is added where keys meet: displacement (V,3) float32, and when.

    factors  pairs of a key, or the number 1, and a key that is taken off it (or None); the value is the product of
             max(key - other, 0), and no more than 1 when divided by `full`, the product at which it is whole
    """

    factors: tuple[Factor, ...]
    delta: np.ndarray
    full: float = 1.0

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the keys that it follows, each once."""
        return tuple(dict.fromkeys(name for factor in self.factors for name in factor if isinstance(name, str)))

    def value(self, weights: Mapping[str, Weight]) -> Weight:
        """How much of it applies at the given key values, each a number or an array of one shape."""

        def at(name: str | float | None) -> Weight:
            return weights.get(name, 0.0) if isinstance(name, str) else name or 0.0

        product = prod((np.maximum(at(key) - at(other), 0.0) for key, other in self.factors), start=1.0)
        return np.minimum(product / self.full, 1.0)


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh of a character, in head axes and metres.

    vertices   (V,3) float32
    quads      (F,4) int32, counterclockwise from outside
    slots      (F,) int32 into `materials`
    materials  names of `spec.Palette` colours
    colours    (V,3) float32 sRGB, finer than the slots
    keys       displacement (V,3) float32 by ARKit name; empty when the mesh has no shape keys
    correctives  by a name that is no ARKit name: the keys' names joined by underscores
    weights    bone name to (V,) float32; they sum to 1
    uv         (F,4,2) float32, 0..1, one for each corner of each quad
    origin     where the object's own origin stands
    """

    name: str
    vertices: np.ndarray
    quads: np.ndarray
    slots: np.ndarray
    materials: tuple[str, ...]
    colours: np.ndarray
    weights: Mapping[str, np.ndarray]
    uv: np.ndarray
    keys: Mapping[str, np.ndarray] = field(default_factory=dict)
    correctives: Mapping[str, Corrective] = field(default_factory=dict)
    origin: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Bone:
    """A bone from `head` to `tail`, head axes, metres; `parent` is another bone's name."""

    name: str
    head: Vector
    tail: Vector
    parent: str | None = None


@dataclass(frozen=True)
class Landmark:
    """One of the 70 landmarks: a vertex of a part."""

    part: str
    vertex: int


@dataclass(frozen=True, eq=False)
class CharacterModel:
    """A whole character: parts, bones (parents first) and the 70 landmarks in iBUG order, then left and right pupil."""

    parts: tuple[Part, ...]
    bones: tuple[Bone, ...]
    landmarks: tuple[Landmark, ...]
    palette: Mapping[str, Vector]
    eye_height: float
    iod: float

    def part(self, name: str) -> Part:
        """The part of that name; KeyError when there is none."""
        return {part.name: part for part in self.parts}[name]

    def landmark_positions(self, weights: Mapping[str, float] | None = None) -> np.ndarray:
        """(70,3) positions with the given shape key values, eyes and head at rest."""
        posed = {part.name: pose(part, weights or {}) for part in self.parts}
        return np.stack([posed[mark.part][mark.vertex] for mark in self.landmarks])


def pose(part: Part, weights: Mapping[str, float]) -> np.ndarray:
    """Vertices (V,3) float64 of a part with shape keys at the given values (names it lacks are ignored)."""
    posed = part.vertices.astype(np.float64)
    for name, value in weights.items():
        if name in part.keys:
            posed += value * part.keys[name]
    for corrective in part.correctives.values():
        value = corrective.value(weights)
        if value > 0.0:
            posed += value * corrective.delta
    return posed

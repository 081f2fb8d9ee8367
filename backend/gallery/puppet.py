"""A built-in character posed without Blender: the same shape keys, correctives and weights, on arrays.

The gallery is what Blender shows; this is for looking at many poses quickly while a character is sculpted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.character.character import build_character
from addon.character.materials import SEE_THROUGH, SPECULAR, linear
from addon.character.model import CharacterModel, Part, pose
from addon.character.spec import CharacterSpec
from addon.core.rotation import matrix_from_angles
from backend.demo.filmed import FIELD_OF_VIEW, PORTRAIT_LIGHT, SHINE, Framing
from backend.generator.raster.render import render
from backend.generator.raster.scene import Camera, Mesh

VIEWS: Final[Mapping[str, float]] = {"front": 0.0, "three-quarter": 38.0, "profile": 90.0}
"""Degrees round the head from which it is seen, towards its left."""


@dataclass(frozen=True, eq=False)
class Pose:
    """One frame: shape key values by name, gaze (2,2) pitch and yaw per eye, head (3,) pitch, yaw, roll, radians."""

    channels: Mapping[str, float]
    gaze: np.ndarray | None = None
    head: np.ndarray | None = None


class Puppet:
    """A character of a specification, ready to be drawn in any pose."""

    def __init__(self, spec: CharacterSpec) -> None:
        self.model: CharacterModel = build_character(spec)
        self._parts = [_Drawn.of(part) for part in self.model.parts if not set(part.materials) <= SEE_THROUGH]
        first = np.cumsum([0, *(len(part.source) for part in self._parts)])
        self._mesh = Mesh(
            triangles=np.concatenate([p.triangles + s for p, s in zip(self._parts, first, strict=False)]),
            colours=np.concatenate([part.colours for part in self._parts]),
            specular=SHINE * np.concatenate([part.specular for part in self._parts]),
        )

    def vertices(self, at: Pose) -> np.ndarray:
        """(V,3) float32 in head axes."""
        return np.concatenate([self._moved(part, at) for part in self._parts]).astype(np.float32)

    def draw(
        self, poses: list[Pose], view: float, size: int, framing: Framing, supersample: int = 1
    ) -> Iterator[np.ndarray]:
        """Pictures (size,size,3) uint8 of the poses, seen from `view` degrees towards the character's left."""
        z = self.model.part("EyeLeft").origin[2]
        height = framing.height * self.model.iod
        middle = np.array([0.0, -framing.below * self.model.iod, 0.45 * z * np.sin(np.radians(abs(view)))])
        turn = np.radians(view)
        place = middle + 0.5 * height / np.tan(0.5 * FIELD_OF_VIEW) * np.array([np.sin(turn), 0.0, np.cos(turn)])
        camera = Camera(_triple(place), _triple(middle), (0.0, 1.0, 0.0), FIELD_OF_VIEW, size, size)
        yield from render(
            self._mesh,
            np.stack([self.vertices(p) for p in poses]),
            camera,
            batch=4,
            look=PORTRAIT_LIGHT,
            supersample=supersample,
        )

    def _moved(self, drawn: _Drawn, at: Pose) -> np.ndarray:
        part = drawn.part
        points = pose(part, at.channels)
        if part.origin != (0.0, 0.0, 0.0) and at.gaze is not None:
            side = 0 if part.origin[0] > 0 else 1
            turn = matrix_from_angles(np.array([*at.gaze[side], 0.0]))
            points = (points - part.origin) @ turn.T + part.origin
        if at.head is not None:
            joint = np.array(next(bone.head for bone in self.model.bones if bone.name == "head"))
            turned = (points - joint) @ matrix_from_angles(np.asarray(at.head, dtype=float)).T + joint
            share = sum((part.weights[b] for b in ("head", "jaw", "eye_left", "eye_right") if b in part.weights), 0.0)
            points = points + np.asarray(share)[:, None] * (turned - points)
        return points[drawn.source]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A part with one vertex for each pair of vertex and material, as `addon.rig.dump` has it."""

    part: Part
    source: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    specular: np.ndarray

    @classmethod
    def of(cls, part: Part) -> _Drawn:
        corners = part.quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1)
        pairs, number = np.unique(corners * len(part.materials) + np.repeat(part.slots, 6), return_inverse=True)
        source, slot = pairs // len(part.materials), pairs % len(part.materials)
        specular = np.array([SPECULAR.get(name, 0.5) for name in part.materials])[slot]
        return cls(part, source, number.reshape(-1, 3), linear(part.colours[source]), specular)


def _triple(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in point)
    return x, y, z

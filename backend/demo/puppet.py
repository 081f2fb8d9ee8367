"""A built-in character posed without Blender: the same shape keys, correctives and weights, on arrays.

Pictures that are published are what Blender shows; this is for looking at many poses quickly, while a character is
sculpted or engines are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from addon.character.character import build_character
from addon.character.materials import FINISHES, SEE_THROUGH, SPECULAR
from addon.character.model import CharacterModel, Part, pose
from addon.character.spec import DEFAULT, CharacterSpec
from addon.core.channels import CHANNELS
from addon.core.colour import linear
from addon.core.performance import Performance
from addon.core.rotation import matrix_from_angles
from backend.demo.filmed import PORTRAIT_LIGHT, SHINE, Framing
from backend.generator.raster.render import render
from backend.generator.raster.scene import PORTRAIT_LENS, Camera, Mesh

VIEWS: Final[Mapping[str, float]] = {"front": 0.0, "three-quarter": 38.0, "profile": 90.0}
"""Degrees round the head from which it is seen, towards its left."""
NECK_SHARE: Final[float] = 0.4
"""Share of the head's turn that the neck takes, so that the throat does not fold; chosen by looking."""
_OF_HEAD: Final[tuple[str, ...]] = ("head", "jaw", "eye_left", "eye_right")
"""Bones that go with the head."""


@dataclass(frozen=True, eq=False)
class Pose:
    """One frame: shape key values by name, gaze (2,2) pitch and yaw per eye, head (3,) pitch, yaw, roll, radians."""

    channels: Mapping[str, float]
    gaze: np.ndarray | None = None
    head: np.ndarray | None = None

    @classmethod
    def of(cls, performance: Performance, frame: int) -> Pose:
        """One frame of a performance."""
        values = {name: float(v) for name, v in zip(CHANNELS, performance.channels[frame], strict=True) if v > 1e-4}
        return cls(values, performance.gaze[frame], performance.head[frame, :3])


class Puppet:
    """A character of a specification, ready to be drawn in any pose."""

    def __init__(self, spec: CharacterSpec = DEFAULT) -> None:
        self.model: CharacterModel = build_character(spec)
        seen = [part for part in self.model.parts if not set(part.materials) <= SEE_THROUGH]
        self._parts = [_Drawn.of(part, self.model) for part in seen]
        first = np.cumsum([0, *(len(part.source) for part in self._parts)])
        self._joints = {bone.name: np.array(bone.head) for bone in self.model.bones if bone.name in ("head", "neck")}
        self._mesh = Mesh(
            triangles=np.concatenate([p.triangles + s for p, s in zip(self._parts, first, strict=False)]),
            colours=np.concatenate([part.colours for part in self._parts]),
            specular=SHINE * np.concatenate([part.specular for part in self._parts]),
        )

    def vertices(self, at: Pose) -> np.ndarray:
        """(V,3) float32 in head axes."""
        return np.concatenate([self._moved(part, at) for part in self._parts]).astype(np.float32)

    def draw(self, poses: Sequence[Pose], size: int, framing: Framing, view: float = 0.0) -> Iterator[np.ndarray]:
        """Pictures (size,size,3) uint8 of the poses, seen from `view` degrees towards the character's left."""
        z = self.model.part("EyeLeft").origin[2]
        height = framing.height * self.model.iod
        middle = np.array([0.0, -framing.below * self.model.iod, 0.45 * z * np.sin(np.radians(abs(view)))])
        turn = np.radians(view)
        place = middle + 0.5 * height / np.tan(0.5 * PORTRAIT_LENS) * np.array([np.sin(turn), 0.0, np.cos(turn)])
        camera = Camera(_triple(place), _triple(middle), (0.0, 1.0, 0.0), PORTRAIT_LENS, size, size)
        moving = np.stack([self.vertices(at) for at in poses])
        yield from render(self._mesh, moving, camera, batch=4, look=PORTRAIT_LIGHT, supersample=2)

    def _moved(self, drawn: _Drawn, at: Pose) -> np.ndarray:
        part = drawn.part
        points = pose(part, at.channels)
        if part.origin != (0.0, 0.0, 0.0) and at.gaze is not None:
            side = 0 if part.origin[0] > 0 else 1
            points = _turned(points, np.array([*at.gaze[side], 0.0]), np.array(part.origin))
        if at.head is not None:
            head = _turned(points, at.head, self._joints["head"])
            neck = _turned(points, NECK_SHARE * at.head, self._joints["neck"])
            points = points + drawn.head[:, None] * (head - points) + drawn.neck[:, None] * (neck - points)
        return points[drawn.source]


@cache
def puppet() -> Puppet:
    """The default character's, built once (some seconds)."""
    return Puppet()


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A part with one vertex for each pair of vertex and material, as `addon.rig.dump` has it.

    `head` and `neck` (V,) are how much each vertex of the part goes with them.
    """

    part: Part
    head: np.ndarray
    neck: np.ndarray
    source: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    specular: np.ndarray

    @classmethod
    def of(cls, part: Part, model: CharacterModel) -> _Drawn:
        corners = part.quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1)
        pairs, number = np.unique(corners * len(part.materials) + np.repeat(part.slots, 6), return_inverse=True)
        source, slot = pairs // len(part.materials), pairs % len(part.materials)
        specular = np.array([SPECULAR.get(name, 0.5) for name in part.materials])[slot]
        flat = linear(np.array([model.palette[name] for name in part.materials]))[slot]
        painted = np.array([name in FINISHES and FINISHES[name].painted for name in part.materials])[slot]
        colours = np.where(painted[:, None], linear(part.colours[source]), flat)
        head, neck = _weight(part, _OF_HEAD), _weight(part, ("neck",))
        return cls(part, head, neck, source, number.reshape(-1, 3), colours, specular)


def _weight(part: Part, bones: Sequence[str]) -> np.ndarray:
    """(V,) how much each vertex goes with any of the bones."""
    found = [part.weights[bone].astype(np.float64) for bone in bones if bone in part.weights]
    return np.sum(found, axis=0) if found else np.zeros(len(part.vertices))


def _turned(points: np.ndarray, angles: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Points (V,3) turned by pitch, yaw and roll about a joint."""
    return (points - joint) @ matrix_from_angles(np.asarray(angles, dtype=float)).T + joint


def _triple(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in point)
    return x, y, z

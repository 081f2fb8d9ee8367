"""A shot: a character's own surface, moving before a camera, as arrays. What Blender sends so that others can draw it.

Vertices are in camera axes: x to the right of the picture, y up, z towards the viewer, the camera at the origin,
in the scene's units. Whatever a scene's camera does (moves, zooms, shifts its lens, crops) is already in them, so a
shot has one angle of view for all frames.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from .errors import RequestError
from .npz import NOT_AN_NPZ

PARTS: Final[tuple[str, ...]] = ("skin", "eyes", "mouth", "hair", "other")
"""What a surface is, for those who draw it: `mouth` is what lies behind the lips (teeth, gums, tongue)."""
MAX_SIZE: Final[int] = 4096
_STEPS: Final[int] = 65535
"""Positions are kept in this many steps over the shot's own extent: about 0.01 mm for a head and its room to move."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A material: linear RGB `colour`, `specular` 0..1, `part` of PARTS, and the `texture` (H,W,3) uint8 sRGB if any.

    The texture's first row is its top, as in a picture; it takes the place of vertex colours.
    """

    name: str
    part: str
    colour: tuple[float, float, float]
    specular: float = 0.0
    texture: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise RequestError("shot.part", f"A surface is one of {', '.join(PARTS)}.", self.part)
        if self.texture is not None and (self.texture.ndim != 3 or self.texture.dtype != np.uint8):
            raise RequestError("shot.texture", "A texture is (height, width, 3) bytes.", self.name)


@dataclass(frozen=True, eq=False)
class Subject:
    """A surface that does not change while its vertices move.

    triangles (F,3) int32, counter-clockwise from outside; uv (F,3,2) float32, one for each corner, v upwards;
    surface   (F,) uint8, the number in `surfaces`; colours (V,3) float32 linear RGB, the surface's where unpainted
    landmarks (70,) int32, the vertex of each face landmark, -1 where there is none
    """

    triangles: np.ndarray
    uv: np.ndarray
    surface: np.ndarray
    colours: np.ndarray
    surfaces: tuple[Surface, ...]
    landmarks: np.ndarray

    def __post_init__(self) -> None:
        faces, count = len(self.triangles), len(self.colours)
        shapes = (self.triangles.shape, self.uv.shape, self.surface.shape, self.colours.shape, self.landmarks.shape)
        if shapes != ((faces, 3), (faces, 3, 2), (faces,), (count, 3), (70,)) or faces == 0:
            raise RequestError("shot.subject", "The parts of the character's surface do not fit each other.")
        if self.triangles.min() < 0 or self.triangles.max() >= count or self.landmarks.max() >= count:
            raise RequestError("shot.subject", "The character's surface names a vertex that it does not have.")
        if self.surface.max() >= len(self.surfaces):
            raise RequestError("shot.subject", "The character's surface names a material that it does not have.")

    @property
    def vertex_count(self) -> int:
        """V, the number of vertices."""
        return len(self.colours)

    def part_of_triangles(self) -> np.ndarray:
        """(F,) uint8: the number in PARTS of each triangle."""
        return np.array([PARTS.index(surface.part) for surface in self.surfaces], dtype=np.uint8)[self.surface]


@dataclass(frozen=True, eq=False)
class Shot:
    """T frames of a subject: `vertices` (T,V,3) float32 in camera axes, `field_of_view` vertical, radians.

    width, height  pixels of the pictures to make
    fps            frames per second; frame 0 is at second 0 of the line
    """

    subject: Subject
    vertices: np.ndarray
    field_of_view: float
    width: int
    height: int
    fps: float
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vertices = np.ascontiguousarray(self.vertices, dtype=np.float32)
        if vertices.ndim != 3 or vertices.shape[1:] != (self.subject.vertex_count, 3) or not len(vertices):
            raise RequestError("shot.vertices", "The frames of the shot are not those of its surface.")
        if not np.isfinite(vertices).all():
            raise RequestError("shot.finite", "A vertex of the character is not a finite number.")
        if not 0.0 < self.field_of_view < np.pi or min(self.width, self.height) < 1:
            raise RequestError("shot.camera", "The shot needs a size and an angle of view between 0 and 180 degrees.")
        if not (math.isfinite(self.fps) and self.fps > 0.0):
            raise RequestError("shot.fps", "The shot needs a frame rate above 0; set that of the scene.")
        if max(self.width, self.height) > MAX_SIZE:
            raise RequestError("shot.size", f"Pictures are at most {MAX_SIZE} pixels wide and high.")
        object.__setattr__(self, "vertices", vertices)

    @property
    def frame_count(self) -> int:
        """T, the number of frames."""
        return len(self.vertices)

    def to_bytes(self) -> bytes:
        """The shot as an .npz without compression: positions in 16 bits, textures as they are."""
        subject = self.subject
        low = self.vertices.min(axis=(0, 1)).astype(np.float64)
        extent = np.maximum(self.vertices.max(axis=(0, 1)) - low, 1e-9)
        described = {
            "surfaces": [[s.name, s.part, list(s.colour), s.specular] for s in subject.surfaces],
            "camera": [self.field_of_view, self.width, self.height, self.fps],
            "meta": dict(self.meta),
        }
        arrays = {f"texture_{k}": s.texture for k, s in enumerate(subject.surfaces) if s.texture is not None}
        for name in ("triangles", "uv", "surface", "colours", "landmarks"):
            arrays[name] = getattr(subject, name)
        arrays["steps"] = np.round((self.vertices - low) / extent * _STEPS).astype(np.uint16)
        arrays["extent"] = np.stack([low, extent])
        arrays["described"] = np.array(json.dumps(described))
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Shot:
        """What `to_bytes` wrote. Raises RequestError when it is anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                described = json.loads(str(arrays["described"]))
                surfaces = tuple(
                    Surface(name, part, tuple(colour), specular, arrays.get(f"texture_{k}"))
                    for k, (name, part, colour, specular) in enumerate(described["surfaces"])
                )
                names = ("triangles", "uv", "surface", "colours", "landmarks")
                subject = Subject(**{name: arrays[name] for name in names}, surfaces=surfaces)
                low, extent = arrays["extent"]
                vertices = (arrays["steps"].astype(np.float32) * (extent / _STEPS) + low).astype(np.float32)
                view, width, height, fps = described["camera"]
                return cls(subject, vertices, view, int(width), int(height), fps, described["meta"])
        except NOT_AN_NPZ as error:
            raise RequestError("shot.file", "This is not a shot that Soliloquy wrote; make it again.") from error

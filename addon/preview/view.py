"""From a camera that moves, zooms, shifts and crops to one that does not: all of it folded into the vertices.

A shot has one angle of view, straight ahead. With the camera's projection P, a point p = (x, y, z) in its axes and the
part of its picture that is wanted (middle m, half size h, in the picture's -1..1), the fixed camera with the tangent
k of half its angle, k a sideways, sees the point at the same place when it stands at

    x' = ((P p)_x / (P p)_w - m_x) / h_x * k a d,   y' = ((P p)_y / (P p)_w - m_y) / h_y * k d,   z' = -d

where d is its distance along the sight. For a perspective camera (P p)_w = d, and the map is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

PARALLEL_DISTANCE: Final[float] = 50.0
"""A camera without perspective is told as one this many heights of its picture away: depth then changes a height by
two per cent, and the place in the picture not at all."""
MARGIN: Final[float] = 1.3
"""A face that moves about keeps this much room: forehead and hair reach beyond its landmarks."""


@dataclass(frozen=True, eq=False)
class View:
    """A camera at one frame: `eye` (4,4) from the scene to its axes, `lens` (4,4) its projection, as OpenGL has it."""

    eye: np.ndarray
    lens: np.ndarray

    @property
    def is_parallel(self) -> bool:
        """Whether it is without perspective."""
        return bool(self.lens[3, 3] == 1.0)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """(...,3) points of the scene in camera axes."""
        return points @ self.eye[:3, :3].T + self.eye[:3, 3]

    def places(self, points: np.ndarray) -> np.ndarray:
        """(...,2) where points of the scene (...,3) lie in the picture, -1..1 to the right and upwards."""
        seen = self.seen(points)
        clip = seen @ self.lens[:, :3].T + self.lens[:, 3]
        return clip[..., :2] / clip[..., 3:]


@dataclass(frozen=True)
class Window:
    """The part of a picture that is wanted: middle and half size, in the picture's own -1..1."""

    middle: tuple[float, float] = (0.0, 0.0)
    half: tuple[float, float] = (1.0, 1.0)

    @classmethod
    def around(cls, places: np.ndarray, room: float, lift: float, aspect: float) -> Window:
        """The one square window for the places (T,N,2) of a face that moves.

        It is `room` times the face's box of one frame, or MARGIN times that of all frames where this is more. The
        face's middle lies `lift` of its height below the window's; `aspect` is the whole picture's width by height.
        """
        to_square = np.array([aspect, 1.0])  # half heights of the picture both ways
        size = np.median(np.ptp(places, axis=1), axis=0) * to_square
        low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
        side = max(room * float(size.max()), MARGIN * float(((high - low) * to_square).max()))
        middle = (low + high) / 2 + (0.0, lift * size[1])
        return cls((float(middle[0]), float(middle[1])), (side / 2 / aspect, side / 2))


def fold(vertices: np.ndarray, views: Sequence[View], window: Window, aspect: float) -> tuple[np.ndarray, float]:
    """Vertices (T,V,3) of the scene in the axes of the one fixed camera, float32, and its vertical angle of view.

    `views` has one for each frame; `aspect` is the width of the pictures to be made by their height.
    """
    first = views[0]
    half = window.half[1] / float(first.lens[1, 1])  # tangent, or half the height where there is no perspective
    tangent = 1.0 / PARALLEL_DISTANCE if first.is_parallel else half
    away = half * PARALLEL_DISTANCE if first.is_parallel else 0.0
    folded = np.empty(vertices.shape, dtype=np.float32)
    scale = tangent * np.array([aspect, 1.0]) / np.array(window.half)
    for frame, (points, view) in enumerate(zip(vertices, views, strict=True)):
        seen = view.seen(points.astype(np.float64))
        clip = seen @ view.lens[:, :3].T + view.lens[:, 3]
        distance = away - seen[:, 2:]
        across = clip[:, :2] * distance if view.is_parallel else clip[:, :2]
        folded[frame, :, :2] = (across - np.array(window.middle) * distance) * scale
        folded[frame, :, 2:] = -distance
    return folded, 2.0 * float(np.arctan(tangent))

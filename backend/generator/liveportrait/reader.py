"""Landmarks read off pictures by the network that comes with LivePortrait's weights (`landmark.onnx`).

It gives 203 points. Of their order only the rings are documented: eyes 0-23 and 24-47, outer lips 48-83, inner lips
84-107, each ring beginning at a corner, with the other corner half way round (KwaiVGI/LivePortrait 1986663). Points of
ours on a ring lie at equal steps of it. For all others (brows, nose, jaw) the point that lies nearest to ours on the
portrait itself is taken, and kept for all its frames.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from torch import Tensor

from addon.core.errors import RequestError
from backend.face.landmarks import LEFT_PUPIL, MOUTH_CORNERS, RIGHT_PUPIL

from .crop import READER_SCALE, READER_SHIFT, Crop, crop_about, take

SIZE: Final[int] = 224
COUNT: Final[int] = 203
OUTPUT: Final[int] = 2
"""Which output of the network holds the points, x and y in 0..1 of its picture."""
RINGS: Final[Mapping[tuple[int, int], tuple[int, ...]]] = {
    (0, 24): (36, 37, 38, 39, 40, 41),
    (24, 24): (42, 43, 44, 45, 46, 47),
    (48, 36): tuple(range(48, 60)),
    (84, 24): tuple(range(60, 68)),
}
"""First point and length of each of its rings, and the landmarks of ours on it, from a corner round over the top."""
EYE_POINTS: Final[tuple[int, ...]] = (0, 6, 12, 18, 24, 30, 36, 42)
MOUTH_POINTS: Final[tuple[int, int]] = (48, 66)
ROUNDS: Final[int] = 3
"""How often a face is read, each time in the crop about what was read before."""


class LandmarkReader(Protocol):
    """Something that reads landmarks off frames of one face."""

    points: tuple[int, ...]
    """Which of the 70 landmarks it reads."""

    def read(self, frames: Tensor) -> Tensor:
        """Landmarks (N,P,2) in -1..1 of frames (N,3,S,S) of 0..1."""
        ...


def can_read_faces() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


class FaceNetwork:
    """The network in a session of onnxruntime, which is installed apart. Raises RequestError where that is missing."""

    def __init__(self, path: Path) -> None:
        if not can_read_faces():
            raise RequestError("portrait.onnxruntime", "Install onnxruntime into the backend to read faces.", path.name)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise RequestError(
                "portrait.onnx", "The landmark network cannot be read; download the file again.", path.name
            ) from error

    def read(self, picture: np.ndarray, crop: Crop) -> np.ndarray:
        """The 203 points (203,2) in pixels of a face in a picture (H,W,3) uint8."""
        name = self._session.get_inputs()[0].name
        outputs = self._session.run(None, {name: take(picture, crop, SIZE).numpy()})
        if len(outputs) <= OUTPUT or outputs[OUTPUT].size != 2 * COUNT:
            raise RequestError("portrait.onnx", f"The landmark network does not give {COUNT} points; use another file.")
        if not np.isfinite(outputs[OUTPUT]).all():
            raise RequestError("portrait.face", "No face is found in the picture; click its points.")
        return crop.to_picture(outputs[OUTPUT].reshape(COUNT, 2).astype(np.float64) * 2.0 - 1.0)

    def find(self, picture: np.ndarray, crop: Crop) -> np.ndarray:
        """The same, read again in the crop about what was read, so that a rough first crop does."""
        points = self.read(picture, crop)
        for _ in range(ROUNDS - 1):
            points = self.read(picture, crop_of_points(points))
        return points


def rough_points(found: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Pixels (4,2) and numbers of the landmarks of ours that need no map: eyes as pupils, corners of the mouth."""
    across = crop_of_points(found).across
    eyes = sorted((found[:24].mean(axis=0), found[24:48].mean(axis=0)), key=lambda point: float(point @ across))
    mouth = sorted(found[list(MOUTH_POINTS)], key=lambda point: float(point @ across))
    return np.stack([*eyes, *mouth]), (RIGHT_PUPIL, LEFT_PUPIL, *MOUTH_CORNERS)


def crop_of_points(points: np.ndarray) -> Crop:
    """The crop that the network wants about its own 203 points."""
    eyes, mouth = points[list(EYE_POINTS)].mean(axis=0), points[list(MOUTH_POINTS)].mean(axis=0)
    return crop_about(points, eyes, mouth, READER_SCALE, READER_SHIFT)


@dataclass(frozen=True)
class PointMap:
    """Which of the 203 points stands for each of `points` of our landmarks."""

    points: tuple[int, ...]
    sources: tuple[int, ...]


def map_points(found: np.ndarray, expected: np.ndarray) -> PointMap:
    """Match the 203 points (203,2) of a portrait to our landmarks, whose first 68 `expected` (70,2) says roughly."""
    sources: dict[int, int] = {}
    for (first, count), ours in RINGS.items():
        sources.update(zip(ours, _on_ring(found[first : first + count], expected[list(ours)], first), strict=True))
    free = np.array(sorted(set(range(COUNT)) - {k for first, count in RINGS for k in range(first, first + count)}))
    offset = found[list(sources.values())].mean(axis=0) - expected[list(sources)].mean(axis=0)
    for landmark in range(36):
        away = np.linalg.norm(found[free] - offset - expected[landmark], axis=1)
        sources[landmark] = int(free[away.argmin()])
    order = tuple(sorted(sources))
    return PointMap(order, tuple(sources[landmark] for landmark in order))


def _on_ring(ring: np.ndarray, expected: np.ndarray, first: int) -> list[int]:
    """Numbers of the points of a ring that fit ours best, of the four ways to begin at a corner and go round."""
    count, wanted = len(ring), len(expected)
    steps = np.round(_fractions(wanted) * count).astype(int)
    ways = [(start + turn * steps) % count for start in (0, count // 2) for turn in (1, -1)]
    centred = expected - expected.mean(axis=0)
    errors = [np.linalg.norm(ring[way] - ring[way].mean(axis=0) - centred, axis=1).sum() for way in ways]
    return [first + int(k) for k in ways[int(np.argmin(errors))]]


def _fractions(count: int) -> np.ndarray:
    """How far round the ring each of our points lies; corners at 0 and half."""
    return np.arange(count) / count


class FrameReader:
    """A LandmarkReader of frames that show a portrait about where it was read first."""

    def __init__(self, network: FaceNetwork, crop: Crop, mapped: PointMap) -> None:
        self._network, self._crop, self._mapped = network, crop, mapped
        self.points = mapped.points

    def read(self, frames: Tensor) -> Tensor:
        """See LandmarkReader."""
        return torch.stack([self._one(frame) for frame in frames])

    def _one(self, frame: Tensor) -> Tensor:
        pixels = (frame.permute(1, 2, 0).float() * 255.0).round().byte().cpu().numpy()
        side = pixels.shape[0]
        crop = Crop((self._crop.centre + 1.0) * side / 2, self._crop.across, self._crop.side * side / 2)
        found = self._network.read(pixels, crop)[list(self._mapped.sources)]
        return torch.from_numpy(found / side * 2.0 - 1.0).float()

"""A reader of landmarks off frames of one character, so that a painted frame can be asked where its features are.

Kernel ridge regression (Saunders, Gammerman and Vovk, ICML 1998) from the face's small grey picture to the landmarks'
places in it, learned from the rendered frames that a painter learns from. It knows no painter and no geometry, and
what it gets wrong on true renders is the floor of what it can say about painted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from backend.generator.quality import Box, composite

SIDE: Final[int] = 48
"""Pixels of a side of the grey picture that is read."""
STIFFNESS: Final[tuple[float, ...]] = (1e-4, 1e-3, 1e-2, 1e-1)
"""Ridge terms that are tried; the one with the least leave-one-out error is taken."""


@dataclass(frozen=True, eq=False)
class LandmarkReader:
    """Reads L landmarks off frames: `seen` (N,SIDE*SIDE) learned from, `answer` (N,2L) and the kernel's `scale`."""

    box: Box
    seen: np.ndarray
    answer: np.ndarray
    mean: np.ndarray
    scale: float

    @classmethod
    def learned(cls, pictures: np.ndarray, points: np.ndarray, box: Box) -> LandmarkReader:
        """Learn from frames (N,H,W,4) uint8 and landmarks (N,L,2) in pixels; only the `box` of a frame is looked at."""
        seen = _greys(pictures, box)
        distance = _distances(seen, seen)
        scale = float(np.median(distance[distance > 0])) if (distance > 0).any() else 1.0
        flat = points.reshape(len(points), -1).astype(np.float64)
        mean = flat.mean(axis=0)
        kernel = np.exp(-distance / scale)
        trials = [_fitted(kernel, flat - mean, ridge) for ridge in STIFFNESS]
        answer = min(trials, key=lambda trial: trial[1])[0]
        return cls(box, seen, answer, mean, scale)

    def read(self, pictures: np.ndarray) -> np.ndarray:
        """(N,L,2) pixels: the landmarks of frames (N,H,W,4) uint8."""
        kernel = np.exp(-_distances(_greys(pictures, self.box), self.seen) / self.scale)
        return (kernel @ self.answer + self.mean).reshape(len(pictures), -1, 2)


def _fitted(kernel: np.ndarray, wanted: np.ndarray, ridge: float) -> tuple[np.ndarray, float]:
    """Dual weights (N,K), and the mean squared leave-one-out error."""
    inverse = np.linalg.inv(kernel + ridge * np.eye(len(kernel)))
    weights = inverse @ wanted
    return weights, float(np.mean((weights / np.diag(inverse)[:, None]) ** 2))


def _greys(pictures: np.ndarray, box: Box) -> np.ndarray:
    """(N,SIDE*SIDE) float64: brightness of the box on grey, made small, each with mean 0."""
    rows = []
    for picture in pictures:
        whole = composite(picture[..., :3], picture[..., 3]).mean(axis=-1, keepdims=True)
        part = Image.fromarray((box.of(whole)[..., 0] * 255).astype(np.float32), mode="F")
        small = np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64).reshape(-1) / 255
        rows.append(small - small.mean())
    return np.stack(rows)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,M) squared distances of rows."""
    square = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    return np.maximum(square, 0.0)

"""Where the face is in a picture, from a few clicked points: the canonical face laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from addon.core.errors import RequestError
from addon.core.preview import FACE_POINTS
from addon.core.rotation import matrix_from_angles
from backend.face.basis import load_basis

CLICKED: Final[Mapping[str, int]] = dict(zip(FACE_POINTS, (69, 68, 30, 48, 54, 8), strict=True))
"""What to click, in this order, and the landmark that it is. The chin may be left out. Where left and right were
clicked the other way round they are exchanged, for a face has but one way round."""
MIRRORED: Final[tuple[int, ...]] = (1, 0, 2, 4, 3, 5)
"""Places in CLICKED with left and right exchanged."""
FEWEST: Final[int] = 5
LOOSE: Final[float] = 0.05
"""Inter-ocular distances by which a point may well miss: clicks, and faces that are not the canonical one."""
TURNED: Final[float] = 0.35
"""Radians by which portraits are usually turned at most; what few points do not tell is held near 0."""
WORST: Final[float] = 0.14
"""Inter-ocular distances of error beyond which the points are no face: clicked in any wrong order they miss by more."""


@dataclass(frozen=True, eq=False)
class FaceFit:
    """`points` (70,2) landmarks in pixels, `scale` pixels per inter-ocular distance, `error` of the fit in those."""

    points: np.ndarray
    scale: float
    error: float


def fit_clicks(clicks: np.ndarray) -> FaceFit:
    """The face of clicked pixels (N,2), in the order of CLICKED.

    Raises RequestError where there are too few or too many, or where they are no face.
    """
    names = ", ".join(CLICKED)
    if clicks.ndim != 2 or clicks.shape[1:] != (2,) or not FEWEST <= len(clicks) <= len(CLICKED):
        raise RequestError("portrait.points", f"Click these points of the face, in this order: {names}.")
    pixels = np.asarray(clicks, dtype=np.float64)
    if _mirrored(pixels):
        pixels = pixels[list(MIRRORED[: len(pixels)])]
    fit = fit_face(pixels, tuple(CLICKED.values())[: len(pixels)])
    if not np.isfinite(fit.error) or fit.error > WORST:
        raise RequestError("portrait.points", f"The points do not lie like a face; click in this order: {names}.")
    return fit


def fit_face(pixels: np.ndarray, landmarks: tuple[int, ...]) -> FaceFit:
    """The canonical face, scaled, turned and moved in the picture (weak perspective) onto pixels (N,2) of landmarks."""
    neutral = load_basis().neutral.astype(np.float64)
    known = neutral[list(landmarks)]
    start = _flat_start(known, pixels)

    def misfit(values: np.ndarray) -> np.ndarray:
        size = np.exp(values[0])
        away = (_projected(known, values) - pixels) / size / LOOSE
        return np.concatenate([away.ravel(), values[1:3] / TURNED])

    best = least_squares(misfit, start, x_scale=[0.1, 0.1, 0.1, 0.1, *[0.1 * np.exp(start[0])] * 2], loss="soft_l1")
    scale = float(np.exp(best.x[0]))
    error = np.linalg.norm(_projected(known, best.x) - pixels, axis=1).mean() / scale
    return FaceFit(_projected(neutral, best.x), scale, float(error))


def _flat_start(known: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Log scale, angles and place of the points taken as flat: a similarity of the plane, as complex numbers."""
    shape = known[:, 0] + 1j * known[:, 1]
    seen = pixels[:, 0] - 1j * pixels[:, 1]
    shape = shape - shape.mean()
    factor = complex((shape.conj() * (seen - seen.mean())).sum() / (np.abs(shape) ** 2).sum())
    size = max(abs(factor), 1e-3)
    return np.array([np.log(size), 0.0, 0.0, np.angle(factor), *pixels.mean(axis=0)])


def _mirrored(clicks: np.ndarray) -> bool:
    """Whether the right eye lies to the right of the left one, seen with the mouth below them."""
    right, left, _, first, second = clicks[:5]
    across, down = left - right, (first + second) / 2 - (left + right) / 2
    return bool(across[0] * down[1] - across[1] * down[0] < 0)


def _projected(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Pixels (N,2) of canonical points (N,3) for log scale, pitch, yaw, roll and place (x, y)."""
    turned = points @ matrix_from_angles(values[1:4]).T
    return turned[:, :2] * np.array([1.0, -1.0]) * np.exp(values[0]) + values[4:]

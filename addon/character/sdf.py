"""Signed distances of the solids that a head is modelled from, and their smooth union and subtraction.

Points are (..., 3) float64; a distance is negative inside. Formulas: Inigo Quilez, "Distance functions" and
"Smooth minimum" (polynomial form). The ellipsoid's is a first-order bound, exact at its surface.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

Field = Callable[[np.ndarray], np.ndarray]


def _length(v: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("...i,...i->...", v, v))


def ellipsoid(p: np.ndarray, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
    """First-order distance to an axis-aligned ellipsoid."""
    q = (p - centre) / radii
    k0 = _length(q)
    k1 = _length(q / radii)
    return k0 * (k0 - 1.0) / np.maximum(k1, 1e-9)


def capsule(
    p: np.ndarray,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius_start: float,
    radius_end: float,
) -> np.ndarray:
    """Distance to a line segment whose thickness changes linearly along it."""
    a = np.asarray(start)
    d = np.asarray(end) - a
    t = np.clip((p - a) @ d / (d @ d), 0.0, 1.0)
    return _length(p - a - t[..., None] * d) - (radius_start + t * (radius_end - radius_start))


def union(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """Smooth minimum: both solids, blended over a width k."""
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.minimum(a, b) - h * h * k * 0.25


def carve(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """Solid a without solid b, the edge rounded over a width k."""
    return -union(-a, b, k)


_ARRIVED: Final[float] = 1e-8
"""Metres: a ray that moves less has met the surface."""
_TETRAHEDRON: Final = np.array([[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0]])


def gradient(field: Field, p: np.ndarray, step: float = 2e-4) -> np.ndarray:
    """Unit outward direction of the field at p, by differences at the corners of a small tetrahedron."""
    g = sum(field(p + corner * step)[..., None] * corner for corner in _TETRAHEDRON)
    return g / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), 1e-12)


def project(field: Field, p: np.ndarray, level: np.ndarray | float = 0.0, steps: int = 2) -> np.ndarray:
    """Move points along the gradient until the field is `level` there (Newton steps)."""
    for _ in range(steps):
        p = p - (field(p) - level)[..., None] * gradient(field, p)
    return p


def cast(field: Field, start: np.ndarray, direction: np.ndarray, reach: float, steps: int = 40) -> np.ndarray:
    """First point of the solid met from `start` along unit `direction` (sphere tracing, cautious by 0.8).

    Rays that meet nothing stop at `reach`.
    """
    t = np.zeros(start.shape[:-1])
    for _ in range(steps):
        step = 0.8 * field(start + t[..., None] * direction)
        t = np.minimum(t + step, reach)
        if np.abs(step).max() < _ARRIVED:
            break
    return start + t[..., None] * direction

"""The lids: rings of the eye opening, laid on spheres round the eyeball.

A lid point is (azimuth, elevation, radius) seen from the centre of the left eye; azimuth grows towards the temple.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import sdf
from .layout import EYE_RINGS, LINING_RING, MARGIN_RING
from .spec import EyeSpec

MARGIN_RADIUS: Final[float] = 1.085
"""Outer edge of the margin, in eyeball radii: a lid is about 1.3 mm thick."""
WATERLINE_RADIUS: Final[float] = 1.030
LINING_RADIUS: Final[float] = 1.015
CLOSED_MARGIN_RADIUS: Final[float] = 1.165
"""Shape keys move vertices along chords; closing on a larger sphere keeps the half-closed lid off the eyeball."""
CLOSED_WATERLINE_RADIUS: Final[float] = 1.115
CREASE_RING: Final[int] = 2
"""The ring of the crease above the upper lid; what lies between it and the margin slides over the eyeball."""
_UPPER_PLATE: Final[float] = float(np.radians(19.0))
_LOWER_PLATE: Final[float] = float(np.radians(17.0))
"""Angles between margin and crease when the eye is open."""
_CREASE_DEPTH: Final[float] = 0.0009
_PLATE_LIMIT: Final[float] = 1.20


@dataclass(frozen=True, eq=False)
class LidCurve:
    """The margin of the left eye, one value per vertex of a ring: azimuth, open and closed elevation in radians.

    upper  (N,) +1 on the upper lid, -1 on the lower, 0 at the corners
    """

    azimuth: np.ndarray
    elevation: np.ndarray
    closed: np.ndarray
    upper: np.ndarray


def lid_curve(eye: EyeSpec, count: int) -> LidCurve:
    """Almond of the open eye and the curve on which the closed lids meet, for a ring of `count` vertices."""
    t = 2.0 * np.pi * np.arange(count) / count
    c, s = np.cos(t), np.sin(t)
    c[[count // 4, 3 * count // 4]] = 0.0
    s[[0, count // 2]] = 0.0
    azimuth = np.where(c >= 0.0, eye.outer_azimuth * c, eye.inner_azimuth * c)
    lean = eye.tilt * c
    arch = np.abs(s)
    # The upper lid peaks a little towards the nose, the lower one towards the temple.
    up = eye.upper * arch**0.85 * (1.0 - 0.16 * c)
    low = eye.lower * arch**1.0 * (1.0 + 0.22 * c)
    elevation = lean + np.where(s >= 0.0, up, -low)
    closed = lean + eye.meet * arch
    return LidCurve(azimuth, elevation, closed, np.sign(s) * (arch > 1e-9))


def on_sphere(eye: EyeSpec, azimuth: np.ndarray, elevation: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
    """Points (..., 3) in head axes at the given angles; radius in eyeball radii."""
    direction = np.stack(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], axis=-1
    )
    return np.asarray(eye.centre) + direction * np.asarray(radius)[..., None] * eye.radius


def angles(eye: EyeSpec, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Azimuth, elevation and radius (in eyeball radii) of points near the left eye: the inverse of `on_sphere`."""
    q = (p - np.asarray(eye.centre)) / eye.radius
    radius = np.linalg.norm(q, axis=-1)
    return np.arctan2(q[..., 0], q[..., 2]), np.arcsin(q[..., 1] / np.maximum(radius, 1e-9)), radius


def lid_rings(eye: EyeSpec, count: int) -> dict[int, np.ndarray]:
    """Positions (count, 3) of the rings that lie on the eye and are not the skin field's: margin, waterline, lining."""
    curve = lid_curve(eye, count)
    return {
        MARGIN_RING: on_sphere(eye, curve.azimuth * 1.03, curve.elevation * 1.04, MARGIN_RADIUS),
        MARGIN_RING + 1: on_sphere(eye, curve.azimuth, curve.elevation, WATERLINE_RADIUS),
        LINING_RING: on_sphere(eye, curve.azimuth * 1.12, curve.elevation * 1.35, LINING_RADIUS),
    }


def _out_to_skin(eye: EyeSpec, field: sdf.Field, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Points where rays from the eye's centre leave the skin; held between the lid's thickness and a little more."""
    radius = np.full(azimuth.shape, WATERLINE_RADIUS)
    for _ in range(12):
        depth = -field(on_sphere(eye, azimuth, elevation, radius)) / eye.radius
        radius = np.clip(radius + 0.8 * depth, WATERLINE_RADIUS + 0.03, _PLATE_LIMIT)
    return on_sphere(eye, azimuth, elevation, radius)


def plate_rings(eye: EyeSpec, field: sdf.Field, count: int) -> dict[int, np.ndarray]:
    """Rings of skin on the lid, from the crease in to the margin.

    They lie on the head's field, but no nearer to the eyeball than the margin; the upper lid's last one is sunk in.
    """
    curve = lid_curve(eye, count)
    arch = np.abs(np.sin(2.0 * np.pi * np.arange(count) / count))
    upper = curve.upper > 0
    rings = {}
    for ring in range(CREASE_RING, MARGIN_RING):
        away = (MARGIN_RING - ring) / (MARGIN_RING - CREASE_RING)
        lift = np.where(upper, _UPPER_PLATE, _LOWER_PLATE) * away * arch**0.7
        elevation = curve.elevation * 1.04 + curve.upper * lift
        azimuth = curve.azimuth * (1.03 + np.where(curve.azimuth > 0, 0.13, 0.07) * away)
        points = _out_to_skin(eye, field, azimuth, elevation)
        if ring == CREASE_RING:
            sunk = np.where(upper, _CREASE_DEPTH, 0.0) * arch**0.8
            points = points - sdf.gradient(field, points) * sunk[:, None]
        rings[ring] = points
    return rings


assert EYE_RINGS == LINING_RING + 1

"""The lips and the mouth bag: rings of the mouth opening, from the vermilion border in to the throat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import sdf
from .layout import BORDER_RING, CONTACT_RING, MOUTH_RINGS
from .spec import MouthSpec

_BAG: Final[tuple[tuple[float, float, float, float], ...]] = (
    # setback along z behind the contact, half width, height above and below the line (metres), per ring after contact
    (0.0035, 0.0250, 0.0012, 0.0012),
    (0.0060, 0.0262, 0.0075, 0.0085),
    (0.0105, 0.0290, 0.0140, 0.0160),
    (0.0280, 0.0330, 0.0165, 0.0200),
    (0.0500, 0.0330, 0.0150, 0.0200),
    (0.0640, 0.0260, 0.0100, 0.0150),
)


@dataclass(frozen=True, eq=False)
class LipCurve:
    """Where the lips meet and where their red ends, one value per vertex of a mouth ring.

    across  (N,) -1..1 from the right corner to the left one
    arch    (N,) 0 at the corners, 1 in the middle
    upper   (N,) +1 on the upper lip, -1 on the lower, 0 at the corners
    """

    across: np.ndarray
    arch: np.ndarray
    upper: np.ndarray


def lip_curve(count: int) -> LipCurve:
    """The parameters of a ring of `count` vertices; the corners are its first and its middle vertex."""
    t = 2.0 * np.pi * np.arange(count) / count
    across, arch = np.cos(t), np.sin(t)
    across[[count // 4, 3 * count // 4]] = 0.0
    arch[[0, count // 2]] = 0.0
    return LipCurve(across, np.abs(arch), np.sign(arch))


def contact_height(mouth: MouthSpec, across: np.ndarray) -> np.ndarray:
    """Height of the line where the lips meet: a small tubercle in the middle, corners a hair higher."""
    return mouth.line + 0.0022 * across**2 - 0.0011 * np.exp(-((across / 0.22) ** 2))


def _border_height(mouth: MouthSpec, curve: LipCurve) -> np.ndarray:
    x = curve.across
    upper = mouth.upper_height * curve.arch**1.3 - 0.0014 * np.exp(-((x / 0.14) ** 2)) + 0.0004 * curve.arch
    lower = mouth.lower_height * curve.arch**1.25
    return np.where(curve.upper >= 0, upper, -lower)


def on_skin(field: sdf.Field, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth z of the skin in front of (x, y)."""
    start = np.stack([x, y, np.full_like(x, 0.16)], axis=-1)
    return sdf.cast(field, start, np.array([0.0, 0.0, -1.0]), 0.16)[..., 2]


def lip_rings(mouth: MouthSpec, field: sdf.Field, count: int) -> dict[int, np.ndarray]:
    """Positions (count, 3) of the rings from the vermilion border to the contact line."""
    curve = lip_curve(count)
    line = contact_height(mouth, curve.across)
    border = _border_height(mouth, curve)
    volume = np.where(curve.upper >= 0, mouth.upper_volume, mouth.lower_volume) * curve.arch**0.6
    steps = CONTACT_RING - BORDER_RING
    rings = {}
    for ring in range(BORDER_RING, CONTACT_RING + 1):
        t = (ring - BORDER_RING) / steps
        x = curve.across * (mouth.half_width + 0.0012 * (1.0 - t))
        y = line + border * (1.0 - t**1.15)
        # A quarter round: proud in the middle of the red, drawn in where the lips touch.
        z = on_skin(field, x, y) + volume * np.sin(np.pi * min(t * 0.90 + 0.02, 1.0)) - 0.0022 * t**3
        rings[ring] = np.stack([x, y, z], axis=-1)
    contact_z = on_skin(field, curve.across * mouth.half_width, line) - 0.0018 * (0.4 + 0.6 * curve.arch)
    rings[CONTACT_RING][:, 2] = contact_z
    return rings


def bag_rings(mouth: MouthSpec, contact: np.ndarray) -> dict[int, np.ndarray]:
    """Positions of the rings behind the contact line: inner lips, vestibule and bag."""
    curve = lip_curve(len(contact))
    rings = {}
    for number, (back, half, above, below) in enumerate(_BAG):
        front = contact[:, 2] if number < 2 else contact[:, 2].max() - 0.35 * (1.0 - curve.arch) * 0.02
        height = np.where(curve.upper >= 0, above, -below) * curve.arch ** (0.8 if number < 2 else 0.6)
        rings[CONTACT_RING + 1 + number] = np.stack(
            [curve.across * half, contact[:, 1] + height, front - back], axis=-1
        )
    return rings


assert CONTACT_RING + 1 + len(_BAG) == MOUTH_RINGS

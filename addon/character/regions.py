"""Where a vertex of the skin is, anatomically: on which lip, how far from it, how much it follows the jaw.

Weights are laid out by formulas and then smoothed over the mesh itself, so that they never leak across the mouth
opening: the upper and the lower lip touch at rest but share no vertex except at the corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .head_mesh import Skin
from .layout import BORDER_RING, CONTACT_RING, EYE_RINGS, MARGIN_RING, MOUTH_RINGS
from .lips import contact_height, lip_curve
from .spec import CharacterSpec

_CORNER_SHARE: Final[float] = 0.40
"""Share of the jaw's rotation that the corners of the mouth take."""

_HALF_WIDTH: Final[float] = 0.010
"""Half the width over which a one-sided movement fades across the midline, metres."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Per vertex of the skin, all (V,) float64 unless noted.

    rest    (V,3) neutral positions
    side    +1 upper lip and above, -1 lower lip and below, 0 at the corners and beside them
    ring    number of the mouth ring, -1 outside the mouth's rings
    inner   1 on the surface, falling to 0 from the contact line into the mouth bag
    lips    1 on the red of the lips and inside, falling to 0 over the skin round them
    jaw     share of the jaw's rotation
    front   0 behind the cheeks, 1 on the face
    lid     1 on the margins of the lids, 0 from the socket on
    """

    rest: np.ndarray
    side: np.ndarray
    ring: np.ndarray
    inner: np.ndarray
    lips: np.ndarray
    jaw: np.ndarray
    front: np.ndarray
    lid: np.ndarray


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, a cubic between (falling when low > high)."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def half_mask(x: np.ndarray) -> np.ndarray:
    """Share (V,) of a movement that belongs to the left half; with its mirror image it sums to 1."""
    return smoothstep(-_HALF_WIDTH, _HALF_WIDTH, x)


def smooth_over_mesh(skin: Skin, values: np.ndarray, fixed: np.ndarray, steps: int) -> np.ndarray:
    """Repeatedly replace each value (V,) or (V,3) by the mean of its neighbours, except where `fixed` (V,) bool."""
    source, target = skin.layout.neighbours
    count = len(skin.vertices)
    degree = np.bincount(source, minlength=count)
    columns = values.reshape(count, -1).copy()
    for _ in range(steps):
        mean = np.stack([np.bincount(source, c[target], count) / degree for c in columns.T], -1)
        columns = np.where(fixed[:, None], columns, 0.5 * columns + 0.5 * mean)
    return columns.reshape(values.shape)


def _ring_numbers(skin: Skin) -> tuple[np.ndarray, np.ndarray]:
    ring = np.full(len(skin.vertices), -1.0)
    place = np.zeros(len(skin.vertices))
    for key, number in skin.layout.index.items():
        if key[0] == "mouth":
            ring[number], place[number] = key[1], key[2]
        elif key[0] == "throat":
            ring[number] = MOUTH_RINGS
    return ring, place


def _side(spec: CharacterSpec, skin: Skin, ring: np.ndarray, place: np.ndarray) -> np.ndarray:
    p, half = skin.vertices, spec.mouth.half_width
    line = contact_height(spec.mouth, np.clip(p[:, 0] / half, -1.0, 1.0))
    width = 0.009 + 0.42 * np.maximum(0.0, np.abs(p[:, 0]) - 0.6 * half)
    by_height = np.clip((p[:, 1] - line) / width, -1.0, 1.0)
    curve = lip_curve(len(skin.layout.ring("mouth", 0)))
    by_ring = (curve.upper * curve.arch**0.9)[place.astype(int)]
    blend = np.clip((ring + 1.0) / (BORDER_RING + 1.0), 0.0, 1.0)
    side = np.where(ring >= 0, blend * by_ring + (1.0 - blend) * by_height, by_height)
    throat = ring == MOUTH_RINGS
    span = np.abs(p[throat, 1] - line[throat]).max()
    side[throat] = np.clip((p[throat, 1] - line[throat]) / span, -1.0, 1.0)
    return smooth_over_mesh(skin, side, ring >= BORDER_RING, 8)


def build_regions(spec: CharacterSpec, skin: Skin) -> Regions:
    """The regions of a skin."""
    p = skin.vertices
    ring, place = _ring_numbers(skin)
    side = _side(spec, skin, ring, place)
    front = smoothstep(0.010, 0.050, p[:, 2])
    hinge_y, hinge_z = spec.jaw.hinge
    before = smoothstep(hinge_z - 0.012, hinge_z + 0.050, p[:, 2])
    throat = smoothstep(-0.168, -0.116, p[:, 1])
    low = np.maximum(-side, 0.0)
    share = np.where(side < 0, _CORNER_SHARE + (1.0 - _CORNER_SHARE) * low, _CORNER_SHARE * (1.0 - np.maximum(side, 0)))
    below_hinge = smoothstep(hinge_y + 0.004, hinge_y - 0.030, p[:, 1])
    jaw = share * np.where(ring >= CONTACT_RING, 1.0, before * throat * below_hinge)
    jaw = smooth_over_mesh(skin, jaw, ring >= BORDER_RING, 12)
    inner = np.where(ring <= CONTACT_RING, 1.0, np.clip(1.0 - (ring - CONTACT_RING) / 4.5, 0.0, 1.0))
    half = spec.mouth.half_width
    x, y = np.maximum(np.abs(p[:, 0]) - half * 0.75, 0.0), p[:, 1] - spec.mouth.line
    reach = np.hypot(x / 0.020, np.maximum(np.abs(y) - 0.007, 0.0) / np.where(y > 0, 0.0075, 0.019))
    lips = np.exp(-(reach**2)) * front
    lips = np.where(ring >= BORDER_RING, 1.0, lips)
    lips = smooth_over_mesh(skin, lips, ring >= BORDER_RING, 8)
    lid = np.zeros(len(p))
    for eye in ("eye+", "eye-"):
        for number in range(EYE_RINGS):
            lid[skin.layout.ring(eye, number)] = min(1.0, number / (MARGIN_RING - 1))
    return Regions(p, side, ring, inner, lips, jaw, front, lid)

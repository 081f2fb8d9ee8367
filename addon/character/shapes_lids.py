"""Shape keys of the lids: they travel over the eyeball's sphere, the upper one most of the way.

Computed for the left eye; the right one is its mirror image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .head_mesh import Skin
from .layout import EYE_RINGS, LINING_RING, MARGIN_RING
from .lids import CLOSED_MARGIN_RADIUS, CLOSED_WATERLINE_RADIUS, angles, lid_curve, on_sphere
from .spec import EyeSpec

_FOLLOW: Final[tuple[float, ...]] = (0.0, 0.10, 0.30, 0.55, 0.80, 0.94, 1.0, 1.0, 0.92)
"""How far each eye ring, from the socket in, follows the margin."""


@dataclass(frozen=True)
class LidMove:
    """Where a channel takes the lids: shares of the way to closed, and angles in degrees.

    upper, lower  share of the way to the closed position
    raise_upper, raise_lower  elevation added in the middle of the lid
    aside  azimuth added to both lids
    """

    upper: float = 0.0
    lower: float = 0.0
    raise_upper: float = 0.0
    raise_lower: float = 0.0
    aside: float = 0.0


LID_MOVES: Final[Mapping[str, LidMove]] = {
    # Lids follow vertical gaze about 1:1 down and less up (reference figures of Becker and Fuchs, 1988).
    "eyeBlink": LidMove(upper=1.0, lower=1.0),
    "eyeSquint": LidMove(upper=0.18, lower=0.85),
    "eyeWide": LidMove(raise_upper=10.5, raise_lower=-3.5),
    "eyeLookUp": LidMove(raise_upper=6.0, raise_lower=3.0),
    "eyeLookDown": LidMove(upper=0.48, raise_lower=-4.0),
    "cheekSquint": LidMove(lower=0.42),
    "eyeLookIn": LidMove(aside=-2.5),
    "eyeLookOut": LidMove(aside=2.5),
}


def lid_shape(eye: EyeSpec, skin: Skin, move: LidMove) -> np.ndarray:
    """Displacement (V,3) of the whole skin for one channel of the left eye."""
    count = len(skin.layout.ring("eye+", 0))
    curve = lid_curve(eye, count)
    arch = np.abs(np.sin(2.0 * np.pi * np.arange(count) / count))
    upper = curve.upper > 0
    share = np.where(upper, move.upper, move.lower)
    added = np.radians(np.where(upper, move.raise_upper, move.raise_lower)) * arch
    delta = np.zeros_like(skin.vertices)
    for ring in range(EYE_RINGS):
        numbers = skin.layout.ring("eye+", ring)
        rest = skin.vertices[numbers]
        azimuth, elevation, radius = angles(eye, rest)
        follow = _FOLLOW[ring]
        # Margins go to one common curve; the skin behind them is drawn along.
        target = curve.closed if ring >= MARGIN_RING else elevation + curve.closed - curve.elevation
        if ring == LINING_RING:
            target = curve.closed + np.where(upper, 0.14, -0.14) * arch
        aim = CLOSED_MARGIN_RADIUS if ring <= MARGIN_RING else CLOSED_WATERLINE_RADIUS
        proud = np.maximum(aim - radius, 0.0) * np.sqrt(arch) * np.abs(share) * follow
        sideways = azimuth + follow * np.radians(move.aside) * arch
        if ring >= MARGIN_RING:
            sideways = sideways + share * (curve.azimuth - azimuth) * arch
        moved = on_sphere(eye, sideways, elevation + follow * (share * (target - elevation) + added), radius + proud)
        still = (np.abs(added) + np.abs(share) * arch + abs(move.aside) * arch) == 0.0
        delta[numbers] = np.where(still[:, None], 0.0, moved - rest)
    return delta

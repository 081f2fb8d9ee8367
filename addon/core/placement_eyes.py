"""The landmarks of the lids: from the key that shuts an eye, or from the rim of the skin around an eyeball.

The lids are what moves down furthest in each upper half of the face when some key shuts the eye, and where that comes
to rest. Bones share that work, three or more to a lid, so that where no key shuts an eye the rim is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .errors import RigError
from .eyeballs import Ball
from .shapes import Shapes

MOUTH_CORNERS: Final[tuple[int, int]] = (48, 54)
EYE_CORNERS: Final[Mapping[str, tuple[int, int]]] = {"right": (39, 36), "left": (42, 45)}
"""Inner and outer corner of each eye, in iBUG order."""
UPPER_LIDS: Final[Mapping[str, tuple[int, int]]] = {"right": (37, 38), "left": (43, 44)}
LOWER_LIDS: Final[Mapping[str, tuple[int, int]]] = {"right": (41, 40), "left": (47, 46)}
ABOVE_MOUTH: Final[float] = 1.2
BESIDE_MIDDLE: Final[float] = 0.1
"""An eye's quarter of the face begins so many half mouths above the mouth and beside the middle: in the canonical face
the lower lid lies 2.6 of them up and the inner corner 0.7 aside."""
LEAST_SHUT: Final[float] = 0.05
"""A key shuts an eye when it lowers something there by this many half mouths at least; canonical lids part by 0.34."""
OF_LID: Final[float] = 0.3
OF_MARGIN: Final[float] = 0.8
"""Parts of the furthest way down: what goes the one is lid, the other its margin, and what goes less than the one is
still [chosen]."""
NEAR_BALL: Final[tuple[float, float]] = (1.8, 1.3)
FAR_DEPTH: Final[float] = 2.0
"""Radii beside, above and before an eyeball's centre within which skin may be lid: an opening is some 30 mm wide and 11
high before a ball of 12 (Farkas, Anthropometry of the Head and Face, 1994), and cartoons open wider [chosen]."""
ASIDE_COUNTS: Final[float] = 2.0
"""How much more it counts that a vertex of the rim is beside a lid's third than that it is above it [chosen]."""
SECTOR: Final[float] = 0.15
SECTORS: Final[int] = 4
"""Corners of the eye are sought in so many sectors of this angle (radians) off straight across: 40 vertices around an
eye are as far apart, and eyes slant, the canonical one by 0.07 [chosen]."""
RIM_DEPTH: Final[float] = 0.2
"""Radii in front of an eyeball's centre from which skin is lid; behind it is the lining of the socket."""


def place_lids(shapes: Shapes, placed: np.ndarray, side: str, middle: float, mouth: np.ndarray) -> bool:
    """Lids of one eye: the key that moves most of this upper quarter downwards shuts it. False where none does."""
    way = 1.0 if side == "left" else -1.0
    half = float(np.ptp(shapes.rest[placed[list(MOUTH_CORNERS)], 0])) / 2
    above = shapes.rest[:, 1] > mouth[1] + ABOVE_MOUTH * half
    quarter = np.flatnonzero(((shapes.rest[:, 0] - middle) * way > BESIDE_MIDDLE * half) & above)
    if not len(quarter) or not len(shapes.moves):
        return False
    down = -shapes.moves[:, quarter, 1]
    key = int(np.argmax(down.max(axis=1)))
    most = float(down[key].max())
    if most < LEAST_SHUT * half:
        return False
    lid = quarter[down[key] > OF_LID * most]
    margin = quarter[down[key] > OF_MARGIN * most]
    still = quarter[np.linalg.norm(shapes.moves[key, quarter], axis=1) < OF_LID * most]
    landed = shapes.rest[margin] + shapes.moves[key, margin]
    x = shapes.rest[lid, 0] * way
    inner, outer = lid[int(np.argmin(x))], lid[int(np.argmax(x))]
    placed[list(EYE_CORNERS[side])] = inner, outer
    ends = shapes.rest[[inner, outer], 0]
    for upper, lower, part in zip(UPPER_LIDS[side], LOWER_LIDS[side], _thirds(side), strict=True):
        wanted = ends[0] + part * (ends[1] - ends[0])
        column = int(np.argmin(np.abs(shapes.rest[margin, 0] - wanted)))
        placed[upper] = margin[column]
        below = still[shapes.rest[still, 1] < shapes.rest[margin[column], 1] - OF_LID * most]
        if len(below):
            placed[lower] = below[int(np.argmin(np.linalg.norm(shapes.rest[below] - landed[column], axis=1)))]
    return True


def place_rim(rest: np.ndarray, skin: np.ndarray, placed: np.ndarray, side: str, ball: Ball) -> None:
    """Lids of one eye: the rim of the `skin` (vertex numbers) in front of the eyeball. Raises RigError without one."""
    local = (rest[skin] - ball.centre) / ball.radius
    near = (np.abs(local[:, :2]) < NEAR_BALL).all(axis=1) & (local[:, 2] > RIM_DEPTH) & (local[:, 2] < FAR_DEPTH)
    skin, local = skin[near], local[near]
    out = 1.0 if side == "left" else -1.0
    angle = np.arctan2(local[:, 1], local[:, 0] * out)
    ends = [_rim_end(local, np.abs((angle - at + np.pi) % (2 * np.pi) - np.pi)) for at in (np.pi, 0.0)]
    for end, number in zip(ends, EYE_CORNERS[side], strict=True):
        placed[number] = skin[end]
    inner, outer = local[ends]
    for upper, lower, part in zip(UPPER_LIDS[side], LOWER_LIDS[side], _thirds(side), strict=True):
        x, y = (inner + part * (outer - inner))[:2]
        for number, way in ((upper, 1.0), (lower, -1.0)):
            beyond = np.flatnonzero((local[:, 1] - y) * way > 0)
            if not len(beyond):
                raise RigError("fit.eyes", f"The {side} eyeball has no lids around it; place landmarks by hand.")
            apart = np.hypot(ASIDE_COUNTS * (local[beyond, 0] - x), local[beyond, 1] - y)
            placed[number] = skin[beyond[int(np.argmin(apart))]]


def _rim_end(local: np.ndarray, off: np.ndarray) -> int:
    """The corner of the rim in one direction, from which the points are `off` (N,) radians as seen from the ball.

    In each narrow sector the rim is what comes nearest to the middle; it is furthest where the lids meet.
    """
    away = np.hypot(local[:, 0], local[:, 1])
    found = [
        int(here[int(np.argmin(away[here]))])
        for low in SECTOR * np.arange(SECTORS)
        if len(here := np.flatnonzero((off >= low) & (off < low + SECTOR)))
    ]
    if not found:
        raise RigError("fit.eyes", "An eyeball has no lids around it; place landmarks by hand.")
    return max(found, key=lambda index: float(away[index]))


def _thirds(side: str) -> tuple[float, float]:
    return (1 / 3, 2 / 3) if side == "left" else (2 / 3, 1 / 3)

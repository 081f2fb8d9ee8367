"""Muscle pulls: channels that draw a patch of skin somewhere, as data.

A pull draws the skin round `centre` (x, y) by `move`, all in millimetres, head axes, left half of the face; it fades
as exp(-r^2) with r measured in `radius` (x, y). `lips` says which part of the mouth it takes along. A channel that
ends in Left has a mirrored Right; the others apply both halves. Directions follow the facial action units
(Ekman & Friesen, FACS) that ARKit's channels name; sizes are those of strong but natural expressions, about 0.1 to
0.2 inter-ocular distances, the range measured on posed speakers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from . import sdf
from .head_mesh import Skin
from .layout import BORDER_RING, CONTACT_RING
from .regions import Regions, half_mask, smoothstep

Pair = tuple[float, float]
Lips = Literal["both", "upper", "lower", "raised", "none"]
"""Which lips go along; "raised" is the upper lip, and as much of the lower as touches it, so that they stay shut."""


@dataclass(frozen=True)
class Pull:
    """One patch of skin that is drawn by `move` mm; see the module."""

    centre: Pair
    radius: Pair
    move: tuple[float, float, float]
    lips: Lips = "both"


PULLS: Final[Mapping[str, tuple[Pull, ...]]] = {
    "mouthSmileLeft": (
        Pull((30, -62), (21, 15), (6.0, 7.0, -1.0), "none"),
        Pull((37, -41), (15, 14), (1.0, 5.2, 5.2), "none"),
        Pull((24, -53), (7, 12), (1.8, 2.0, -2.6), "none"),
        Pull((32, -10), (16, 6), (0.0, 1.2, 0.4), "none"),
    ),
    "mouthFrownLeft": (
        Pull((26, -70), (14, 13), (2.0, -8.0, -0.5)),
        Pull((20, -92), (16, 12), (0.5, -1.5, 0.8), "lower"),
    ),
    "mouthDimpleLeft": (
        Pull((28, -69), (13, 12), (5.0, 2.2, -4.0)),
        Pull((35, -67), (6, 8), (0.8, 0.6, -2.6), "none"),
    ),
    "mouthStretchLeft": (
        Pull((28, -70), (17, 14), (9.5, -2.5, -2.0)),
        Pull((30, -98), (18, 20), (2.0, -3.0, 0.0), "lower"),
    ),
    "cheekPuff": (
        Pull((44, -62), (22, 24), (8.5, 0.0, 5.5)),
        Pull((0, -69), (30, 22), (0.0, 0.0, 3.4)),
    ),
    "cheekSquintLeft": (
        Pull((40, -26), (20, 17), (0.5, 6.5, 3.0), "none"),
        Pull((33, -11), (17, 6), (0.0, 3.0, 1.0), "none"),
    ),
    "noseSneerLeft": (
        Pull((14, -40), (11, 13), (1.8, 5.6, 1.2), "none"),
        Pull((0, -38), (10, 10), (0.0, 1.5, 0.4), "none"),
        Pull((14, -60), (16, 12), (0.6, 6.0, 0.8), "raised"),
        Pull((22, -50), (7, 10), (1.0, 2.6, -2.4), "none"),
        Pull((27, -36), (11, 12), (0.4, 4.6, 4.0), "none"),
        Pull((24, -14), (15, 7), (0.0, 3.0, 1.2), "none"),
        Pull((8, 5), (10, 9), (-0.6, -2.4, 1.0), "none"),
        Pull((14, 24), (13, 10), (-1.0, -2.8, 0.5), "none"),
    ),
    "browDownLeft": (
        Pull((17, 25), (16, 14), (-3.4, -8.2, 1.6), "none"),
        Pull((42, 29), (18, 14), (-0.8, -4.2, 0.6), "none"),
    ),
    "browInnerUp": (
        Pull((9, 28), (16, 20), (-0.4, 9.2, 0.6), "none"),
        Pull((12, 46), (14, 12), (0, 2.0, 0.9), "none"),
    ),
    "browOuterUpLeft": (Pull((38, 32), (21, 21), (0.3, 9.6, 0.0), "none"),),
    "eyeBlinkLeft": (Pull((33, 24), (20, 8), (0.0, -0.7, 0.0), "none"), Pull((33, -14), (17, 6), (0, 0.5, 0), "none")),
    "eyeSquintLeft": (
        Pull((36, -17), (20, 9), (0.0, 2.6, 1.0), "none"),
        Pull((36, 24), (20, 9), (0.0, -1.2, 0.2), "none"),
    ),
    "eyeWideLeft": (Pull((33, 26), (22, 14), (0.0, 1.4, 0.0), "none"),),
    "mouthUpperUpLeft": (
        Pull((16, -50), (13, 10), (0.6, 2.2, 0.6), "upper"),
        Pull((17, -42), (9, 10), (0.8, 2.2, 0.6), "none"),
    ),
    "mouthLowerDownLeft": (Pull((12, -86), (13, 8), (0.4, -2.6, 0.6), "lower"),),
    "mouthPressLeft": (
        Pull((27, -69), (9, 9), (1.4, 0.6, -1.2)),
        Pull((10, -102), (17, 14), (0.0, 2.8, 0.6), "lower"),
    ),
    "mouthShrugLower": (Pull((0, -97), (20, 13), (0.0, 2.6, 1.6), "lower"),),
    "tongueOut": (Pull((0, -78), (15, 9), (0.0, -2.6, 0.6), "lower"),),
}

SHIFT: Final[Pull] = Pull((0, -70), (34, 20), (12.0, 0.0, 0.0))
"""mouthLeft; mouthRight is its mirror image."""


def _take(region: Regions, lips: Lips) -> np.ndarray:
    """Share of a pull that each vertex takes, by where it is on the mouth."""
    on_mouth = region.ring >= BORDER_RING
    if lips in ("upper", "lower", "raised"):
        side = -region.side if lips == "lower" else region.side
        taken = np.where(on_mouth | (np.abs(side) < 1), smoothstep(-0.1, 1.0, side), 1.0 * (side > 0))
        if lips == "raised":
            touching = np.clip((region.ring - BORDER_RING) / (CONTACT_RING - BORDER_RING), 0.0, 1.0)
            taken = np.maximum(taken, touching * smoothstep(-0.1, 1.0, -side))
        return taken
    return np.where(on_mouth & (lips == "none"), 0.0, 1.0)


def pull_shape(region: Regions, pull: Pull) -> np.ndarray:
    """Displacement (V,3) of one pull on the left half."""
    at = region.rest[:, :2] * 1e3
    r2 = (((at - pull.centre) / pull.radius) ** 2).sum(axis=1)
    weight = np.exp(-r2) * np.where(r2 > 6.0, 0.0, 1.0 - smoothstep(4.0, 6.0, r2))
    weight *= (1.0 - region.lid) * region.front * region.inner * _take(region, pull.lips)
    if pull.lips == "none" and pull.centre[0] > 0:
        weight *= half_mask(region.rest[:, 0])
    return weight[:, None] * np.asarray(pull.move) * 1e-3


def slide(skin: Skin, region: Regions, delta: np.ndarray) -> np.ndarray:
    """Let skin that is drawn sideways follow the form under it: keep its distance from the head's field.

    The part of the movement along the normal that was asked for is kept.
    """
    moving = (np.abs(delta).max(axis=1) > 1e-6) & (region.inner >= 1.0)
    p, d = skin.vertices[moving], delta[moving]
    normal = sdf.gradient(skin.field, p)
    asked = (d * normal).sum(axis=1)
    level = skin.field(p) + np.maximum(asked, -0.002)
    limit = np.linalg.norm(d, axis=1, keepdims=True) * 0.6
    moved = sdf.project(skin.field, p + d, level, 1) - p - d
    size = np.linalg.norm(moved, axis=1, keepdims=True)
    out = delta.copy()
    out[moving] = d + moved * np.minimum(1.0, limit / np.maximum(size, 1e-9))
    return out

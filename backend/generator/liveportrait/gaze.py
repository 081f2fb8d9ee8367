"""Gaze put into keypoints without any network: what LivePortrait's own gaze control adds for each unit of its slider.

    x > 0: +0.0007 x on point 11 and +0.001 x on point 15, x < 0 the other way round (to the right of the picture)
    y:     -0.0005 y upwards on 11 and 15; lids follow with -0.00015 y on 13 and 16
    (-0.001 y, and half of it back for the lids, which close by y / 2: KwaiVGI/LivePortrait 1986663)

Its sliders run over 30 units sideways and 63 up and down. In its crop an inter-ocular distance is about 50 of 256 px,
so an eyeball of 12 mm that turns by 30 degrees moves its pupil by 5 px, and 30 units are 0.0255 x 128 x 1.5 = 5 px:
one unit sideways is taken as a degree, and two up and down.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from .keypoints import EYEBALLS, LIDS, left_of

SIDEWAYS: Final[tuple[tuple[float, float], tuple[float, float]]] = ((0.001, 0.0007), (0.0007, 0.001))
"""Per unit to the left and to the right of the picture, of each of EYEBALLS."""
UPWARDS: Final[float] = -0.0005
LID: Final[float] = -0.00015
UNITS_SIDEWAYS: Final[float] = 1.0
UNITS_UPWARDS: Final[float] = 2.0
"""Slider units per degree."""
MOST: Final[tuple[float, float]] = (30.0, 63.0)


def gaze_offsets(gaze: Tensor, canonical: Tensor) -> Tensor:
    """What a gaze (T,4), pitch and yaw of the left and the right eye in radians, adds to expressions: (T,K,3).

    `canonical` (K,3) are the portrait's own keypoints, which say which eyeball is the left one.
    """
    degrees = gaze.rad2deg().reshape(-1, 2, 2)
    across = (degrees[..., 1] * UNITS_SIDEWAYS).clamp(-MOST[0], MOST[0])
    up = (-degrees[..., 0] * UNITS_UPWARDS).clamp(-MOST[1], MOST[1])
    offsets = gaze.new_zeros(len(gaze), *canonical.shape)
    for eye, place in enumerate(left_of(canonical)):
        left, right = SIDEWAYS[0][place], SIDEWAYS[1][place]
        gain = torch.where(across[:, eye] > 0, right, left)
        offsets[:, EYEBALLS[place], 0] = across[:, eye] * gain
        offsets[:, EYEBALLS[place], 1] = up[:, eye] * UPWARDS
        offsets[:, LIDS[place], 1] = up[:, eye] * LID
    return offsets

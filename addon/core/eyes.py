"""How eye angles and the eight eye-look channels agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .channels import CHANNEL_INDEX, CHANNELS

EYE_LOOK_RADIANS: Final[Mapping[str, float]] = {"Down": 0.612, "Up": 0.453, "Out": 0.734, "In": 0.456}
"""Radians of eye rotation at an eye-look channel of 1: least squares over six Live Link Face captures of an iPhone
(15,333 frames, `motion/LiveLinkFace-alexdjulin`), mean of the captures."""


def eye_look_channels(gaze: np.ndarray) -> np.ndarray:
    """(T,52) float64 with only the eye-look channels set, 0..1, from `gaze` (T,2,2) (pitch, yaw) radians per eye.

    +pitch looks down, +yaw to the character's left, which is outwards for the left eye and inwards for the right.
    """
    channels = np.zeros((len(gaze), len(CHANNELS)))
    for eye, side in enumerate(("Left", "Right")):
        pitch, outwards = gaze[:, eye, 0], gaze[:, eye, 1] * (1.0 if side == "Left" else -1.0)
        for name, angle in (("Down", pitch), ("Up", -pitch), ("Out", outwards), ("In", -outwards)):
            channels[:, CHANNEL_INDEX[f"eyeLook{name}{side}"]] = np.clip(angle / EYE_LOOK_RADIANS[name], 0.0, 1.0)
    return channels

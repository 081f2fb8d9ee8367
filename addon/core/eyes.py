"""How eye angles and the eight eye-look channels agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .channels import CHANNEL_INDEX, CHANNELS

EYE_LOOK_RADIANS: Final[Mapping[str, float]] = {"Down": 0.612, "Up": 0.453, "Out": 0.734, "In": 0.456}
"""Radians of eye rotation at an eye-look channel of 1: least squares over six Live Link Face captures of an iPhone
(15,333 frames, `motion/LiveLinkFace-alexdjulin`), mean of the captures."""

_LOOKS: Final[tuple[tuple[str, int, float], ...]] = (
    ("DownLeft", 0, 1.0), ("UpLeft", 0, -1.0), ("OutLeft", 1, 1.0), ("InLeft", 1, -1.0),
    ("DownRight", 2, 1.0), ("UpRight", 2, -1.0), ("OutRight", 3, -1.0), ("InRight", 3, 1.0),
)  # fmt: skip
"""Of each eye-look channel which of the four angles moves it, and in which direction."""
_COLUMNS: Final[list[int]] = [CHANNEL_INDEX[f"eyeLook{name}"] for name, _, _ in _LOOKS]
_ANGLES: Final[list[int]] = [angle for _, angle, _ in _LOOKS]
_RADIANS: Final[np.ndarray] = np.array(
    [sign * EYE_LOOK_RADIANS[name.removesuffix("Left").removesuffix("Right")] for name, _, sign in _LOOKS]
)


def eye_look_channels(gaze: np.ndarray) -> np.ndarray:
    """(T,52) float64 with only the eye-look channels set, 0..1, from `gaze` (T,2,2) (pitch, yaw) radians per eye.

    +pitch looks down, +yaw to the character's left, which is outwards for the left eye and inwards for the right.
    """
    channels = np.zeros((len(gaze), len(CHANNELS)))
    channels[:, _COLUMNS] = np.clip(gaze.reshape(len(gaze), 4)[:, _ANGLES] / _RADIANS, 0.0, 1.0)
    return channels

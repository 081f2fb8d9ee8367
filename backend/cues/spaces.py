"""The numbers that the networks speak in, and how they become channels of the face."""

from __future__ import annotations

from typing import Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX, CHANNELS, indices

LIP_CONTROLS: Final[tuple[str, ...]] = (
    "jawOpen", "jawForward", "mouthPucker", "mouthFunnel", "mouthStretch", "mouthSmile", "mouthDimple", "mouthPress",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthLowerDown", "mouthUpperUp",
    "tongueOut",
)  # fmt: skip
"""What speech moves; each stands for the left and the right channel where there are two."""
CONTACTS: Final[tuple[str, ...]] = ("bilabial", "labiodental")
LIP_OUTPUTS: Final[int] = len(LIP_CONTROLS) + len(CONTACTS)

EXPRESSION_CHANNELS: Final[tuple[str, ...]] = tuple(
    name for name in CHANNELS if not name.startswith("eyeLook") and name != "tongueOut"
)
"""What expression may move: all but the eyeballs and the tongue."""
EXPRESSION_COLUMNS: Final[list[int]] = [CHANNEL_INDEX[name] for name in EXPRESSION_CHANNELS]
EXPRESSION_SIZE: Final[int] = 14
"""Principal components that expression is spoken in."""
HEAD_SIZE: Final[int] = 3
"""Pitch, yaw, roll; the translation follows from them."""
HEAD_UNIT: Final[float] = 3.0
"""Degrees by which head angles are divided: about their spread in a sentence."""
GAZE_UNIT: Final[float] = 10.0
"""Degrees by which looks are divided where a network reads them."""


def lips_to_channels(lips: np.ndarray) -> np.ndarray:
    """(T,52) channels of lip controls (T,15), clipped to 0..1."""
    channels = np.zeros((len(lips), len(CHANNELS)))
    for column, name in enumerate(LIP_CONTROLS):
        for channel in indices(name):
            channels[:, channel] = lips[:, column]
    return np.clip(channels, 0.0, 1.0, out=channels)


def channels_to_lips(channels: np.ndarray) -> np.ndarray:
    """(T,15) lip controls of channels (T,52): the mean of both sides."""
    return np.stack([channels[:, indices(name)].mean(axis=1) for name in LIP_CONTROLS], axis=1)

"""Prosody: loudness, pitch and voice activity of a line, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

PROSODY_RATE: Final[int] = 50
"""Frames per second; frame n is centred on n / 50 seconds."""


@dataclass(frozen=True, eq=False)
class Prosody:
    """`loudness_db` (N,) dB re full scale; `f0_hz` (N,) Hz, 0 where unvoiced; `speech` (N,) bool voice activity."""

    loudness_db: np.ndarray
    f0_hz: np.ndarray
    speech: np.ndarray

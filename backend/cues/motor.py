"""The motor system behind smooth cues: positions that follow a drive as a critically damped spring does.

p'' = w^2 (g - p) - 2 w p'. The generator decides the drive g once a step; whatever it draws, the position is smooth,
as a head with mass or a face with tissue is. One step with a constant drive is exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from torch import Tensor

from .clock import CUE_RATE

STIFFNESS: Final[float] = 2.0 * np.pi * 1.5
"""w in 1/s: the band below 1.5 Hz passes, in which head and expression move most (Hadar 1983: .2 to 1.8 Hz); faster
motion needs a stronger drive."""
_STEP: Final[float] = 1.0 / CUE_RATE
_FADE: Final[float] = float(np.exp(-STIFFNESS * _STEP))


def follow(position: Tensor, velocity: Tensor, drive: Tensor) -> tuple[Tensor, Tensor]:
    """Position and velocity (units per s) one step later, all (..., D)."""
    offset = position - drive
    pull = velocity + STIFFNESS * offset
    return drive + (offset + pull * _STEP) * _FADE, (velocity - STIFFNESS * _STEP * pull) * _FADE


def between(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(T,D): cubic Hermite points at `share` (T,) in 0..1 of a step, from (T,2,D) position and velocity at its ends."""
    t = share[:, None]
    t2, t3 = t * t, t * t * t
    return (
        (2 * t3 - 3 * t2 + 1) * before[:, 0]
        + (t3 - 2 * t2 + t) * _STEP * before[:, 1]
        + (3 * t2 - 2 * t3) * after[:, 0]
        + (t3 - t2) * _STEP * after[:, 1]
    )

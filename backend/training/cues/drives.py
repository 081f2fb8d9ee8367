"""The drives that lead the motor system along a track: what the generator is to say, worked out from what was done."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.signal
import torch

from backend.cues.clock import CUE_RATE
from backend.cues.motor import STIFFNESS, follow

_STEP: Final[float] = 1.0 / CUE_RATE


def drive_of(track: np.ndarray) -> np.ndarray:
    """(...,M-1,D) drives that lead the positions along `track` (...,M,D) at 25 steps a second, from its first point on.

    The equation of motion at the middle of each step, with central differences.
    """
    velocity = np.gradient(track, _STEP, axis=-2)
    acceleration = np.gradient(velocity, _STEP, axis=-2)
    drive = track + 2.0 * velocity / STIFFNESS + acceleration / STIFFNESS**2
    return 0.5 * (drive[..., 1:, :] + drive[..., :-1, :])


def followed(start: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (M,D) before each of M steps with the drives (M,D), from rest at `start` (D,).

    `follow` is linear, so a run of it is a recursive filter of second order.
    """
    unit = torch.eye(2, dtype=torch.float64)
    system = torch.stack(follow(unit[0], unit[1], torch.zeros(2, dtype=torch.float64))).numpy()
    rest = torch.zeros(1, dtype=torch.float64)
    gain = torch.stack(follow(rest, rest, rest + 1.0)).numpy()
    numerators, denominator = scipy.signal.ss2tf(system, gain, np.eye(2), np.zeros((2, 1)))
    position, velocity = (scipy.signal.lfilter(row, denominator, drive - start, axis=0) for row in numerators)
    return np.asarray(position) + start, np.asarray(velocity)

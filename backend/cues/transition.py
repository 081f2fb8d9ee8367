"""Transitions: a face whose emotion changes when the artist's keys say so.

The generator answers a change of emotion as a slow face does, half of it after 0.35 s and nearly all after 0.9 s. The
keys are known, so what it is behind them is known too, and is put in front of it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .clock import ENCODER_RATE
from .running_mean import RunningMean, decay_of

SLOWNESS: Final[float] = 0.2
"""Seconds of each of two delays in a row, which are how the generator follows. Of smiles, brows and frowns keyed
to come or go within 0.3 s it has done 0.2 when the keys are through, and each 0.2 s later 0.45, 0.7, 0.85 and 0.95
(twelve lines of a clean reader, fitted by eye); the delays 0.17, 0.52, 0.76, 0.89 and 0.95."""


class Transition:
    """How far the generator is behind the emotion of one line, piece by piece."""

    def __init__(self, emotion: np.ndarray) -> None:
        """`emotion` (1,9) is the one in which the line begins; the face has been in it for long."""
        decay, first = decay_of(SLOWNESS, ENCODER_RATE), _felt(emotion)[0]
        self._delays = RunningMean(decay, first), RunningMean(decay, first)

    def push(self, emotion: np.ndarray) -> np.ndarray:
        """(S,8): shares of the emotions that are still to come (negative: to go), at steps with the emotion (S,9)."""
        felt = _felt(emotion)
        first, second = self._delays
        return felt - second.run(first.run(felt))


def _felt(emotion: np.ndarray) -> np.ndarray:
    return emotion[:, :8].astype(np.float64) * emotion[:, 8:]

"""Accents: whether brows answer the stressed syllables of a line.

A face that only speaks with its mouth looks read out. Accents are the vowels whose loudness, pitch and length stand out
in the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from addon.core.channels import indices
from addon.core.performance import Performance
from backend.audio.prosody import Prosody
from backend.rules.emphasis import emphasis_of
from backend.speech.phones import Phone

BEFORE: Final[tuple[float, float]] = (-0.3, -0.1)
ON: Final[tuple[float, float]] = (0.0, 0.3)
"""Seconds from the middle of the vowel: what is compared."""


def brow_answer(performance: Performance, accents: np.ndarray) -> float:
    """Mean over `accents`, in seconds (A,), of how much higher the brows are `ON` one than `BEFORE` it: the mean of the
    channels that raise them, 0..1. 0 by chance, nan without accents.
    """
    if not len(accents):
        return float("nan")
    raised = performance.channels[:, indices("browInnerUp", "browOuterUp")].mean(axis=1)
    on, before = (_frames(accents, window, performance) for window in (ON, BEFORE))
    return float(raised[on].mean() - raised[before].mean())


def accents_of(prosody: Prosody, phones: Sequence[Phone]) -> np.ndarray:
    """(A,) seconds of the accents of a line, from its prosody and its aligned phones."""
    return emphasis_of(prosody, phones, np.zeros(1)).accents


def _frames(accents: np.ndarray, window: tuple[float, float], performance: Performance) -> np.ndarray:
    """(A,F) numbers of the frames around each accent; those beyond the ends are the first and the last."""
    around = np.arange(round(window[0] * performance.fps), round(window[1] * performance.fps) + 1)
    at = np.round(np.asarray(accents, dtype=np.float64) * performance.fps).astype(np.int64)
    return np.clip(at[:, None] + around, 0, performance.frame_count - 1)

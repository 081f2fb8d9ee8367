"""How long eyes stay away from the partner: what the network tells less apart than its teacher, put right by emotion.

As it turns the head less (`performer.HEAD_SPREAD`), it averts the eyes less where an emotion has them averted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch

from addon.core.emotion import EMOTIONS

from .film import emotion_felt

AVERSION: Final[Mapping[str, float]] = {"disgusted": 0.5, "happy": -0.3, "sad": 0.5}
"""Logarithm by which the odds of being averted are raised, by emotion. Away from the partner a sad look is held for
1.24 s without it and 1.51 s with it (rules 1.53 s), a disgusted one for 1.22 and 1.33 s (1.33), a happy one for 1.14
and 1.01 s (0.82); the others are held 0.1 to 0.2 s longer than by the rules (20 lines of a clean reader, four takes
each)."""
MUTUAL: Final[float] = 5.0
"""Degrees within which a look is on the partner."""
_BY_EMOTION: Final[np.ndarray] = np.array([AVERSION.get(name, 0.0) for name in EMOTIONS])


def aversion_of(emotion: np.ndarray) -> np.ndarray:
    """(S,1) float32 logarithms of odds, of an emotion (S,9) as in a Performance."""
    felt = emotion_felt(torch.from_numpy(emotion)).numpy()
    return (felt @ _BY_EMOTION)[:, None].astype(np.float32)


def averting(cell_mean: np.ndarray) -> np.ndarray:
    """(CELLS,) what aversion adds to the logits of fixation cells, whose means are (CELLS,2) degrees: half of it to
    those away from the partner, and as much less to those on it.
    """
    return np.where(np.hypot(*cell_mean.T) < MUTUAL, -0.5, 0.5)

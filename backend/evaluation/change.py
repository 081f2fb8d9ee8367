"""Change: whether the face is in an emotion when the artist's keys are.

A face that answers late smiles after the joke. How far it has come is read along the line from where it was to where it
stays, so that an engine that expresses less is not slower for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.performance import Performance
from backend.rules.expression import prototypes

BEFORE: Final[float] = 0.5
"""Seconds before the change of which the mean is where the face was."""
SETTLED: Final[float] = 1.5
"""Seconds after the change from where on the face stays."""
LATER: Final[float] = 0.3
"""Seconds after the change at which it is looked at again."""
LEAST: Final[float] = 0.1
"""Of the emotion's prototype: a face that changes less cannot be timed."""


@dataclass(frozen=True)
class Arrival:
    """Shares of a change, about 0..1, that the face has done when its keys are through, and `LATER`."""

    through: float
    later: float


def arrival(performance: Performance, emotion: int, begins: float, ends: float) -> Arrival:
    """How the channels of a performance go over to `EMOTIONS[emotion]`, which is keyed to come from `begins` to `ends`,
    in seconds from its first frame.

    Both are nan where the performance ends before the face has settled, or the face does not change.
    """
    prototype = prototypes()[emotion]
    shown = performance.channels @ prototype / max(float(prototype @ prototype), 1e-9)
    first, last = round(begins * performance.fps), round((ends + SETTLED) * performance.fps)
    if last >= len(shown):
        return Arrival(float("nan"), float("nan"))
    was, stays = shown[max(0, first - round(BEFORE * performance.fps)) : first + 1].mean(), shown[last:].mean()
    if abs(stays - was) < LEAST:
        return Arrival(float("nan"), float("nan"))
    return Arrival(*(_share(shown, at * performance.fps, was, stays) for at in (ends, ends + LATER)))


def _share(shown: np.ndarray, frame: float, was: float, stays: float) -> float:
    """The mean of three frames, since speech is in some channels of an emotion too."""
    near = shown[round(frame) - 1 : round(frame) + 2]
    return float((near.mean() - was) / (stays - was))

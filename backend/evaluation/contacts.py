"""Closures: whether the lips are shut where p, b and m are said, and only there.

A closure is a run of frames in which the centre of the inner lips is closer than `CLOSED_LIPS`. Times are forced
alignment's, which is right to about a frame or two; so a phone counts for `TOLERANCE` before and after it too.

Recall: share of the p, b, m in which some closed frame falls.
Precision: of the closures while speaking, the share of which at least half the time lies within p, b, m; those on f
and v are counted apart, because lower lip and teeth come as close there. Pauses longer than 0.2 s, and closed lips that
lead into or out of them, are rest and neither right nor wrong. Half the time, because a mouth that stays shut through a
sentence touches every p, b and m and must not be called precise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.face.landmarks import CLOSED_LIPS
from backend.speech.phones import Phone
from backend.speech.visemes import BILABIAL, LABIODENTAL

from .signals import runs, speaking_frames

TOLERANCE: Final[float] = 0.04
"""Seconds on either side of a phone."""
PAUSE: Final[float] = 0.2
"""Seconds; a longer silence is a pause."""
EDGE: Final[float] = 0.08
"""Seconds next to a pause in which closed lips are still, or already, at rest."""


@dataclass(frozen=True)
class Closures:
    """Counts of one clip or of many: p, b, m and those closed; closures while speaking and what they fell on."""

    bilabials: int = 0
    closed: int = 0
    closures: int = 0
    on_bilabial: int = 0
    on_labiodental: int = 0

    def __add__(self, other: Closures) -> Closures:
        """Counts of both together."""
        return Closures(*(a + b for a, b in zip(_counts(self), _counts(other), strict=True)))

    @property
    def recall(self) -> float:
        """Share of p, b, m with closed lips; nan without any."""
        return self.closed / self.bilabials if self.bilabials else float("nan")

    @property
    def precision(self) -> float:
        """Share of closures on p, b, m among those that are not on f or v; nan without closures."""
        others = self.closures - self.on_labiodental
        return self.on_bilabial / others if others else float("nan")

    @property
    def strict_precision(self) -> float:
        """Share of all closures that are on p, b, m: one on f or v counts as wrong."""
        return self.on_bilabial / self.closures if self.closures else float("nan")


def closures(gap: np.ndarray, fps: float, phones: Sequence[Phone]) -> Closures:
    """Counts of one clip from the inner-lip gap (T,) IOD and its aligned phones, which cover the clip in order."""
    times = np.arange(len(gap)) / fps
    shut = np.asarray(gap) < CLOSED_LIPS
    bilabial, labiodental = _near(phones, BILABIAL, times), _near(phones, LABIODENTAL, times)
    said = [p for p in phones if p.name in BILABIAL]
    hit = [_window(p, times) & shut for p in said]
    speaking = speaking_frames(phones, times, PAUSE)
    found = [run for run in runs(shut & speaking) if not _at_rest(run, speaking, fps)]
    on_bilabial = [run for run in found if _mostly(run, bilabial)]
    on_labiodental = [run for run in found if not _mostly(run, bilabial) and _mostly(run, labiodental)]
    return Closures(len(said), sum(bool(h.any()) for h in hit), len(found), len(on_bilabial), len(on_labiodental))


def _at_rest(run: tuple[int, int], speaking: np.ndarray, fps: float) -> bool:
    """Whether a run lies wholly within `EDGE` of a pause or of the clip's ends."""
    reach = round(EDGE * fps)
    first, last = run
    before, after = first, last
    while before > 0 and speaking[before - 1]:
        before -= 1
    while after < len(speaking) - 1 and speaking[after + 1]:
        after += 1
    return last - before < reach or after - first < reach


def _mostly(run: tuple[int, int], near: np.ndarray) -> bool:
    return bool(near[run[0] : run[1] + 1].mean() >= 0.5)


def _near(phones: Sequence[Phone], kinds: frozenset[str], times: np.ndarray) -> np.ndarray:
    near = np.zeros(len(times), dtype=bool)
    for phone in phones:
        if phone.name in kinds:
            near |= _window(phone, times)
    return near


def _window(phone: Phone, times: np.ndarray) -> np.ndarray:
    return (times >= phone.start - TOLERANCE) & (times <= phone.end + TOLERANCE)


def _counts(value: Closures) -> tuple[int, int, int, int, int]:
    return value.bilabials, value.closed, value.closures, value.on_bilabial, value.on_labiodental

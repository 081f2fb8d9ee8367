"""How far the whole faces of emotions may go on a rig: lips that are closed stay closed, lids that are open stay open.

Conventions like VRM have a smile, a frown or anger as one shape that was made to stand alone. Names do not tell whether
such a shape parts the lips or shuts the eyes, so that it is measured against the shapes that are there to do so.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .errors import RigError
from .placement import lip_pair
from .shapes import Shapes

PARTED: Final[float] = 0.03
"""Part of the opening of the widest vowel by which a mood may part closed lips: below what reads as open (0.05)."""
SHUT: Final[float] = 0.3
"""Part of a blink by which a mood may shut the eyes: narrowed, as a smile does it, and still looking [chosen]."""
LEAST: Final[float] = 0.25
"""A mood that could not go as far as this rests: a trace of it would be no expression [chosen]."""


def mood_limits(rest: np.ndarray, moods: np.ndarray, vowel: np.ndarray, blinks: np.ndarray) -> np.ndarray:
    """(M,) in 0..1: the value up to which each mood leaves lips and lids as they are.

    From what they do to a mesh with vertices `rest` (V,3): `moods` (M,V,3), the widest `vowel` (V,3) and the `blinks`
    (B,V,3), in contract axes. 0 where no lips are found, since nothing is known of them then.
    """
    try:
        upper, lower = lip_pair(Shapes(rest, vowel[None]))
    except RigError:
        return np.zeros(len(moods))
    opening = float(vowel[upper, 1] - vowel[lower, 1])
    parts = (moods[:, upper, 1] - moods[:, lower, 1]) / opening
    shuts = np.array([[_share(mood, blink) for blink in blinks] for mood in moods]).reshape(len(moods), -1)
    limits = np.minimum(_limit(parts, PARTED), _limit(shuts.max(axis=1, initial=0.0), SHUT))
    return np.where(limits < LEAST, 0.0, limits)


def _limit(done: np.ndarray, allowed: float) -> np.ndarray:
    """The value up to which something that does `done` at 1 does no more than `allowed`."""
    return allowed / np.maximum(done, allowed)


def _share(mood: np.ndarray, blink: np.ndarray) -> float:
    """How much of a blink a mood makes: its motion along that of the lids."""
    whole = float((blink * blink).sum())
    return float((mood * blink).sum()) / whole if whole > 0 else 0.0

"""Phones and visemes that the encoder heard: for the record of a performance, where no text is given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.speech.phones import Phone

from .clock import ENCODER_RATE
from .encoder import ENCODED_PHONES

SHORTEST_PHONE: Final[int] = 2
"""Steps of 20 ms; a shorter one is often doubt between two phones, and goes to the one before. Visemes are kept as they
were heard: without those of one step, closures and stops among them, 0.706 of a clean reader's frames are right instead
of 0.720, and an opening that is blended from them has r 0.83 instead of 0.87."""


def phones_heard(likeliest: np.ndarray, duration: float) -> tuple[Phone, ...]:
    """The `likeliest` phone of each step (S,), numbers in `ENCODED_PHONES`, as phones without gaps to `duration` s."""
    return tuple(Phone(*run) for run in spans_heard(likeliest, ENCODED_PHONES, duration, SHORTEST_PHONE))


def spans_heard(
    likeliest: np.ndarray, names: Sequence[str], duration: float, shortest: int = 1
) -> list[tuple[str, float, float]]:
    """(name, start, end) of the runs of one class in `likeliest` (S,), numbers in `names`, from 0 to `duration` s.

    A run of less than `shortest` steps goes to the one before.
    """
    edges = np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1))
    long = np.diff(edges) >= shortest
    long[0] = True
    first = edges[:-1][long]
    first = first[np.diff(likeliest[first], prepend=-1) != 0]
    bounds = [0.0, *((first[1:] - 0.5) / ENCODER_RATE).tolist(), duration]  # a step is the middle of its 20 ms
    return [
        (names[int(number)], start, end)
        for number, (start, end) in zip(likeliest[first].tolist(), itertools.pairwise(bounds), strict=True)
    ]

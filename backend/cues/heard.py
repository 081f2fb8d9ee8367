"""Phones and visemes that the encoder heard: for the record of a performance, where no text is given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.speech.phones import Phone

from .clock import ENCODER_RATE
from .encoder import ENCODED_PHONES

SHORTEST: Final[int] = 2
"""Steps of 20 ms; a shorter run is doubt between two classes, and goes to the one before."""


def phones_heard(likeliest: np.ndarray, duration: float) -> tuple[Phone, ...]:
    """The `likeliest` phone of each step (S,), numbers in `ENCODED_PHONES`, as phones without gaps to `duration` s."""
    return tuple(Phone(*run) for run in spans_heard(likeliest, ENCODED_PHONES, duration))


def spans_heard(likeliest: np.ndarray, names: Sequence[str], duration: float) -> list[tuple[str, float, float]]:
    """(name, start, end) of the runs of one class in `likeliest` (S,), numbers in `names`, from 0 to `duration` s."""
    edges = np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1))
    long = np.diff(edges) >= SHORTEST
    long[0] = True
    first = edges[:-1][long]
    first = first[np.diff(likeliest[first], prepend=-1) != 0]
    bounds = [0.0, *((first[1:] - 0.5) / ENCODER_RATE).tolist(), duration]  # a step is the middle of its 20 ms
    return [
        (names[int(number)], start, end)
        for number, (start, end) in zip(likeliest[first].tolist(), itertools.pairwise(bounds), strict=True)
    ]

"""Phones and visemes that the encoder heard: for the record of a performance, where no text is given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.speech.phones import Phone, fill_silence

from .clock import ENCODER_RATE
from .encoder import ENCODED_PHONES

SHORTEST: Final[int] = 2
"""Steps of 20 ms; a shorter run is doubt between two classes, and goes to the one before."""


def phones_heard(likeliest: np.ndarray, duration: float) -> tuple[Phone, ...]:
    """The `likeliest` phone of each step (S,), numbers in `ENCODED_PHONES`, as phones without gaps to `duration` s."""
    return fill_silence((Phone(*run) for run in spans_heard(likeliest, ENCODED_PHONES, duration)), duration)


def spans_heard(likeliest: np.ndarray, names: Sequence[str], duration: float) -> list[tuple[str, float, float]]:
    """(name, start, end) of the runs of one class in `likeliest` (S,), numbers in `names`, from 0 to `duration` s."""
    runs: list[tuple[int, int]] = []
    for first, last in itertools.pairwise(np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1)).tolist()):
        number = int(likeliest[first])
        if runs and (last - first < SHORTEST or runs[-1][0] == number):
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((number, last))
    ends = [(last - 0.5) / ENCODER_RATE for _, last in runs]  # a step is the middle of its 20 ms
    ends[-1:] = [duration]
    starts = [0.0, *ends[:-1]]
    return [(names[number], start, end) for (number, _), start, end in zip(runs, starts, ends, strict=True)]

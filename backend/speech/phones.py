"""Phones and words with their times: what the mouth is to say, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SILENCE: Final[str] = "SIL"

PHONES: Final[tuple[str, ...]] = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
"""The 39 ARPAbet phones of the CMU pronouncing dictionary, without stress digits."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: `name` from `PHONES` or `SILENCE`; `start` and `end` in seconds from the first sample."""

    name: str
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def centre(self) -> float:
        """Middle in seconds."""
        return 0.5 * (self.start + self.end)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the line as spoken; `start` and `end` in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Speech:
    """What is said and when. `phones` follow each other without gaps or overlaps; `method` tells how they were found.

    `method` is "aligned" (the artist gave the text), "recognized" (phones heard without text) or "silent".
    """

    phones: tuple[Phone, ...]
    words: tuple[Word, ...] = ()
    method: str = "recognized"
    warnings: tuple[str, ...] = ()


def fill_silence(phones: Iterable[Phone], duration: float) -> tuple[Phone, ...]:
    """Phones in order of time as one line from 0 to `duration` seconds without gaps or overlaps.

    Gaps become SILENCE, silences that meet become one, and what lies outside the sound is cut off. A phone that
    overlaps its predecessor starts where that one ends.
    """
    line: list[Phone] = []
    at = 0.0
    for phone in (*phones, Phone(SILENCE, duration, duration)):
        start, end = max(phone.start, at), min(phone.end, duration)
        if min(start, duration) > at:
            _append(line, Phone(SILENCE, at, min(start, duration)))
            at = min(start, duration)
        if end > at:
            _append(line, Phone(phone.name, at, end))
            at = end
    return tuple(line)


def _append(line: list[Phone], phone: Phone) -> None:
    if line and line[-1].name == phone.name == SILENCE:
        line[-1] = Phone(SILENCE, line[-1].start, phone.end)
    else:
        line.append(phone)

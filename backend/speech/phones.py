"""Phones and words with their times: what the mouth is to say, and when."""

from __future__ import annotations

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

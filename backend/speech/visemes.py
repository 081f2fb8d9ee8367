"""Visemes: the mouth shapes that phones are seen as.

The fifteen of the Oculus LipSync reference (sil PP FF TH DD kk CH SS nn RR aa E I O U), which Oculus, Ready Player Me
and VRChat rigs carry; which phones each stands for follows that reference and the open tables that use it
(OpenFaceFX and TalkingHead, both MIT).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from .phones import SILENCE, Phone

VISEMES: Final[tuple[str, ...]] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip
BILABIAL: Final[frozenset[str]] = frozenset({"P", "B", "M"})
"""Phones during which the lips meet."""
LABIODENTAL: Final[frozenset[str]] = frozenset({"F", "V"})
"""Phones during which the lower lip meets the upper teeth."""

VISEME_OF_PHONE: Final[Mapping[str, str]] = {
    SILENCE: "sil",
    "P": "PP", "B": "PP", "M": "PP",
    "F": "FF", "V": "FF",
    "TH": "TH", "DH": "TH",
    "T": "DD", "D": "DD", "L": "DD",
    "K": "kk", "G": "kk", "HH": "kk",
    "CH": "CH", "JH": "CH", "SH": "CH", "ZH": "CH",
    "S": "SS", "Z": "SS",
    "N": "nn", "NG": "nn",
    "R": "RR", "ER": "RR",
    "AA": "aa", "AE": "aa", "AH": "aa", "AY": "aa", "AW": "aa",
    "EH": "E", "IH": "E", "EY": "E",
    "IY": "I", "Y": "I",
    "AO": "O", "OW": "O", "OY": "O",
    "UH": "U", "UW": "U", "W": "U",
}  # fmt: skip
"""The viseme of each phone; of a diphthong, the one it is named by (`DIPHTHONGS` has both)."""

DIPHTHONGS: Final[Mapping[str, tuple[str, str]]] = {
    "AY": ("aa", "I"), "AW": ("aa", "U"), "EY": ("E", "I"), "OW": ("O", "U"), "OY": ("O", "I"),
}  # fmt: skip
"""First and second viseme: the vowels that the International Phonetic Alphabet writes them with."""
DIPHTHONG_SPLIT: Final[float] = 0.6
"""Share of the first one, as Rhubarb Lip Sync divides diphthongs."""


@dataclass(frozen=True, slots=True)
class Viseme:
    """One mouth shape: `name` from `VISEMES`, the `phone` it is seen of, `start` and `end` in seconds."""

    name: str
    phone: str
    start: float
    end: float


def visemes_of(phones: Iterable[Phone]) -> tuple[Viseme, ...]:
    """The visemes of phones, in the same order and covering the same time; a diphthong gives two."""
    result: list[Viseme] = []
    for phone in phones:
        if phone.name in DIPHTHONGS:
            first, second = DIPHTHONGS[phone.name]
            turn = phone.start + DIPHTHONG_SPLIT * phone.duration
            result.append(Viseme(first, phone.name, phone.start, turn))
            result.append(Viseme(second, phone.name, turn, phone.end))
        else:
            result.append(Viseme(VISEME_OF_PHONE[phone.name], phone.name, phone.start, phone.end))
    return tuple(result)

"""The phone names of flite and festival as the project's 39."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from addon.core.errors import SpeechError
from backend.speech.phones import PHONES, SILENCE, Phone

_REDUCED: Final[Mapping[str, tuple[str, ...]]] = {
    "ax": ("AH",), "axr": ("ER",), "ix": ("IH",), "ux": ("UW",), "dx": ("T",), "nx": ("N",), "hv": ("HH",),
    "el": ("AH", "L"), "em": ("AH", "M"), "en": ("AH", "N"), "eng": ("AH", "NG"),
    "pau": (), "h#": (), "#": (), "brth": (), "ssil": (), "sil": (), "epi": (),
}  # fmt: skip
"""What the radio and DARPA phone sets have beyond ARPAbet, as the CMU dictionary writes it: reduced vowels as full
ones, the flap as T, a syllabic consonant as AH and the consonant. Nothing stands for silence."""


def arpabet(name: str) -> tuple[str, ...]:
    """`PHONES` of one phone of a synthesizer; (SILENCE,) for a pause. Raises SpeechError for a name nobody knows."""
    lower = name.lower().rstrip("012")
    if lower in _REDUCED:
        return _REDUCED[lower] or (SILENCE,)
    if lower.upper() not in PHONES:
        raise SpeechError("corpus.phone", "A synthesizer names a phone that is not in the table of phones.", name)
    return (lower.upper(),)


def arpabet_line(
    ends: Iterable[tuple[str, float]], named: Callable[[str], tuple[str, ...]] = arpabet
) -> tuple[Phone, ...]:
    """(name, end in seconds) of a synthesizer, in order of time, as phones; one that becomes two is halved."""
    line: list[Phone] = []
    at = 0.0
    for name, end in ends:
        names = named(name)
        step = (end - at) / len(names)
        if step > 0:
            line += [Phone(n, at + k * step, at + (k + 1) * step) for k, n in enumerate(names)]
            at = end
    return tuple(line)

"""Phones heard without knowing the text, in chunks cut at pauses, so that a line of any length can be done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from backend.audio.prosody import PROSODY_RATE, Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound

from . import sphinx
from .phones import SILENCE, Phone, Report, Speech, fill_silence

CHUNK_SECONDS: Final[float] = 12.0
"""Regions of speech are joined up to this length: long enough for the cepstral mean to settle."""
LONGEST_SECONDS: Final[float] = 20.0
"""A region without a pause is cut at its quietest moment before this."""
MARGIN_SECONDS: Final[float] = 0.15
"""Kept around each region: the onset of a weak consonant comes before voice activity."""
SPEECH_SHARE: Final[float] = 0.5
"""A phone belongs to speech when this share of it is voice activity."""
ALLOWANCE: Final[int] = 2
"""Frames of 20 ms by which voice activity is widened before that: its edges are soft."""


def recognize(sound: Sound, prosody: Prosody | None = None, report: Report | None = None) -> Speech:
    """The phones of a sound of any length, by pocketsphinx's phone recognizer (English).

    What is recognized outside voice activity is taken as silence; a sound without any gives the method "silent".
    `report` hears the fraction done after each chunk and may raise to cancel.
    """
    prosody = prosody or analyse_prosody(sound)
    if not prosody.speech.any():
        return silent(sound)
    phones: list[Phone] = []
    for start, end in chunks(prosody, sound.duration):
        phones += heard_between(sound, start, end)
        if report:
            report(min(1.0, end / sound.duration))
    return Speech(phones=fill_silence(keep_speech(phones, prosody), sound.duration), method="recognized")


def silent(sound: Sound) -> Speech:
    """The speech of a sound in which nobody speaks."""
    return Speech(
        phones=fill_silence((), sound.duration),
        method="silent",
        warnings=("No voice was found in the sound; the lips will rest.",),
    )


def heard_between(sound: Sound, start: float, end: float) -> list[Phone]:
    """Phones recognized between two times in seconds."""
    piece = sound.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    return sphinx.timed(sphinx.recognize_phones(piece), start, end)


def keep_speech(phones: Iterable[Phone], prosody: Prosody) -> list[Phone]:
    """The phones that lie in voice activity; the others are left out."""
    active = np.convolve(prosody.speech, np.ones(2 * ALLOWANCE + 1), mode="same") > 0
    total = np.concatenate([[0], np.cumsum(active)])
    kept: list[Phone] = []
    for phone in phones:
        first = min(round(phone.start * PROSODY_RATE), len(active) - 1)
        last = min(max(first + 1, round(phone.end * PROSODY_RATE)), len(active))
        if phone.name != SILENCE and total[last] - total[first] >= SPEECH_SHARE * (last - first):
            kept.append(phone)
    return kept


def chunks(prosody: Prosody, duration: float) -> list[tuple[float, float]]:
    """(start, end) in seconds of stretches that hold all voice activity, in order, without overlap."""
    result: list[tuple[float, float]] = []
    for start, end in _regions(prosody, duration):
        if result and end - result[-1][0] <= CHUNK_SECONDS:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


def _regions(prosody: Prosody, duration: float) -> list[tuple[float, float]]:
    """Runs of voice activity with their margins; too long ones are cut where they are quietest."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], prosody.speech.astype(np.int8), [0]])))
    regions: list[tuple[float, float]] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start = max(0.0, first / PROSODY_RATE - MARGIN_SECONDS)
        end = min(duration, last / PROSODY_RATE + MARGIN_SECONDS)
        if regions:
            start = max(start, regions[-1][1])  # the margins of a short pause overlap
        while end - start > LONGEST_SECONDS:
            window = slice(
                int((start + CHUNK_SECONDS / 2) * PROSODY_RATE), int((start + LONGEST_SECONDS) * PROSODY_RATE)
            )
            cut = (window.start + int(np.argmin(prosody.loudness_db[window]))) / PROSODY_RATE
            regions.append((start, cut))
            start = cut
        regions.append((start, end))
    return regions

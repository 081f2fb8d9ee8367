"""Phones heard without knowing the text, in chunks cut at pauses, so that a line of any length can be done."""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.audio.prosody import PROSODY_RATE, Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.progress import Share

from . import sphinx
from .activity import keep_speech, trim_to_speech
from .phones import Phone, Speech, fill_silence

CHUNK_SECONDS: Final[float] = 12.0
"""Regions of speech are joined up to this length: long enough for the cepstral mean to settle."""
LONGEST_SECONDS: Final[float] = 20.0
"""A region without a pause is cut at its quietest moment before this."""
MARGIN_SECONDS: Final[float] = 0.15
"""Kept around each region: the onset of a weak consonant comes before voice activity."""


def recognize(sound: Sound, prosody: Prosody | None = None, report: Share | None = None) -> Speech:
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
    return Speech(
        phones=fill_silence(trim_to_speech(keep_speech(phones, prosody), prosody), sound.duration), method="recognized"
    )


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

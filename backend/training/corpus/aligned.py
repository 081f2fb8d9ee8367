"""Speech whose phone times nobody gives: the project's own aligner finds them.

What the aligner has anything to say about is left out: the text does not fit, or has words that no dictionary knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.errors import SoliloquyError
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.speech.aligner import align
from backend.speech.phones import SILENCE, Phone

from .batch import Batch
from .manifest import Dropped, Material

EDGE_SECONDS: Final[float] = 0.3
"""So much is kept before the first phone and after the last: recordings of volunteers begin and end with handling."""
BATCH: Final[int] = 20


@dataclass(frozen=True)
class Unaligned:
    """A clip before its phones are known: as `Material`; `read` gives its sound or raises SoliloquyError."""

    id: str
    source: str
    voice: str
    split: str
    text: str
    licence: str
    read: Callable[[], Sound]


def with_pauses(samples: np.ndarray) -> Sound:
    """Samples (n,) of speech cut off close, with silence around: the aligner starts and ends with a pause.

    Without one the first phone and the last take in what is before and after, by up to 0.1 s.
    """
    pause = round(EDGE_SECONDS * SAMPLE_RATE)
    padded = np.pad(samples, pause)
    return Sound(padded, hashlib.sha256(padded.tobytes()).hexdigest())


def aligned_batches(source: str, clips: Sequence[Unaligned]) -> list[Batch]:
    """Batches of clips of one source, in their order."""
    return [_batch(source, clips[k : k + BATCH]) for k in range(0, len(clips), BATCH)]


def _batch(source: str, clips: Sequence[Unaligned]) -> Batch:
    def make(wanted: frozenset[str]) -> Iterator[Material | Dropped]:
        return (_aligned(clip) for clip in clips if clip.id in wanted)

    return Batch(source, tuple(clip.id for clip in clips), make)


def _aligned(clip: Unaligned) -> Material | Dropped:
    try:
        sound = clip.read()
        speech = align(sound, clip.text)
    except SoliloquyError as error:
        return Dropped(clip.id, str(error))
    if speech.method != "aligned" or speech.warnings:
        return Dropped(clip.id, " ".join(speech.warnings) or f"The phones were {speech.method}.")
    said = [p for p in speech.phones if p.name != SILENCE]
    first = max(0, round((said[0].start - EDGE_SECONDS) * SAMPLE_RATE))
    last = min(len(sound.samples), round((said[-1].end + EDGE_SECONDS) * SAMPLE_RATE))
    shift = first / SAMPLE_RATE
    moved = tuple(Phone(p.name, p.start - shift, p.end - shift) for p in said)
    return Material(
        clip.id, clip.source, clip.voice, clip.split, clip.text, clip.licence, sound.samples[first:last], moved
    )

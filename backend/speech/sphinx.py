"""The one file that knows pocketsphinx: word alignment, phone alignment, phone recognition, dictionary.

Decoders are made once in a process (0.1 s each) and used under a lock. Cepstral means are taken over each sound
(`cmn="batch"`) and the front end starts anew with each, so that a result never depends on what was decoded before.
Beams stay at their defaults where phones are aligned: wider ones make that fail. Where the words of a long line are
found, the default ones lose the thread for minutes after one sentence that was read otherwise; wide ones found 82 of
82 sentences of a ten-minute line.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pocketsphinx import Decoder, get_model_path

from backend.audio.sound import SAMPLE_RATE

from .letters import phones_of
from .phones import PHONES, SILENCE, Phone

FRAME_RATE: Final[int] = 100
"""Acoustic frames per second."""
FRAME_OFFSET: Final[float] = 0.0078
"""Seconds from the nominal start of a frame to where it begins to speak for the sound: frame n is a window of 25.6 ms
from n / 100 s, so the middle between the centres of two neighbours lies 12.8 - 5 ms later. Against the exact times of
a synthesizer it takes away the -3 to -7 ms of bias that phone starts have without it."""
LEVEL: Final[float] = 0.7
"""Peak to which sounds are brought before they become 16-bit."""
FEWEST_SAMPLES: Final[int] = SAMPLE_RATE // 10
"""The front end needs a few windows before it can say anything."""

_lock = threading.Lock()
_taught: set[str] = set()
"""Words added by `teach`; they stay unknown, so that a line says the same about itself every time."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of frames: `name` of a word or phone, `start` and `end` in frames (end excluded).

    `score` is the acoustic score of an aligned phone, a scaled log likelihood over its frames; 0 elsewhere.
    """

    name: str
    start: int
    end: int
    score: int = 0


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """A dictionary word (SILENCE for a pause) and its phones."""

    name: str
    phones: tuple[Segment, ...]


def knows(word: str) -> bool:
    """Whether the pronouncing dictionary has the word."""
    with _lock:
        return bool(word) and word not in _taught and _aligner().lookup_word(word) is not None


def teach(word: str) -> bool:
    """Put a word into the dictionary with the phones that its letters suggest; False where they suggest none."""
    if knows(word):
        return True
    with _lock:
        taught = _add(_aligner(), word)
        if taught:
            _taught.add(word)
        return taught


def phone_count(words: Sequence[str]) -> int:
    """Phones of all words, each in its first pronunciation; a word neither known nor taught has none."""
    with _lock:
        return sum(len((_aligner().lookup_word(word) or "").split()) for word in words)


def _add(decoder: Any, word: str) -> bool:
    if decoder.lookup_word(word) is None:
        if not (phones := phones_of(word)):
            return False
        decoder.add_word(word, " ".join(phones), True)
    return True


def find_words(samples: np.ndarray, words: tuple[str, ...]) -> tuple[Segment, ...]:
    """Words and pauses with their frames over a whole sound, of any length; empty where the words do not fit it."""
    with _lock:
        decoder = _finder()
        for word in set(words) & _taught:
            _add(decoder, word)
        decoder.set_align_text(" ".join(words))
        if not _decode(decoder, to_pcm(samples)) or decoder.hyp() is None:
            return ()
        return tuple(Segment(_name(s.word), s.start_frame, s.end_frame + 1) for s in decoder.seg())


def align_phones(samples: np.ndarray, words: tuple[str, ...]) -> tuple[AlignedWord, ...]:
    """Words with their phones; empty where the words do not fit. Memory grows with the square of the length."""
    with _lock:
        decoder = _aligner()
        pcm = to_pcm(samples)
        decoder.set_align_text(" ".join(words))
        if not _decode(decoder, pcm) or decoder.hyp() is None:
            return ()
        decoder.set_alignment()
        if not _decode(decoder, pcm):  # a hypothesis must not be asked for here: pocketsphinx 5.1.1 crashes
            return ()
        return tuple(
            AlignedWord(
                _name(word.name),
                tuple(Segment(_phone(p.name), p.start, p.start + p.duration, p.score) for p in word),
            )
            for word in decoder.get_alignment() or ()
        )


def recognize_phones(samples: np.ndarray) -> tuple[Segment, ...]:
    """Phones (SILENCE for pauses and noises) that are heard without knowing the text."""
    with _lock:
        decoder = _recognizer()
        if not _decode(decoder, to_pcm(samples)) or decoder.hyp() is None:
            return ()
        return tuple(Segment(_phone(s.word), s.start_frame, s.end_frame + 1) for s in decoder.seg())


def timed(segments: Sequence[Segment], start: float, end: float) -> list[Phone]:
    """Segments of a piece of sound between two times in seconds as phones; the last one reaches to `end`."""
    edges = [start + (s.start / FRAME_RATE + FRAME_OFFSET if s.start else 0.0) for s in segments] + [end]
    edges = [min(edge, end) for edge in edges]
    return [Phone(s.name, edges[k], edges[k + 1]) for k, s in enumerate(segments)]


def to_pcm(samples: np.ndarray) -> bytes:
    """16-bit samples at a level where none are lost; padded with silence to `FEWEST_SAMPLES`."""
    peak = float(np.abs(samples).max(initial=0.0))
    scaled = samples * (LEVEL * 32767.0 / max(peak, 1e-4))
    return np.pad(scaled, (0, max(0, FEWEST_SAMPLES - len(scaled)))).astype("<i2").tobytes()


def _decode(decoder: Any, pcm: bytes) -> bool:
    """Run a decoder over a whole sound; False where the search ends without a path through it."""
    decoder.reinit_feat()  # 0.1 ms; the front end otherwise carries what it heard into the next sound
    try:
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
    except RuntimeError:
        return False
    return True


def _name(word: str) -> str:
    """A dictionary word without the number of its pronunciation; fillers such as <sil> are SILENCE."""
    return SILENCE if word.startswith(("<", "[", "+")) else word.partition("(")[0]


def _phone(name: str) -> str:
    return name if name in PHONES else SILENCE


@functools.cache
def _aligner() -> Any:
    return Decoder(lm=None, bestpath=False, cmn="batch", loglevel="FATAL")


@functools.cache
def _finder() -> Any:
    return Decoder(lm=None, bestpath=False, cmn="batch", beam=1e-120, wbeam=1e-100, pbeam=1e-120, loglevel="FATAL")


@functools.cache
def _recognizer() -> Any:
    """Settings from the pocketsphinx documentation for phone recognition; narrower beams are not faster by much."""
    language = f"{get_model_path()}/en-us/en-us-phone.lm.bin"
    return Decoder(lm=None, allphone=language, lw=2.0, pip=0.3, beam=1e-20, pbeam=1e-20, cmn="batch", loglevel="FATAL")

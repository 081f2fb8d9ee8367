"""Forced alignment: when each phone of a known text is said.

A long line is first aligned by words as a whole, which costs little memory, then by phones in chunks cut between
words. Each chunk is judged by its acoustic score: where the text does not fit the sound, the phones are recognized
instead, and the artist is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.audio.prosody import Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound

from . import sphinx
from .activity import keep_speech, trim_to_speech
from .phones import SILENCE, Phone, Report, Speech, Word, fill_silence
from .recognizer import heard_between, recognize, silent
from .text import spoken_words

CHUNK_SECONDS: Final[float] = 6.0
"""A chunk ends at the first pause after this."""
LONGEST_SECONDS: Final[float] = 12.0
"""A chunk without a pause ends with the first word after this; a line up to this length is one chunk."""
PAUSE_FRAMES: Final[int] = 10
POOR_SCORE: Final[float] = -40.0
BAD_SCORE: Final[float] = -60.0
"""Acoustic score per frame of an alignment. Measured with true texts: LJ Speech -40..-10 (median -15), a German
reader of English -59..-10 (-18), non-native speakers in noise -34..-11 (-21). With other texts of the same reader:
-72..-44, non-native -61..-22; two in three of those fail outright."""
SQUEEZED_SHARE: Final[float] = 0.15
"""Share of phones at the shortest length the model allows, 30 ms. True texts 0..0.23 (median 0.08), others
0.16..0.55 (0.33)."""
WINDOW_PHONES: Final[int] = 15
WINDOW_SCORE: Final[float] = -45.0
WINDOW_SQUEEZED: Final[float] = 0.25
"""The same two figures over the worst 15 phones in a row, which find one wrong sentence among right ones: of 132 true
texts of three corpora none is beyond both."""
_SQUEEZED_FRAMES: Final[int] = 3


@dataclass(frozen=True)
class _Chunk:
    """`words` said between two frames."""

    words: tuple[str, ...]
    start: int
    end: int


def align(sound: Sound, text: str, prosody: Prosody | None = None, report: Report | None = None) -> Speech:
    """The phones and words of `text` with their times in the sound (English).

    Words that the dictionary does not have are said by their letters. A text that does not fit, in whole or in part,
    is no error: the phones are recognized there and `warnings` says so. `report` hears the fraction done after each
    chunk and may raise to cancel.
    """
    prosody = prosody or analyse_prosody(sound)
    if not prosody.speech.any():
        return silent(sound)
    spoken = spoken_words(text, sphinx.knows)
    guessed = tuple(dict.fromkeys(word for word in spoken.words if not sphinx.knows(word)))
    words = tuple(word for word in spoken.words if word not in guessed or sphinx.teach(word))
    warnings = _text_warnings(spoken.unsaid, guessed)
    pieces = _chunks(sound, words) if words else []
    if not pieces:
        heard = recognize(sound, prosody, report)
        return Speech(heard.phones, method=heard.method, warnings=(*warnings, *([_mismatch(())] if words else [])))
    phones: list[Phone] = []
    found: list[Word] = []
    doubtful: list[tuple[float, float]] = []
    for chunk in pieces:
        start, end = chunk.start / sphinx.FRAME_RATE, min(sound.duration, chunk.end / sphinx.FRAME_RATE)
        aligned = sphinx.align_phones(sound.samples[int(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)], chunk.words)
        if aligned and fits(aligned):
            timed = sphinx.timed([p for word in aligned for p in word.phones], start, end)
            timed = trim_to_speech(timed, prosody)
            phones += timed
            found += _words(aligned, timed)
        else:
            phones += trim_to_speech(keep_speech(heard_between(sound, start, end), prosody), prosody)
            doubtful.append((start, end))
        if report:
            report(min(1.0, end / sound.duration))
    if doubtful:
        warnings = (*warnings, _mismatch(() if not found else doubtful))
    return Speech(
        phones=fill_silence(phones, sound.duration),
        words=tuple(found),
        method="aligned" if found else "recognized",
        warnings=warnings,
    )


def fits(aligned: Sequence[sphinx.AlignedWord]) -> bool:
    """Whether an alignment is one of this text with this sound, by score and squeezed phones, in whole and in part."""
    phones = [p for word in aligned for p in word.phones if p.name != SILENCE]
    if not phones:
        return False
    scores = np.array([p.score for p in phones], dtype=np.float64)
    frames = np.array([p.end - p.start for p in phones], dtype=np.float64)
    squeezed = (frames <= _SQUEEZED_FRAMES).astype(np.float64)
    score = scores.sum() / frames.sum()
    if score <= BAD_SCORE or (score <= POOR_SCORE and squeezed.mean() >= SQUEEZED_SHARE):
        return False
    window = np.ones(min(WINDOW_PHONES, len(phones)))
    scored = np.convolve(scores, window, "valid") / np.convolve(frames, window, "valid")
    worst = int(scored.argmin())
    share = squeezed[worst : worst + len(window)].mean()
    return bool(scored[worst] > WINDOW_SCORE or share < WINDOW_SQUEEZED)


def _chunks(sound: Sound, words: tuple[str, ...]) -> list[_Chunk]:
    """The line in chunks whose phones can be aligned; empty where the words cannot be found in the sound."""
    frames = int(sound.duration * sphinx.FRAME_RATE) + 1
    if sound.duration <= LONGEST_SECONDS:
        return [_Chunk(words, 0, frames)]
    segments = sphinx.find_words(sound.samples, words)
    chunks: list[_Chunk] = []
    start, held = 0, []
    for segment in segments:
        length = (segment.end - start) / sphinx.FRAME_RATE
        if segment.name != SILENCE:
            held.append(segment.name)
        pause = segment.name == SILENCE and segment.end - segment.start >= PAUSE_FRAMES
        if held and ((pause and length > CHUNK_SECONDS) or (not pause and length > LONGEST_SECONDS)):
            end = (segment.start + segment.end) // 2 if pause else segment.end
            chunks.append(_Chunk(tuple(held), start, end))
            start, held = end, []
    if held:
        chunks.append(_Chunk(tuple(held), start, frames))
    return chunks


def _words(aligned: Sequence[sphinx.AlignedWord], phones: Sequence[Phone]) -> list[Word]:
    words: list[Word] = []
    at = 0
    for word in aligned:
        first, at = at, at + len(word.phones)
        if word.name != SILENCE:
            words.append(Word(word.name.rstrip("."), phones[first].start, phones[at - 1].end))
    return words


def _text_warnings(unsaid: Sequence[str], guessed: Sequence[str]) -> tuple[str, ...]:
    warnings: list[str] = []
    if unsaid:
        warnings.append(f"These parts of the text cannot be said in English and were left out: {_some(unsaid)}.")
    if guessed:
        warnings.append(f"The pronunciation of these words was guessed from their letters: {_some(guessed)}.")
    return tuple(warnings)


def _some(pieces: Sequence[str]) -> str:
    return ", ".join(pieces[:8]) + (" and others" if len(pieces) > 8 else "")


def _mismatch(ranges: Sequence[tuple[float, float]]) -> str:
    where = " at " + ", ".join(f"{start:.1f}-{end:.1f} s" for start, end in ranges) if ranges else ""
    return f"The text does not fit the sound{where}; what is heard was used instead. Correct the text or clear it."

"""Forced alignment: when each phone of a known text is said.

A long line is first aligned by words as a whole, which costs little memory, then by phones in chunks cut between
words. Each chunk is judged by its acoustic score, and the whole by the voice that no phone accounts for: where the
text does not fit the sound, or lacks a part of it, the phones are recognized instead, and the artist is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from backend.audio.prosody import PROSODY_RATE, Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.progress import Share

from . import sphinx
from .activity import keep_speech, trim_to_speech
from .coverage import HARDLY_SHARE, seconds, unsaid_share, unsaid_stretches
from .phones import SILENCE, Phone, Speech, Word, fill_silence
from .recognizer import heard_between, recognize, silent
from .text import spoken_words

CHUNK_SECONDS: Final[float] = 6.0
"""A chunk ends at the first pause after this."""
LONGEST_SECONDS: Final[float] = 12.0
"""A chunk without a pause ends with the first word after this; a line up to this length is one chunk."""
PAUSE_FRAMES: Final[int] = 10
LONG_PAUSE_FRAMES: Final[int] = 200
"""A chunk also ends at a pause of this length, and no chunk holds more than a half second of such a pause: a few words
found somewhere in a long line are no reason to align all of it by phones."""
PAUSE_EDGE_FRAMES: Final[int] = 50
FASTEST: Final[float] = 18.0
"""Phones in a second of voice that nobody says; the fastest of 130 true texts has 13.8."""
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


@dataclass(frozen=True)
class _Reading:
    """The words of a text as somebody may read it, and what the artist is told about them."""

    words: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """Phones in order, the words among them, and where the text failed: seconds that do not fit or that it lacks."""

    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    doubtful: tuple[tuple[float, float], ...] = ()
    unsaid: tuple[tuple[float, float], ...] = ()

    @property
    def lost(self) -> float:
        """Seconds of the line that the text does not account for; infinite where none of it was found."""
        return seconds((*self.doubtful, *self.unsaid)) if self.words else float("inf")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the artist is told about the parts where the text failed."""
        doubtful = (_mismatch(self.doubtful),) if self.doubtful else ()
        return (*doubtful, _lacking(self.unsaid)) if self.unsaid else doubtful


def align(sound: Sound, text: str, prosody: Prosody | None = None, report: Share | None = None) -> Speech:
    """The phones and words of `text` with their times in the sound (English).

    Words that the dictionary does not have are said by their letters. A text that does not fit, in whole or in part,
    or that lacks a part of what is said, is no error: the phones are recognized there and `warnings` says so. What
    stands in round brackets is a direction or an aside, whichever fits better. `report` hears the fraction done after
    each chunk and may raise to cancel.
    """
    prosody = prosody or analyse_prosody(sound)
    if not prosody.speech.any():
        return silent(sound)
    report = _rising(report)
    readings = _readings(text)
    best, reading = _Found((), ()), readings[0]
    for count, tried in enumerate(readings):
        found = _find(sound, tried.words, prosody, _part(report, count, len(readings)))
        if found.lost < best.lost:
            best, reading = found, tried
        if not best.lost:
            break
    if not best.words:
        heard = recognize(sound, prosody, report)
        told = (_mismatch((), _too_long(reading.words, prosody)),) if reading.words else ()
        return Speech(heard.phones, method=heard.method, warnings=(*reading.warnings, *told))
    report(1.0)
    return Speech(
        phones=fill_silence(best.phones, sound.duration),
        words=best.words,
        method="aligned",
        warnings=(*reading.warnings, *best.warnings),
    )


def _readings(text: str) -> list[_Reading]:
    """The text without what stands in round brackets and, where that differs, with it."""
    readings: list[_Reading] = []
    for spoken in dict.fromkeys(spoken_words(text, sphinx.knows, asides) for asides in (False, True)):
        guessed = tuple(dict.fromkeys(word for word in spoken.words if not sphinx.knows(word)))
        words = tuple(word for word in spoken.words if word not in guessed or sphinx.teach(word))
        readings.append(_Reading(words, _text_warnings(spoken.unsaid, guessed)))
    return readings


def _part(report: Share, number: int, count: int) -> Share:
    """A report of one of `count` pieces of work, told as part of the whole."""
    return lambda done: report((number + done) / count)


def _rising(report: Share | None) -> Share:
    """A report that never goes back: what fails is followed by other work."""
    highest = 0.0

    def tell(done: float) -> None:
        nonlocal highest
        highest = max(highest, done)
        if report:
            report(highest)

    return tell


def _find(sound: Sound, words: tuple[str, ...], prosody: Prosody, report: Share) -> _Found:
    """The words in the sound, with what is heard where they fail; nothing where hardly any of them fit."""
    phones: list[Phone] = []
    found: list[Word] = []
    doubtful: list[tuple[float, float]] = []
    for chunk in _chunks(sound, words) if words else ():
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
        report(min(1.0, end / sound.duration))
    if not found or unsaid_share(phones, prosody) > HARDLY_SHARE:
        return _Found((), ())
    unsaid = tuple(s for s in unsaid_stretches(phones, prosody) if not any(a <= s[0] < b for a, b in doubtful))
    if unsaid:
        phones += recognize(sound, _only(prosody, unsaid)).phones
    spoken = sorted((p for p in phones if p.name != SILENCE), key=lambda p: p.start)
    return _Found(tuple(spoken), tuple(found), tuple(doubtful), unsaid)


def _only(prosody: Prosody, ranges: Sequence[tuple[float, float]]) -> Prosody:
    """The prosody with the voice activity that lies in the ranges alone."""
    at = np.arange(len(prosody.speech)) / PROSODY_RATE
    inside = np.any([(at >= start) & (at < end) for start, end in ranges], axis=0)
    return replace(prosody, speech=prosody.speech & inside)


def _too_long(words: tuple[str, ...], prosody: Prosody) -> bool:
    return sphinx.phone_count(words) > FASTEST * np.count_nonzero(prosody.speech) / PROSODY_RATE


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
    chunks: list[_Chunk] = []
    start, held = 0, []
    for segment in sphinx.find_words(sound.samples, words):
        if segment.name != SILENCE:
            held.append(segment.name)
        if (cut := _cut(segment, start, bool(held))) is None:
            continue
        if held:
            chunks.append(_Chunk(tuple(held), start, cut[0]))
        start, held = cut[1], []
    if held:
        chunks.append(_Chunk(tuple(held), start, frames))
    return chunks


def _cut(segment: sphinx.Segment, start: int, held: bool) -> tuple[int, int] | None:
    """Where a chunk from `start`, which has words or none yet, ends and the next one starts; None where it goes on."""
    pause = segment.end - segment.start
    if segment.name != SILENCE:
        return (segment.end, segment.end) if segment.end - start > LONGEST_SECONDS * sphinx.FRAME_RATE else None
    if pause >= LONG_PAUSE_FRAMES:
        return segment.start + PAUSE_EDGE_FRAMES, segment.end - PAUSE_EDGE_FRAMES
    if held and pause >= PAUSE_FRAMES and segment.end - start > CHUNK_SECONDS * sphinx.FRAME_RATE:
        middle = (segment.start + segment.end) // 2
        return middle, middle
    return None


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


def _mismatch(ranges: Sequence[tuple[float, float]], too_long: bool = False) -> str:
    """Told where the text does not fit; no ranges mean the whole line."""
    why = " It is longer than anybody could say in that time." if too_long else ""
    told = f"The text does not fit the sound{_at(ranges)}; what is heard was used instead.{why}"
    return f"{told} Correct the text or clear it."


def _lacking(ranges: Sequence[tuple[float, float]]) -> str:
    """Told where somebody speaks and the text has no words for it."""
    told = f"Part of the sound is not in the text{_at(ranges)}; what is heard was used there."
    return f"{told} Complete the text or clear it."


def _at(ranges: Sequence[tuple[float, float]]) -> str:
    return " at " + ", ".join(f"{start:.1f}-{end:.1f} s" for start, end in ranges) if ranges else ""

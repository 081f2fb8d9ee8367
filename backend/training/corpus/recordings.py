"""Real speech of the shared data, with phone times from the project's own forced alignment.

A recording whose text does not fit, or that the aligner has anything to say about, is left out.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from addon.core.errors import RequestError, SoliloquyError
from backend.audio.decode import read_sound
from backend.audio.sound import SAMPLE_RATE
from backend.speech.aligner import align
from backend.speech.phones import SILENCE, Phone

from .batch import Batch
from .manifest import Dropped, Material

EDGE_SECONDS: Final[float] = 0.3
"""So much is kept before the first phone and after the last: recordings of volunteers begin and end with handling."""
BATCH: Final[int] = 20


@dataclass(frozen=True)
class Recordings:
    """One folder of the shared data.

    `split` is for all of it; where it is empty, the speakers are dealt out, `held_out` to test and to validation each.
    `per_speaker` is the most clips of a speaker in training and `per_held_out` elsewhere.
    """

    source: str
    folder: str
    split: str = ""
    held_out: int = 0
    per_speaker: int = 10_000
    per_held_out: int = 10_000


RECORDINGS: Final[tuple[Recordings, ...]] = (
    Recordings("ljspeech", "ljspeech_32", split="test"),
    Recordings("own_voice", "philippmatthes_own_voice", split="train"),
    Recordings("picovoice", "picovoice_leopard", split="test"),
    Recordings("speechocean", "speechocean762", held_out=14, per_speaker=15, per_held_out=8),
)
"""speechocean762: 128 speakers with 20 recordings each; 14 for test, 14 for validation, 100 for training."""


@dataclass(frozen=True)
class _Recording:
    id: str
    path: Path
    text: str
    speaker: str
    licence: str
    split: str


def recorded_batches(shared: Path, limit: int | None) -> list[Batch]:
    """Batches of every folder; `limit` is the most clips of a folder. Raises RequestError where one is missing."""
    batches: list[Batch] = []
    for source in RECORDINGS:
        found = _read(source, shared / "speech" / source.folder)[:limit]
        batches += [_batch(source.source, found[k : k + BATCH]) for k in range(0, len(found), BATCH)]
    return batches


def deal_speakers(speakers: Sequence[str], held_out: int) -> dict[str, str]:
    """The split of every speaker: the first `held_out` by hash of the name for test, as many for validation."""
    order = sorted(set(speakers), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    kinds = ["test"] * held_out + ["validation"] * held_out
    return dict(zip(order, kinds + ["train"] * len(order), strict=False))


def _read(source: Recordings, folder: Path) -> list[_Recording]:
    """The English recordings with a text: one of each speaker in turn, so that a few of them are of many speakers."""
    try:
        with (folder / "manifest.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["language"].startswith("en") and row["text"]]
    except OSError as error:
        raise RequestError(
            "corpus.shared", "The shared recordings are not there; name their folder with --shared.", str(folder)
        ) from error
    dealt = deal_speakers([row["speaker"] for row in rows], source.held_out)
    counts: dict[str, int] = {}
    turns: list[tuple[int, _Recording]] = []
    for row in rows:
        speaker = row["speaker"]
        split = source.split or dealt[speaker]
        turn = counts[speaker] = counts.get(speaker, 0) + 1
        if turn <= (source.per_speaker if split == "train" else source.per_held_out):
            name = f"{source.source}-{Path(row['file']).stem}"
            voice = speaker.split(" ")[0].strip("?") or source.source
            turns.append((turn, _Recording(name, folder / row["file"], row["text"], voice, row["licence"], split)))
    return [recording for _, recording in sorted(turns, key=lambda pair: pair[0])]


def _batch(source: str, recordings: list[_Recording]) -> Batch:
    def make(wanted: frozenset[str]) -> Iterator[Material | Dropped]:
        return (_aligned(source, recording) for recording in recordings if recording.id in wanted)

    return Batch(source, tuple(recording.id for recording in recordings), make)


def _aligned(source: str, recording: _Recording) -> Material | Dropped:
    try:
        sound = read_sound(recording.path)
        speech = align(sound, recording.text)
    except SoliloquyError as error:
        return Dropped(recording.id, str(error))
    if speech.method != "aligned" or speech.warnings:
        return Dropped(recording.id, " ".join(speech.warnings) or f"The phones were {speech.method}.")
    said = [p for p in speech.phones if p.name != SILENCE]
    first = max(0, round((said[0].start - EDGE_SECONDS) * SAMPLE_RATE))
    last = min(len(sound.samples), round((said[-1].end + EDGE_SECONDS) * SAMPLE_RATE))
    shift = first / SAMPLE_RATE
    moved = tuple(Phone(p.name, p.start - shift, p.end - shift) for p in said)
    return Material(
        recording.id, source, recording.speaker, recording.split, recording.text, recording.licence,
        sound.samples[first:last], moved,
    )  # fmt: skip

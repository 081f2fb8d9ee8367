"""Real speech of the shared data, with phone times from the project's own forced alignment."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from addon.core.errors import RequestError
from backend.audio.decode import read_sound

from .aligned import Unaligned, aligned_batches
from .batch import Batch


@dataclass(frozen=True)
class Recordings:
    """One folder of the shared data.

    `split` is for all of it; where it is empty, the speakers are dealt out, `held_out` to test and to validation each.
    `per_held_out` is the most clips of a speaker outside training.
    """

    source: str
    folder: str
    split: str = ""
    held_out: int = 0
    per_held_out: int = 10_000


RECORDINGS: Final[tuple[Recordings, ...]] = (
    Recordings("ljspeech", "ljspeech_32", split="test"),
    Recordings("own_voice", "philippmatthes_own_voice", split="train"),
    Recordings("picovoice", "picovoice_leopard", split="test"),
    Recordings("speechocean", "speechocean762", held_out=14, per_held_out=8),
)
"""speechocean762: 128 speakers with 20 recordings each; 14 for test, 14 for validation, 100 for training."""


def recorded_batches(shared: Path, limit: int | None) -> list[Batch]:
    """Batches of every folder; `limit` is the most clips of a folder. Raises RequestError where one is missing."""
    batches: list[Batch] = []
    for source in RECORDINGS:
        found = _read(source, shared / "speech" / source.folder)[:limit]
        batches += aligned_batches(source.source, found)
    return batches


def deal_speakers(speakers: Sequence[str], held_out: int) -> dict[str, str]:
    """The split of every speaker: the first `held_out` by hash of the name for test, as many for validation."""
    order = sorted(set(speakers), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    kinds = ["test"] * held_out + ["validation"] * held_out
    return dict(zip(order, kinds + ["train"] * len(order), strict=False))


def _read(source: Recordings, folder: Path) -> list[Unaligned]:
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
    turns: list[tuple[int, Unaligned]] = []
    for row in rows:
        speaker = row["speaker"]
        split = source.split or dealt[speaker]
        turn = counts[speaker] = counts.get(speaker, 0) + 1
        if split == "train" or turn <= source.per_held_out:
            turns.append((turn, _recording(source.source, split, folder, row)))
    return [recording for _, recording in sorted(turns, key=lambda pair: pair[0])]


def _recording(source: str, split: str, folder: Path, row: dict[str, str]) -> Unaligned:
    name = f"{source}-{Path(row['file']).stem}"
    voice = row["speaker"].split(" ")[0].strip("?") or source
    return Unaligned(name, source, voice, split, row["text"], row["licence"], partial(read_sound, folder / row["file"]))

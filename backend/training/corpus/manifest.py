"""The corpus on disk: a folder of FLAC files and `manifest.jsonl`, which has one JSON object per finished clip.

A line is appended when its sound file is complete, so that a corpus can be read while it is made, and what is there
never has to be made again. `dropped.jsonl` remembers what was tried and left out, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from addon.core.errors import RequestError
from backend.audio.sound import SAMPLE_RATE
from backend.speech.phones import Phone, fill_silence

MANIFEST: Final[str] = "manifest.jsonl"
DROPPED: Final[str] = "dropped.jsonl"
SETTINGS: Final[str] = "settings.json"


@dataclass(frozen=True)
class Clip:
    """One finished clip.

    `file` is relative to the corpus folder, 16 kHz mono 16-bit FLAC; `voice` the voice or speaker, for quiet clips the
    kind of noise; `split` is "train", "validation" or "test", one for all clips of a voice; `duration` in seconds;
    `phones` follow each other from 0 to `duration` without gaps.
    """

    id: str
    file: str
    source: str
    voice: str
    split: str
    text: str
    licence: str
    duration: float
    phones: tuple[Phone, ...]

    def samples(self, folder: str | Path) -> np.ndarray:
        """The sound (n,) float32 in -1..1 at 16 kHz. Raises RequestError where the file is missing or another."""
        path = Path(folder) / self.file
        try:
            samples, rate = soundfile.read(path, dtype="float32")
        except (OSError, soundfile.LibsndfileError) as error:
            raise RequestError(
                "corpus.clip", "A clip of the corpus cannot be read; delete the corpus and make it again.", str(path)
            ) from error
        if rate != SAMPLE_RATE or samples.ndim != 1:
            raise RequestError("corpus.clip", "A clip of the corpus is not 16 kHz mono; make it again.", str(path))
        return samples


@dataclass(frozen=True, eq=False)
class Material:
    """A clip before it is stored: as `Clip`, with its `samples` (n,) float32 in -1..1 at 16 kHz instead of a file."""

    id: str
    source: str
    voice: str
    split: str
    text: str
    licence: str
    samples: np.ndarray
    phones: tuple[Phone, ...]


@dataclass(frozen=True)
class Dropped:
    """A clip that was tried and left out; `reason` is a sentence."""

    id: str
    reason: str


def read_manifest(folder: str | Path) -> tuple[Clip, ...]:
    """The finished clips of a corpus in the order they were made. Raises RequestError where there is none."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise RequestError(
            "corpus.missing",
            "There is no corpus here; make one with `python -m backend train corpus --out`.",
            str(path),
        )
    try:
        return tuple(_clip(entry) for entry in _entries(path))
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(
            "corpus.manifest", "The manifest of the corpus is damaged; delete the folder and make it again.", str(path)
        ) from error


class Corpus:
    """A corpus folder that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError("corpus.out", "The folder of the corpus cannot be made.", str(folder)) from error
        for name in (MANIFEST, DROPPED):
            _mend(folder / name)

    def settle(self, settings: dict[str, Any]) -> None:
        """Keep what the corpus is made from. Raises RequestError where it was begun from something else."""
        path = self.folder / SETTINGS
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
            raise RequestError(
                "corpus.settings",
                "This corpus was begun with other settings; choose another folder, or delete this one first.",
                str(self.folder),
            )
        path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")

    def finished(self) -> frozenset[str]:
        """Ids of all clips that need not be made: those in the corpus and those that were left out."""
        return frozenset(e["id"] for name in (MANIFEST, DROPPED) for e in _entries(self.folder / name))

    def add(self, made: Material | Dropped) -> None:
        """Store one clip; its line in the manifest comes after its sound file."""
        if isinstance(made, Dropped):
            self._append(DROPPED, asdict(made))
            return
        file = f"{made.source}/{made.voice}/{made.id}.flac"
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.clip(made.samples, -1.0, 1.0), SAMPLE_RATE, subtype="PCM_16", format="FLAC")
        duration = len(made.samples) / SAMPLE_RATE
        entry = {k: getattr(made, k) for k in ("id", "source", "voice", "split", "text", "licence")}
        phones = [[p.name, round(p.start, 4), round(p.end, 4)] for p in fill_silence(made.phones, duration)]
        self._append(MANIFEST, {**entry, "file": file, "duration": round(duration, 4), "phones": phones})

    def _append(self, name: str, entry: dict[str, Any]) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as target:
            target.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _clip(entry: dict[str, Any]) -> Clip:
    return Clip(**{**entry, "phones": tuple(Phone(str(n), float(s), float(e)) for n, s, e in entry["phones"])})


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of all whole lines; the last line of a run that was cut short may be half a one."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


def _mend(path: Path) -> None:
    """Take half a line off the end, so that the next one starts on a line of its own."""
    if path.exists() and (content := path.read_bytes()) and not content.endswith(b"\n"):
        path.write_bytes(content[: content.rfind(b"\n") + 1])

"""The recordings that engines are measured on, and which of them: real voices that nothing here was trained on."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from backend.audio.decode import read_sound
from backend.audio.prosody import Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.demo.stage import shipped_line
from backend.training.corpus.recordings import RECORDINGS, deal_speakers

CLEAN: Final[str] = "ljspeech_32"
ACCENTED: Final[str] = "speechocean762"
LANGUAGES: Final[str] = "picovoice_leopard"
ACTED: Final[str] = "nvidia_a2f_samples"
OWN: Final[str] = "demo line"
ROOM_DB: Final[float] = -70.0
"""Level of the noise in a silent recording: a quiet room."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording; `text` is None where nobody wrote down what is said."""

    name: str
    corpus: str
    speaker: str
    language: str
    sound: Sound
    text: str | None

    @cached_property
    def prosody(self) -> Prosody:
        """Loudness, pitch and voice activity, computed once."""
        return analyse_prosody(self.sound)


@dataclass(frozen=True)
class Amount:
    """How much of everything is measured."""

    clean: int
    speakers: int
    lines_each: int
    languages: int
    acted: int
    emotional: int
    takes: int
    long_seconds: float
    pictured: int


FULL: Final[Amount] = Amount(
    clean=32, speakers=14, lines_each=4, languages=9, acted=11, emotional=4, takes=4, long_seconds=600.0, pictured=5
)
QUICK: Final[Amount] = Amount(
    clean=3, speakers=3, lines_each=1, languages=2, acted=1, emotional=1, takes=1, long_seconds=60.0, pictured=1
)


@dataclass(frozen=True, eq=False)
class Material:
    """What there is, by purpose; corpora that are absent leave their tuple empty and stand in `missing`.

    clean       one reader's read English, with text
    accented    many non-native speakers in noise, with text
    languages   a clip in each of eight languages, `acted` emotional clips; texts are not used
    emotional   short clean lines that are performed in every emotion
    own         the line that ships with the product
    """

    clean: tuple[Recording, ...]
    accented: tuple[Recording, ...]
    languages: tuple[Recording, ...]
    acted: tuple[Recording, ...]
    emotional: tuple[Recording, ...]
    own: Recording
    amount: Amount
    missing: tuple[str, ...]

    @property
    def aligned(self) -> dict[str, tuple[Recording, ...]]:
        """Corpora with texts, by the name under which the report shows them; the empty ones left out."""
        named = {"clean": self.clean, "non-native": self.accented, "demo line": (self.own,)}
        return {name: found for name, found in named.items() if found}


def gather(data: Path, amount: Amount) -> Material:
    """Read the recordings below `data`, the shared data's folder; without it only the shipped line is there."""
    speech = data / "speech"
    missing = tuple(name for name in (CLEAN, ACCENTED, LANGUAGES, ACTED) if not (speech / name).is_dir())
    own = _own_line()
    clean = _read(speech, CLEAN, _rows(speech, CLEAN)[: amount.clean])
    short = sorted(clean, key=lambda r: abs(r.sound.duration - 6.0))
    return Material(
        clean=clean,
        accented=_read(speech, ACCENTED, accented_rows(_rows(speech, ACCENTED), amount.speakers, amount.lines_each)),
        languages=_read(speech, LANGUAGES, _rows(speech, LANGUAGES)[-amount.languages :]),
        acted=_unwritten(speech / ACTED, amount.acted),
        emotional=(own, *short[: amount.emotional]),
        own=own,
        amount=amount,
        missing=missing,
    )


def accented_rows(rows: Sequence[dict[str, str]], speakers: int, lines_each: int) -> list[dict[str, str]]:
    """The rows of `speakers` speakers that no network was trained on, `lines_each` of each, in their order."""
    spoken = [row for row in rows if row["language"].startswith("en") and row["text"]]
    held_out = next(source.held_out for source in RECORDINGS if source.folder == ACCENTED)
    split = deal_speakers([row["speaker"] for row in spoken], held_out)
    by_speaker: dict[str, list[dict[str, str]]] = {}
    for row in spoken:
        if split[row["speaker"]] == "test":
            by_speaker.setdefault(row["speaker"], []).append(row)
    return [row for name in sorted(by_speaker)[:speakers] for row in by_speaker[name][:lines_each]]


def joined(recordings: Iterable[Recording], seconds: float) -> Recording:
    """One long recording of `seconds`: the given ones after each other, over and over, cut at the end."""
    pieces = [recording.sound for recording in recordings]
    wanted = round(seconds * SAMPLE_RATE)
    repeats = -(-wanted // sum(len(piece.samples) for piece in pieces))
    samples = np.concatenate([piece.samples for piece in pieces] * repeats)[:wanted]
    return Recording(f"{seconds:.0f} s joined", "joined", "several", "en", _sound(samples), None)


def silence(seconds: float) -> Recording:
    """A quiet room in which nobody speaks."""
    noise = np.random.default_rng(0).normal(0.0, 10 ** (ROOM_DB / 20.0), round(seconds * SAMPLE_RATE))
    return Recording(f"{seconds:.0f} s of silence", "silence", "nobody", "", _sound(noise.astype(np.float32)), None)


def opening(recording: Recording, seconds: float) -> Recording:
    """The first `seconds` of a recording."""
    samples = recording.sound.samples[: round(seconds * SAMPLE_RATE)]
    return replace(recording, name=f"{recording.name}, {seconds:g} s", sound=_sound(samples), text=None)


def _own_line() -> Recording:
    with shipped_line() as (path, text):
        return Recording(OWN, OWN, "cmu_us_rms", "en", read_sound(path), text)


def _sound(samples: np.ndarray) -> Sound:
    return Sound(np.ascontiguousarray(samples, np.float32), hashlib.sha256(samples.tobytes()).hexdigest())


def _rows(speech: Path, corpus: str) -> list[dict[str, str]]:
    path = speech / corpus / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read(speech: Path, corpus: str, rows: Iterable[dict[str, str]]) -> tuple[Recording, ...]:
    return tuple(
        Recording(
            name=Path(row["file"]).stem,
            corpus=corpus,
            speaker=row["speaker"],
            language=row["language"].split(" ")[0],
            sound=read_sound(speech / corpus / row["file"]),
            text=row["text"] or None,
        )
        for row in rows
    )


def _unwritten(folder: Path, count: int) -> tuple[Recording, ...]:
    files = sorted(folder.glob("*.wav"))[:count] if folder.is_dir() else []
    return tuple(
        Recording(f.stem.removeprefix("example_audio__"), folder.name, f.stem, "", read_sound(f), None) for f in files
    )

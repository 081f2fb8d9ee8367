"""What the voice's emotion is learned from: acted German emotions, and people who just read, as neutral."""

from __future__ import annotations

import csv
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import scipy.fft
import scipy.signal
import soxr

from addon.core.errors import RequestError
from backend.audio.decode import read_sound
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.voice_emotion import BORED, CLASSES, read_windows

log = logging.getLogger(__name__)

ACTED: Final[str] = "emodb"
ACTED_NAMES: Final[Mapping[str, str]] = {
    "anger": "angry", "boredom": BORED, "disgust": "disgusted", "fear": "fear",
    "happiness": "happy", "neutral": "neutral", "sadness": "sad",
}  # fmt: skip
"""The corpus' names of emotions and ours."""
READERS: Final[Mapping[str, int]] = {"ljspeech_32": 32, "philippmatthes_own_voice": 35, "speechocean762": 1}
"""Corpora of plain reading and how many lines of each speaker are taken: 1 of each of 128, more of the two others."""
UNSEEN_READERS: Final[str] = "picovoice_leopard"
"""Plain reading in eight languages that nothing is ever trained on."""
ENGLISH: Final[str] = "nvidia_a2f_samples"
"""Acted English and Mandarin that nothing is ever trained on; the file names say the emotion."""
ENGLISH_NAMES: Final[Mapping[str, str]] = {"anger": "angry", "joy": "happy", "neutral": "neutral", "sadness": "sad"}
LEAST_SECONDS: Final[float] = 2.2
"""Shorter read lines are left out: single words have no tune."""
MOST_SECONDS: Final[float] = 4.0
"""Of a line, one window; the corpora differ in length, and no line should count for others."""


@dataclass(frozen=True)
class Clip:
    """One recording: `emotion` is one of `CLASSES`."""

    path: Path
    corpus: str
    speaker: str
    emotion: str


@dataclass(frozen=True, eq=False)
class Material:
    """Features of many clips: `rows` (N,F), `clip` (N,) indices into `clips`, `copy` (N,) 0 for the original."""

    clips: tuple[Clip, ...]
    rows: np.ndarray
    clip: np.ndarray
    copy: np.ndarray

    def of_rows(self, name: str) -> np.ndarray:
        """An attribute of the clip of each row (N,)."""
        return np.array([getattr(clip, name) for clip in self.clips])[self.clip]

    @property
    def labels(self) -> np.ndarray:
        """(N,) indices into `CLASSES`."""
        return np.array([CLASSES.index(clip.emotion) for clip in self.clips])[self.clip]

    @property
    def acted(self) -> np.ndarray:
        """(N,) whether a row is of an actor."""
        return self.of_rows("corpus") == ACTED


def find_clips(speech: Path) -> tuple[Clip, ...]:
    """All clips of a folder of speech corpora. Raises RequestError where it is not one."""
    acted = [
        Clip(speech / ACTED / row["file"], ACTED, row["speaker"], ACTED_NAMES[row["emotion"]])
        for row in _manifest(speech, ACTED)
    ]
    return (*acted, *(clip for corpus in READERS for clip in _readers(speech, corpus)))


def unseen_readers(speech: Path) -> tuple[Clip, ...]:
    """Plain reading that is never learned from."""
    return tuple(
        Clip(speech / UNSEEN_READERS / row["file"], UNSEEN_READERS, row["file"], "neutral")
        for row in _manifest(speech, UNSEEN_READERS)
    )


def english_clips(speech: Path) -> tuple[Clip, ...]:
    """Acted clips of the cross-corpus test whose emotion is one that the model knows."""
    return tuple(
        Clip(path, ENGLISH, path.stem, ENGLISH_NAMES[name])
        for path in sorted((speech / ENGLISH).glob("*.wav"))
        for name in ENGLISH_NAMES
        if name in path.stem
    )


def read_material(clips: Sequence[Clip], acted_copies: int, reader_copies: int, seed: int) -> Material:
    """Features of every clip as it is and of augmented copies; the same clips, numbers and seed give the same rows."""
    rows, owners, copies = [], [], []
    for index, clip in enumerate(clips):
        samples = read_sound(clip.path).samples[: round(MOST_SECONDS * SAMPLE_RATE)]
        for copy in range(1 + (acted_copies if clip.corpus == ACTED else reader_copies)):
            random = np.random.default_rng([seed, _number(clip.path.name), copy])
            heard = augment(samples, random) if copy else samples
            found = features_of(heard)
            rows += list(found)
            owners += [index] * len(found)
            copies += [copy] * len(found)
        if index % 100 == 99:
            log.info("%d of %d clips", index + 1, len(clips))
    return Material(tuple(clips), np.stack(rows), np.array(owners), np.array(copies))


def features_of(samples: np.ndarray) -> np.ndarray:
    """Rows (W,F) of the windows of 16 kHz samples."""
    sound = Sound(samples, "")
    return read_windows(sound, analyse_prosody(sound))[1]


def augment(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another speaker (speed and pitch by up to 10 %), microphone, line, room, noise and level."""
    sound = samples
    if random.random() < 0.7:
        factor = float(np.exp(random.uniform(np.log(0.9), np.log(1.1))))
        sound = np.asarray(soxr.resample(sound, SAMPLE_RATE, SAMPLE_RATE * factor))
    if random.random() < 0.85:
        sound = _equalized(sound, random)
    if random.random() < 0.2:  # a telephone
        band = scipy.signal.butter(4, (300.0, 3_400.0), "band", fs=SAMPLE_RATE, output="sos")
        sound = np.asarray(scipy.signal.sosfilt(band, sound))
    if random.random() < 0.7:
        sound = sound + _noise(sound, random)
    if random.random() < 0.3:
        sound = _in_a_room(sound, random)
    sound = sound * 10.0 ** (random.uniform(-15.0, 6.0) / 20.0)
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


def _equalized(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random curve of some decibels and a random tilt."""
    size = int(scipy.fft.next_fast_len(len(sound), real=True) or len(sound))
    hertz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    knots = np.log([30.0, 150.0, 400.0, 1_000.0, 2_500.0, 5_000.0, 8_000.0])
    decibels = random.normal(0.0, 4.0, len(knots)) + random.normal(0.0, 3.0) * np.linspace(-1.0, 1.0, len(knots))
    gain = 10.0 ** (np.interp(np.log(np.maximum(hertz, 30.0)), knots, decibels) / 20.0)
    return np.asarray(scipy.fft.irfft(np.asarray(scipy.fft.rfft(sound, size)) * gain, size))[: len(sound)]


def _noise(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """White to reddish noise, 8 to 35 dB below the sound."""
    size = int(scipy.fft.next_fast_len(len(sound), real=True) or len(sound))
    hertz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    spectrum = np.asarray(scipy.fft.rfft(random.normal(size=size))) / np.maximum(hertz, 40.0) ** random.uniform(
        0.0, 1.2
    )
    noise = np.asarray(scipy.fft.irfft(spectrum, size))[: len(sound)]
    level = np.sqrt(np.mean(sound**2)) * 10.0 ** (-random.uniform(8.0, 35.0) / 20.0)
    return noise * level / (noise.std() + 1e-12)


def _in_a_room(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Reverberation that has fallen by 60 dB after 0.1 to 0.4 s."""
    count = int(random.uniform(0.1, 0.4) * SAMPLE_RATE)
    room = random.normal(size=count) * np.exp(-6.9 * np.arange(count) / count) * 0.06 * random.uniform(0.3, 1.0)
    room[0] = 1.0
    return scipy.signal.fftconvolve(sound, room)[: len(sound)]


def _readers(speech: Path, corpus: str) -> Iterator[Clip]:
    taken: dict[str, int] = {}
    for row in _manifest(speech, corpus):
        count = taken.get(row["speaker"], 0)
        if float(row["seconds"]) > LEAST_SECONDS and count < READERS[corpus]:
            taken[row["speaker"]] = count + 1
            yield Clip(speech / corpus / row["file"], corpus, f"{corpus} {row['speaker']}", "neutral")


def _manifest(speech: Path, corpus: str) -> list[dict[str, str]]:
    path = speech / corpus / "manifest.csv"
    if not path.is_file():
        raise RequestError(
            "train.speech", "The corpus is not there; give the folder of speech with --speech.", str(path)
        )
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _number(name: str) -> int:
    """A number of a file name, so that the copies of a clip do not depend on which others there are."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")

"""What the speech encoder learns from: clips of the corpus as they are, and heard through hard augmentation."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import torch

from backend.audio.features import MEL_RATE, MEL_WINDOW, log_mel_frames
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.clock import MEL_AHEAD, MEL_PER_STEP
from backend.cues.encoder import SpeechEncoder
from backend.cues.frontend import steps_of
from backend.training.augment import AugmentConfig, augment
from backend.training.corpus.manifest import Clip
from backend.training.corpus.voices import FOREIGN
from backend.training.labels import SpeechLabels, speech_labels

from .teachers import Taught, lips_corrected, read_teachers, taught_by

log = logging.getLogger(__name__)

OFTENER: Final[dict[str, float]] = {"own_voice": 2.0, "asterisk": 2.0}
"""Sources that are drawn more often than their length: native speakers on clean microphones, half an hour of two."""
BABBLE_CLIPS: Final[int] = 40
"""Training clips that noise is made of."""
HANDFUL: Final[int] = 16
"""Clips that a process hears at once."""


@dataclass(frozen=True, eq=False)
class Example:
    """A clip as it was heard once: `mel` (2 S + 4, 80) float16 log-mel from frame 0 on, and its S labels.

    `weight` is how often it is drawn for its length; `taught` what teachers say of it, where there are any.
    """

    mel: np.ndarray
    labels: SpeechLabels
    weight: float = 1.0
    taught: Taught | None = None

    @property
    def steps(self) -> int:
        """S."""
        return len(self.labels.phones)


@dataclass(frozen=True)
class Hearing:
    """How clips are heard: of the corpus in `folder`, as they are and through `copies` augmentations.

    `teachers` is a folder of encoders that say what they hear in each of them, or None.
    """

    folder: Path
    copies: int
    augment: AugmentConfig
    teachers: Path | None = None


def examples_of(clips: Sequence[Clip], hearing: Hearing, seed: int) -> list[Example]:
    """Every clip as it was heard, on all cores; one seed, one result."""
    hear = partial(_examples, hearing, tuple(clips[:: max(1, len(clips) // BABBLE_CLIPS)]))
    numbered = [((seed, number), clip) for number, clip in enumerate(clips)]
    handfuls = [numbered[at : at + HANDFUL] for at in range(0, len(numbered), HANDFUL)]
    made: list[Example] = []
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for count, some in enumerate(pool.map(hear, handfuls), start=1):
            made += some
            if count % 16 == 0:
                log.info("%d of %d clips heard", min(count * HANDFUL, len(clips)), len(clips))
    return made


def example_of(clip: Clip, samples: np.ndarray) -> Example:
    """A clip as it is."""
    labels = speech_labels(clip.phones, analyse_prosody(Sound(samples, "0" * 64)), steps_of(len(samples)))
    return Example(_mel(samples, len(labels.phones)), labels, OFTENER.get(clip.source, 1.0))


@lru_cache(maxsize=1)
def _babble(folder: Path, talkers: tuple[Clip, ...]) -> tuple[np.ndarray, ...]:
    return tuple(clip.samples(folder) for clip in talkers)


@lru_cache(maxsize=1)
def _teachers(folder: Path) -> tuple[SpeechEncoder, ...]:
    torch.set_num_threads(1)  # every core has a process of its own
    return read_teachers(folder)


def _examples(
    hearing: Hearing, talkers: tuple[Clip, ...], numbered: Sequence[tuple[tuple[int, int], Clip]]
) -> list[Example]:
    made: list[Example] = []
    babble = _babble(hearing.folder, talkers)
    for seed, clip in numbered:
        rng = np.random.default_rng(seed)
        samples = clip.samples(hearing.folder)
        plain = example_of(clip, samples)
        copies = [_stretched(*augment(samples, babble, rng, hearing.augment), plain) for _ in range(hearing.copies)]
        made += [_taught(hearing, clip, example) for example in (plain, *copies)]
    return made


def _taught(hearing: Hearing, clip: Clip, example: Example) -> Example:
    """The example with what teachers say of it; of a foreign voice they have the word where its lips do not meet.

    Where the labels of such voices said everything, as many closures were right and 0.01 fewer frames of a clean
    reader.
    """
    if hearing.teachers is None:
        return example
    taught = taught_by(_teachers(hearing.teachers), example.mel)
    if clip.voice not in FOREIGN:
        return replace(example, taught=taught)
    taught = lips_corrected(taught, example.labels)
    said = SpeechLabels(
        taught.phones.argmax(axis=1),
        taught.visemes.argmax(axis=1),
        taught.articulation.astype(np.float32),
        example.labels.prosody,
    )
    return replace(example, taught=taught, labels=said)


def _mel(samples: np.ndarray, steps: int) -> np.ndarray:
    frames = MEL_PER_STEP * steps + MEL_AHEAD
    needed = (frames - 1) * SAMPLE_RATE // MEL_RATE + MEL_WINDOW
    before = MEL_WINDOW // 2
    padded = np.pad(samples, (before, max(0, needed - before - len(samples))))
    return log_mel_frames(padded, frames).astype(np.float16)


def _stretched(heard: np.ndarray, factor: float, plain: Example) -> Example:
    """An augmented clip whose times are `factor` times the original's, with the labels moved along."""
    steps = steps_of(len(heard))
    labels = plain.labels
    nearest = np.clip(np.round(np.arange(steps) / factor).astype(np.int64), 0, plain.steps - 1)
    moved = SpeechLabels(
        labels.phones[nearest], labels.visemes[nearest], labels.articulation[nearest], labels.prosody[nearest]
    )
    return Example(_mel(heard, steps), moved, plain.weight)

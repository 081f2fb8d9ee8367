"""Batches for the speech encoder: clips heard through hard augmentation, cut to crops."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.audio.features import MEL_BANDS, MEL_RATE, MEL_WINDOW, log_mel_frames
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.clock import ENCODER_RATE, MEL_AHEAD, MEL_PER_STEP
from backend.cues.frontend import Frontend, steps_of
from backend.training.augment import AugmentConfig, augment
from backend.training.corpus.manifest import Clip
from backend.training.labels import SpeechLabels, speech_labels
from backend.training.masks import mel_masks

log = logging.getLogger(__name__)

OFTENER: Final[dict[str, float]] = {"own_voice": 2.0}
"""Sources that are drawn more often than their length: the one native speaker on a clean microphone, 14 minutes."""
BABBLE_CLIPS: Final[int] = 40
"""Training clips that noise is made of."""


@dataclass(frozen=True, eq=False)
class Example:
    """A clip as it was heard once: `mel` (2 S + 4, 80) float16 log-mel from frame 0 on, and its S labels.

    `weight` is how often it is drawn for its length.
    """

    mel: np.ndarray
    labels: SpeechLabels
    weight: float = 1.0

    @property
    def steps(self) -> int:
        """S."""
        return len(self.labels.phones)


@dataclass(frozen=True)
class Batch:
    """Tensors of B crops of T steps: `inputs` (B,T,320) for the encoder, labels as in SpeechLabels."""

    inputs: Tensor
    phones: Tensor
    visemes: Tensor
    articulation: Tensor
    prosody: Tensor


def examples_of(
    folder: Path, clips: Sequence[Clip], copies: int, rng: np.random.Generator, config: AugmentConfig | None
) -> list[Example]:
    """Every clip as it is and, where `config` says how, heard through `copies` augmentations."""
    babble = [clip.samples(folder) for clip in clips[:: max(1, len(clips) // BABBLE_CLIPS)]] if config else []
    made: list[Example] = []
    for number, clip in enumerate(clips):
        samples = clip.samples(folder)
        labels = speech_labels(clip.phones, analyse_prosody(Sound(samples, "0" * 64)), steps_of(len(samples)))
        weight = OFTENER.get(clip.source, 1.0)
        made.append(Example(_mel(samples, len(labels.phones)), labels, weight))
        for _ in range(copies if config else 0):
            heard, factor = augment(samples, babble, rng, config)
            made.append(replace(_stretched(heard, labels, factor), weight=weight))
        if number % 200 == 199:
            log.info("%d of %d clips heard", number + 1, len(clips))
    return made


def batches(
    examples: Sequence[Example], mel_mean: np.ndarray, size: int, steps: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """Crops without end, long clips more often, each masked and warped anew (`mel_masks`)."""
    share = np.array([example.steps * example.weight for example in examples], dtype=np.float64)
    share /= share.sum()
    while True:
        chosen = rng.choice(len(examples), size, p=share)
        yield _batch([_crop(examples[k], steps, rng) for k in chosen], mel_mean, steps, rng)


def inputs_of(mel: np.ndarray, mel_mean: np.ndarray) -> np.ndarray:
    """(S, INPUT_WIDTH) encoder inputs of log-mel frames (2 S + 4, 80), as the frontend makes them."""
    frames = Frontend(mel_mean).normalized(mel)[MEL_AHEAD - 1 :]
    steps = len(frames) // MEL_PER_STEP
    return frames[: steps * MEL_PER_STEP].reshape(steps, -1)


def _mel(samples: np.ndarray, steps: int) -> np.ndarray:
    frames = MEL_PER_STEP * steps + MEL_AHEAD
    needed = (frames - 1) * SAMPLE_RATE // MEL_RATE + MEL_WINDOW
    before = MEL_WINDOW // 2
    padded = np.pad(samples, (before, max(0, needed - before - len(samples))))
    return log_mel_frames(padded, frames).astype(np.float16)


def _stretched(heard: np.ndarray, labels: SpeechLabels, factor: float) -> Example:
    """An augmented clip whose times are `factor` times the original's, with the labels moved along."""
    steps = steps_of(len(heard))
    at = np.arange(steps) / factor
    last = len(labels.phones) - 1
    nearest = np.clip(np.round(at).astype(np.int64), 0, last)
    moved = SpeechLabels(
        labels.phones[nearest], labels.visemes[nearest], labels.articulation[nearest], labels.prosody[nearest]
    )
    return Example(_mel(heard, steps), moved)


def _crop(example: Example, steps: int, rng: np.random.Generator) -> Example:
    """`steps` steps from a random place; what a short clip lacks is silence (labels of its last step)."""
    start = int(rng.integers(0, max(1, example.steps - steps + 1)))
    index = np.minimum(np.arange(start, start + steps), example.steps - 1)
    labels = example.labels
    frames = np.arange(MEL_PER_STEP * start, MEL_PER_STEP * (start + steps) + MEL_AHEAD)
    mel = example.mel[np.minimum(frames, len(example.mel) - 1)]
    return Example(
        mel,
        SpeechLabels(labels.phones[index], labels.visemes[index], labels.articulation[index], labels.prosody[index]),
    )


def _batch(crops: Sequence[Example], mel_mean: np.ndarray, steps: int, rng: np.random.Generator) -> Batch:
    inputs = np.stack([inputs_of(mel_masks(c.mel.astype(np.float32), rng), mel_mean)[:steps] for c in crops])
    stacked = {
        name: torch.from_numpy(np.stack([getattr(c.labels, name) for c in crops]))
        for name in ("phones", "visemes", "articulation", "prosody")
    }
    return Batch(inputs=torch.from_numpy(inputs), **stacked)


def corpus_mean(examples: Sequence[Example]) -> np.ndarray:
    """(80,) float32: the mean log-mel over frames in which somebody speaks."""
    total, count = np.zeros(MEL_BANDS), 0
    for example in examples[::7]:
        spoken = np.flatnonzero(example.labels.phones > 0) * MEL_PER_STEP
        total += example.mel[spoken].astype(np.float64).sum(axis=0)
        count += len(spoken)
    return (total / max(count, 1)).astype(np.float32)


assert MEL_RATE == MEL_PER_STEP * ENCODER_RATE

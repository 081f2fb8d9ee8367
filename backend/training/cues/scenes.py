"""Scenes: clips of one voice joined to half a minute of talk with pauses, as an encoder hears them.

Lines are a few seconds long, but a performance must live through minutes; generators learn that from scenes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch

from backend.audio.prosody import Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.actor import even
from backend.cues.encoder import SpeechEncoder
from backend.cues.frontend import encoder_inputs
from backend.cues.told import TAPS, UNTOLD, told_phones
from backend.speech.phones import SILENCE, Phone, fill_silence
from backend.training.augment import AugmentConfig, augment
from backend.training.corpus.manifest import Clip

log = logging.getLogger(__name__)

LENGTH: Final[float] = 30.0
"""Seconds of a scene, about."""
PAUSES: Final[tuple[tuple[float, float, float], ...]] = ((0.75, 0.1, 0.9), (0.25, 1.0, 4.0))
"""Share, shortest and longest of the pauses between two clips, s: mostly breaths, at times a turn of the partner."""
NOISE: Final[AugmentConfig] = AugmentConfig(speed_chance=0.0)
"""Scenes keep their pace, so that the labels of the clean sound hold."""
CLEAN_SHARE: Final[float] = 0.4


@dataclass(frozen=True, eq=False)
class Scene:
    """`phones` and `prosody` of the clean sound, its `duration` s and `sha256`, `features` (S,F) float16 as heard.

    Without phones nothing can be told to the lips.
    """

    sha256: str
    duration: float
    phones: tuple[Phone, ...]
    prosody: Prosody
    features: np.ndarray

    @cached_property
    def told(self) -> np.ndarray:
        """(S,5) int16 as `told_phones`."""
        steps = len(self.features)
        told = told_phones(self.phones, steps) if self.phones else np.full((steps, len(TAPS)), UNTOLD)
        return told.astype(np.int16)


def scenes_of(
    folder: Path, clips: Sequence[Clip], encoder: SpeechEncoder, rng: np.random.Generator, noisy: bool = True
) -> list[Scene]:
    """Scenes of all clips, voice by voice in a drawn order; where `noisy`, most are heard through augmentation."""
    scenes: list[Scene] = []
    babble = [clip.samples(folder) for clip in clips[:: max(1, len(clips) // 30)]]
    for group in _groups(clips, rng):
        samples, phones = _joined(folder, group, rng)
        heard = samples
        if noisy and group[0].source != "quiet" and rng.random() > CLEAN_SHARE:
            heard, _ = augment(samples, babble, rng, NOISE)
        scenes.append(
            Scene(
                sha256=f"{rng.integers(0, 2**63):064x}"[::-1],
                duration=len(samples) / SAMPLE_RATE,
                phones=phones,
                prosody=analyse_prosody(Sound(samples, "0" * 64)),
                features=features_of(encoder, heard),
            )
        )
        if len(scenes) % 50 == 0:
            log.info("%d scenes heard", len(scenes))
    return scenes


@torch.inference_mode()
def features_of(encoder: SpeechEncoder, samples: np.ndarray) -> np.ndarray:
    """(S,F) float16 features of a sound, S even."""
    inputs = encoder_inputs(samples, encoder.mel_mean.cpu().numpy())
    inputs = np.pad(inputs, ((0, even(len(inputs)) - len(inputs)), (0, 0)), mode="edge")
    where = encoder.mel_mean.device
    features, _ = encoder(torch.from_numpy(inputs[None]).to(where), encoder.stack.start(1))
    return features[0].cpu().numpy().astype(np.float16)


def _groups(clips: Sequence[Clip], rng: np.random.Generator) -> Iterator[list[Clip]]:
    """Clips of one voice, drawn until they fill a scene."""
    voices: dict[str, list[Clip]] = {}
    for clip in clips:
        voices.setdefault(clip.voice, []).append(clip)
    for chosen in voices.values():
        group: list[Clip] = []
        for number in rng.permutation(len(chosen)):
            group.append(chosen[number])
            if sum(clip.duration for clip in group) >= LENGTH:
                yield group
                group = []
        if group:
            yield group


def _joined(folder: Path, group: Sequence[Clip], rng: np.random.Generator) -> tuple[np.ndarray, tuple[Phone, ...]]:
    """The clips one after the other, with pauses of the noise floor between them and around."""
    pieces, phones, at = [], [], 0.0
    for clip in group:
        samples = clip.samples(folder)
        pause = np.zeros(int(_pause(rng) * SAMPLE_RATE), dtype=np.float32)
        pause += rng.standard_normal(len(pause), dtype=np.float32) * _floor(samples)
        at += len(pause) / SAMPLE_RATE
        pieces += [pause, samples]
        phones += [Phone(p.name, at + p.start, at + p.end) for p in clip.phones if p.name != SILENCE]
        at += len(samples) / SAMPLE_RATE
    joined = np.concatenate(pieces)
    return joined, fill_silence(phones, len(joined) / SAMPLE_RATE)


def _pause(rng: np.random.Generator) -> float:
    shares = [share for share, _, _ in PAUSES]
    _, shortest, longest = PAUSES[int(rng.choice(len(PAUSES), p=shares))]
    return float(rng.uniform(shortest, longest))


def _floor(samples: np.ndarray) -> np.float32:
    """The level of the quietest twentieth of 20 ms frames."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    return np.float32(np.percentile(np.sqrt((frames**2).mean(axis=1)), 5)) if len(frames) else np.float32(0.0)

"""Train the independent judge.

It learns from performances of the rules on training voices, in constant emotions of drawn intensity, and is tested on
validation voices. What it says of the neural engine is nothing that engine was trained on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from addon.core.emotion import EMOTIONS, NEUTRAL, EmotionTrack
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import Sound
from backend.evaluation.judge import JUDGE_FPS, EmotionJudge, JudgeConfig, seen_of
from backend.rules.layers import Direction, Line
from backend.rules.performer import perform_line
from backend.training.corpus.manifest import Clip, read_manifest
from backend.training.solver import Schedule, as_card, device, optimise, save_weights

log = logging.getLogger(__name__)

SHORTEST: Final[float] = 2.0
SHAKE: Final[float] = 0.1
"""Noise on what is seen, in units: a judge that knows the teacher's exact prototypes would refuse everybody else."""


@dataclass(frozen=True)
class JudgeRecipe:
    """Everything that decides the weights."""

    corpus: Path
    seed: int = 7
    clips: int = 500
    performances: int = 3
    batch: int = 32
    crop: float = 2.4
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=700, rate=2e-3))
    model: JudgeConfig = field(default_factory=JudgeConfig)


@dataclass(frozen=True, eq=False)
class Seen:
    """One performance: `frames` (T,W) float32 as the judge sees it, and `felt` (8,) what was asked for."""

    frames: np.ndarray
    felt: np.ndarray


def train_judge(recipe: JudgeRecipe, out: Path) -> None:
    """Train, measure on validation voices, write weights and card to `out` (without suffix)."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    training = performances_of(recipe, "train", rng)
    judge, where = EmotionJudge(recipe.model).to(device()), device()
    source = _batches(training, recipe, rng)
    optimise(judge, lambda: {"judge": _loss(judge, *(part.to(where) for part in next(source)))}, recipe.schedule)
    judge.cpu()
    metrics = _measure(judge, performances_of(recipe, "validation", np.random.default_rng(recipe.seed + 1)))
    log.info("validation voices: %s", metrics)
    save_weights(out, judge, _card(recipe, metrics))


def performances_of(recipe: JudgeRecipe, split: str, rng: np.random.Generator) -> list[Seen]:
    """Clips of a split, performed by the rules in constant emotions."""
    clips = [c for c in read_manifest(recipe.corpus) if c.split == split and c.duration >= SHORTEST]
    clips = [clips[k] for k in rng.permutation(len(clips))[: recipe.clips]]
    return [_performed(recipe.corpus, clip, rng) for clip in clips for _ in range(recipe.performances)]


def _performed(folder: Path, clip: Clip, rng: np.random.Generator) -> Seen:
    samples = clip.samples(folder)
    prosody = analyse_prosody(Sound(samples, "0" * 64))
    emotion = str(rng.choice(EMOTIONS))
    intensity = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.1, 1.0))
    track = EmotionTrack.constant(emotion, intensity)
    line = Line(f"{rng.integers(2**62):064x}"[::-1], clip.duration, clip.phones, prosody, track)
    performance = perform_line(line, Direction(JUDGE_FPS, int(rng.integers(2**31))))
    felt = np.zeros(len(EMOTIONS), np.float32)
    felt[EMOTIONS.index(emotion)] = intensity
    felt[NEUTRAL] += 1.0 - intensity
    return Seen(seen_of(performance), felt)


def _batches(seen: Sequence[Seen], recipe: JudgeRecipe, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    frames = int(recipe.crop * JUDGE_FPS)
    usable = [one for one in seen if len(one.frames) >= frames]
    while True:
        chosen = [usable[k] for k in rng.integers(len(usable), size=recipe.batch)]
        starts = [int(rng.integers(len(one.frames) - frames + 1)) for one in chosen]
        crops = np.stack([one.frames[s : s + frames] for one, s in zip(chosen, starts, strict=True)])
        crops = crops + SHAKE * rng.standard_normal(crops.shape, dtype=np.float32)
        yield torch.from_numpy(crops), torch.from_numpy(np.stack([one.felt for one in chosen]))


def _loss(judge: EmotionJudge, frames: Tensor, felt: Tensor) -> Tensor:
    return -(felt * torch.log_softmax(judge(frames), dim=1)).sum(dim=1).mean()


def _measure(judge: EmotionJudge, seen: Sequence[Seen]) -> dict[str, Any]:
    """Share of performances at full intensity that are read as asked, and the confusion of all eight."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), dtype=np.int64)
    with torch.inference_mode():
        for one in seen:
            if one.felt.max() >= 1.0:
                read = int(judge(torch.from_numpy(one.frames[None]))[0].argmax())
                confusion[int(one.felt.argmax()), read] += 1
    return {
        "accuracy_full_intensity": round(float(np.trace(confusion) / max(confusion.sum(), 1)), 4),
        "performances": int(confusion.sum()),
        "confusion": confusion.tolist(),
    }


def _card(recipe: JudgeRecipe, metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": "Independent judge of emotion: landmarks, gaze and head of a performance to eight probabilities; for "
        "evaluation only",
        "method": "bidirectional recurrent network with mean and deviation pooling",
        "licence": "GPL-3.0-or-later",
        "data": "performances of the rules on training voices of the corpus (sources and licences in speech.json)",
        "command": f"python -m backend train judge --corpus CORPUS --seed {recipe.seed}",
        "seed": recipe.seed,
        "config": as_card(recipe),
        "metrics": metrics,
    }

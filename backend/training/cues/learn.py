"""Train the cue model.

The encoder stands; the rules perform half-minute scenes in drawn emotions, and the generators learn to go on as they
do. The collaborative classifier is trained on the teacher first and then corrects what is generated freely.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from backend.cues.clock import CUE_RATE, ENCODER_RATE
from backend.cues.expression_space import fit_expression_space
from backend.cues.library import load_cues, load_encoder
from backend.cues.model import CueConfig, CueModel
from backend.cues.weights import read_weights
from backend.training.corpus.manifest import read_manifest
from backend.training.corpus.voices import FOREIGN
from backend.training.solver import Schedule, as_card, device, optimise, save_weights

from .captures import read_drifts
from .classifier import CollaborativeClassifier
from .data import Course, courses_of, cue_batches, fit_cells
from .directions import draw_direction
from .last_layer import solve_last_layer
from .losses import (
    character_code,
    classifier_loss,
    emotion_loss,
    freeze,
    lip_basis,
    lip_loss,
    lips_of,
    stream_loss,
    total,
)
from .scenes import Scene, scenes_of
from .takes import read_takes
from .teacher import Lesson, lesson_of

log = logging.getLogger(__name__)


TOLD_SCHEDULE: Final[Schedule] = Schedule(steps=900, rate=4e-3, decay=0.0)


@dataclass(frozen=True)
class CueRecipe:
    """Everything that decides the weights. The rules perform each scene `performances` times; `crop` in cue steps."""

    corpus: Path
    captures: Path | None = None
    takes: Path | None = None
    seed: int = 1
    performances: int = 3
    batch: int = 16
    crop: int = 160
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=2500, rate=2e-3))
    classifier: Schedule = field(default_factory=lambda: Schedule(steps=500, rate=2e-3))
    model: CueConfig = field(default_factory=CueConfig)


def told_recipe(recipe: CueRecipe, schedule: Schedule) -> CueRecipe:
    """The recipe for teaching the lips a known text alone: one table, so less of everything."""
    return replace(recipe, performances=1, batch=8, crop=80, schedule=schedule)


def train_cues(recipe: CueRecipe, out: Path) -> None:
    """Train, measure on the validation voices, write weights and card to `out` (without suffix)."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    scenes, lessons = material(recipe, "train", rng)
    model = prepared(recipe, lessons)
    courses = courses_of(lessons, model)
    classifier = learn(model, scenes, courses, recipe, rng)
    solve_last_layer(model, cue_batches(scenes, courses, recipe.batch, recipe.crop, rng))
    metrics = held_out(model, classifier, recipe, np.random.default_rng(recipe.seed + 1))
    log.info("validation voices: %s", metrics)
    save_weights(out, model.cpu(), _card(recipe, scenes, metrics))


def train_told(recipe: CueRecipe, out: Path) -> None:
    """Teach the installed model what to make of a known text and leave all else as it is; write it to `out`."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    scenes, lessons = material(recipe, "train", rng)
    model = load_cues().to(device())
    freeze(model)
    model.lips.told.requires_grad_(True)
    source = cue_batches(scenes, courses_of(lessons, model), recipe.batch, recipe.crop, rng, told_share=1.0)
    basis = lip_basis().to(device())

    def losses() -> dict[str, torch.Tensor]:
        batch = next(source).to(device())
        with torch.no_grad():
            condition = model.condition(batch.emotion, character_code(model, batch))
        return lip_loss(lips_of(model, batch, condition), batch, basis)

    optimise(model.lips.told, losses, recipe.schedule)
    save_weights(out, model.cpu(), _told_card(recipe))


def train_lips(recipe: CueRecipe, out: Path) -> None:
    """Solve the last layer of the installed model's lips anew and leave all else as it is; write it to `out`."""
    recipe = replace(recipe, performances=2)
    scenes, lessons = material(recipe, "train", np.random.default_rng(recipe.seed))
    model = load_cues().to(device())
    rng = np.random.default_rng(recipe.seed + 1)
    solve_last_layer(model, cue_batches(scenes, courses_of(lessons, model), recipe.batch, recipe.crop, rng))
    save_weights(out, model.cpu(), _lips_card(recipe))


def material(recipe: CueRecipe, split: str, rng: np.random.Generator) -> tuple[list[Scene], list[Lesson]]:
    """The scenes of a split and what the rules make of them; none of voices whose vowels are of other languages."""
    clips = [clip for clip in read_manifest(recipe.corpus) if clip.split == split and clip.voice not in FOREIGN]
    encoder = load_encoder().to(device())
    scenes = scenes_of(recipe.corpus, clips, encoder, rng)
    drifts = read_drifts(recipe.captures, ENCODER_RATE) if recipe.captures else []
    lessons = [
        lesson_of(scene, number, draw_direction(scene.duration, rng), drifts, rng)
        for _ in range(recipe.performances)
        for number, scene in enumerate(scenes)
    ]
    if recipe.takes and split == "train":
        for scene, lesson in read_takes(recipe.takes, encoder, len(scenes)):
            scenes.append(scene)
            lessons += [lesson] * recipe.performances
    log.info("%d scenes, %d lessons", len(scenes), len(lessons))
    return scenes, lessons


def prepared(recipe: CueRecipe, lessons: Sequence[Lesson]) -> CueModel:
    """A new model whose spaces fit the lessons."""
    model = CueModel(recipe.model)
    seen = np.concatenate([lesson.expression[::10] for lesson in lessons])
    fit_expression_space(model, seen.astype(np.float64))
    fit_cells(model, lessons)
    return model.to(device())


def learn(
    model: CueModel, scenes: Sequence[Scene], courses: Sequence[Course], recipe: CueRecipe, rng: np.random.Generator
) -> CollaborativeClassifier:
    """Optimise the classifier, then the model with it; returns the classifier."""
    source = cue_batches(scenes, courses, recipe.batch, recipe.crop, rng)
    where = device()
    classifier = CollaborativeClassifier().to(where)

    def reading() -> dict[str, torch.Tensor]:
        return {"classifier": classifier_loss(classifier, next(source).to(where), rng)}

    optimise(classifier, reading, recipe.classifier)
    freeze(classifier)
    basis = lip_basis().to(where)

    def losses() -> dict[str, torch.Tensor]:
        batch = next(source).to(where)
        condition = model.condition(batch.emotion, character_code(model, batch))
        lips = lips_of(model, batch, condition)
        streams, hidden = stream_loss(model, batch, condition)
        felt = emotion_loss(model, classifier, batch, condition, lips, hidden, rng)
        return total(lip_loss(lips, batch, basis), streams, {"emotion": felt})

    optimise(model, losses, recipe.schedule)
    return classifier


def held_out(
    model: CueModel, classifier: CollaborativeClassifier, recipe: CueRecipe, rng: np.random.Generator
) -> dict[str, float]:
    """The losses on scenes of voices that were not trained on."""
    scenes, lessons = material(recipe, "validation", rng)
    source = cue_batches(scenes, courses_of(lessons, model), recipe.batch, recipe.crop, rng)
    basis, sums = lip_basis().to(device()), {}
    rounds = 10
    with torch.no_grad():
        for _ in range(rounds):
            batch = next(source).to(device())
            condition = model.condition(batch.emotion, character_code(model, batch))
            lips = lips_of(model, batch, condition)
            streams, hidden = stream_loss(model, batch, condition)
            felt = emotion_loss(model, classifier, batch, condition, lips, hidden, rng)
            for name, value in total(lip_loss(lips, batch, basis), streams, {"emotion": felt}).items():
                sums[name] = sums.get(name, 0.0) + float(value) / rounds
    return {name: round(value, 4) for name, value in sums.items()}


def _told_card(recipe: CueRecipe) -> dict[str, Any]:
    """The installed card, and how the lips learned to be told."""
    card = {k: v for k, v in read_weights("cues")[1].items() if k not in ("name", "sha256", "tensors", "told")}
    told = {
        "what": "what the lips make of a known text (`lips.told`), learned with all else as it was",
        "command": f"python -m backend train cues --told --corpus CORPUS --steps {recipe.schedule.steps} "
        f"--seed {recipe.seed}",
        "config": as_card(recipe),
    }
    return card | {"told": told}


def _lips_card(recipe: CueRecipe) -> dict[str, Any]:
    """The installed card, and how the last layer of its lips was solved."""
    card = {k: v for k, v in read_weights("cues")[1].items() if k not in ("name", "sha256", "tensors", "lips")}
    lips = {
        "what": "the last layer of the lips (`lips.leave`), solved with all else as it was",
        "command": f"python -m backend train cues --lips --corpus CORPUS --captures CAPTURES --seed {recipe.seed}",
        "config": as_card(recipe),
    }
    return card | {"lips": lips}


def _card(recipe: CueRecipe, scenes: Sequence[Scene], metrics: dict[str, float]) -> dict[str, Any]:
    hours = sum(scene.duration for scene in scenes) / 3600.0
    return {
        "what": "Cue model: lips at 50 steps a second; expression, gaze, blinks and head at 25, auto-regressive, from "
        "the speech encoder's features, the emotion and an optional character",
        "method": "lips in landmark space; mixture densities over motor drives; fixation cells; collaborative emotion "
        "classifier over free rollouts (arXiv 2406.07895)",
        "licence": "GPL-3.0-or-later",
        "data": {
            "speech": f"{hours:.2f} h of scenes from the corpus of `train corpus` (sources and licences in "
            "speech.json), performed by the rules",
            "captures": "Live Link Face recordings by alexdjulin (MIT): drift of brows, cheeks, lids"
            if recipe.captures
            else "none",
            "takes": "the user's own" if recipe.takes else "none",
        },
        "command": f"python -m backend train cues --corpus CORPUS --captures CAPTURES --steps {recipe.schedule.steps} "
        f"--seed {recipe.seed}",
        "seed": recipe.seed,
        "config": as_card(recipe),
        "metrics": {"validation": metrics},
    }


assert CUE_RATE * 2 == ENCODER_RATE

"""Training the mapper: regress what was drawn from what was read off the renders."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from addon.core.errors import RequestError
from backend.generator.interface import Portrait
from backend.generator.liveportrait.config import FULL, PortraitConfig
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.liveportrait.keypoints import BROWS, EYEBALLS, LIDS, LIPS
from backend.generator.liveportrait.mapper import Mapper, MapperConfig, mapper_settings
from backend.generator.liveportrait.mapper_inputs import VOICE
from backend.generator.liveportrait.reader import LandmarkReader
from backend.generator.liveportrait.source import PortraitState
from backend.training.solver import Schedule, as_card, optimise, save_weights

from .draw import FRAMES, draw_clip
from .lessons import Lesson, render_lesson

log = logging.getLogger(__name__)

HELD_OUT: Final[int] = 8
"""One clip in so many is never learned from."""
REGIONS: Final[dict[str, tuple[int, ...]]] = {
    "lips": LIPS, "lids and eyeballs": (*LIDS, *EYEBALLS, 18), "brows": BROWS, "all": tuple(range(21)),
}  # fmt: skip
MOTION: Final[float] = 2.0
LANDMARKS: Final[float] = 1.0
"""Weights of the losses on velocity and on landmarks beside that on expression, which counts 1; chosen."""
SILENT: Final[float] = 0.5
"""Share of the clips whose voice is not told, so that the mapper does without."""
RIDGE: Final[float] = 1e-3
"""Ridge of the landmark model, as a share of the mean square of the expression's numbers: only so that it can be solved
where clips move few of them; chosen."""
STRAIGHT: Final[tuple[float, ...]] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridges tried, per frame, for the straight line from inputs to each number of the expression; the best on clips that
were left out is taken."""
LEAST: Final[int] = 16
"""Clips below which nothing is learned."""


@dataclass(frozen=True)
class MapperRecipe:
    """Everything that decides the mapper. Rendering ends after `minutes`, whatever has been drawn by then.

    `turn`: how far heads move in what is drawn; 1 is a lively head, less spends the clips on one that is held still.
    """

    weights: Path
    clips: int = 120
    minutes: float = 30.0
    turn: float = 1.0
    seed: int = 0
    width: int = 192
    blocks: int = 3
    batch: int = 16
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1500, rate=2e-3))


def train_mapper(
    recipe: MapperRecipe, portrait: Portrait, out: Path | None = None, config: PortraitConfig = FULL
) -> dict[str, Any]:
    """Train for the recipe's weights on a portrait, and write weights and card beside them (or to `out`).

    Returns the metrics. Raises RequestError without consent, and where nothing reads landmarks off the frames.
    """
    generator = LivePortrait(recipe.weights, config)
    state = generator.prepare(portrait, lambda stage, share: None)
    if state.reader is None:
        raise RequestError(
            "train.reader",
            "The mapper learns from landmarks that are read off frames: put landmark.onnx into the folder of weights "
            "and install onnxruntime.",
            str(recipe.weights),
        )
    lessons = draw_lessons(recipe, generator, state, state.reader)
    mapper, metrics = learn_mapper(recipe, lessons, state.reader.points)
    save_mapper(recipe, mapper, generator, metrics, out or generator.loaded.files.mapper)
    return metrics


def draw_lessons(
    recipe: MapperRecipe, generator: LivePortrait, state: PortraitState, reader: LandmarkReader
) -> list[Lesson]:
    """Clips drawn and rendered until there are enough or the time is over. Raises RequestError for too few."""
    rng = np.random.default_rng(recipe.seed)
    began, lessons = time.monotonic(), list[Lesson]()
    while len(lessons) < recipe.clips and time.monotonic() - began < 60.0 * recipe.minutes:
        drawn = draw_clip(rng, generator.loaded, state, recipe.turn)
        lessons.append(render_lesson(generator.loaded, state, reader, drawn))
        if len(lessons) in (1, 2, 5) or len(lessons) % 20 == 0:
            spent = (time.monotonic() - began) / 60.0
            whole = min(recipe.minutes, spent * recipe.clips / len(lessons))
            log.info("%d of %d clips of %d frames, %.1f of about %.1f minutes",
                     len(lessons), recipe.clips, FRAMES, spent, whole)  # fmt: skip
    if len(lessons) < LEAST:
        raise RequestError(
            "train.time", f"Only {len(lessons)} clips were rendered, {LEAST} are needed: give it more minutes or a GPU."
        )
    return lessons


def learn_mapper(
    recipe: MapperRecipe, lessons: Sequence[Lesson], points: tuple[int, ...]
) -> tuple[Mapper, dict[str, Any]]:
    """The mapper, and how well it does on clips that it never saw, beside one that was not trained: the rest face."""
    torch.manual_seed(recipe.seed)
    keypoints = lessons[0].expression.shape[1]
    held = lessons[::HELD_OUT]
    learned = [lesson for number, lesson in enumerate(lessons) if number % HELD_OUT]
    mapper = Mapper(MapperConfig(points, keypoints, recipe.width, recipe.blocks))
    inputs, expression = _stacked(learned)
    _settle(mapper, inputs, expression)
    before = measure(mapper, held)
    _lay_straight(mapper, inputs, expression)
    landmarks = _landmark_model(learned)
    rng = np.random.default_rng(recipe.seed)
    optimise(mapper, lambda: _losses(mapper, inputs, expression, landmarks, recipe.batch, rng), recipe.schedule)
    metrics = {"untrained": before, "trained": measure(mapper, held), "clips": len(lessons)}
    for region in REGIONS:
        log.info("%s: error %.3f of what was drawn, untrained %.3f", region,
                 metrics["trained"][region], before[region])  # fmt: skip
    return mapper, metrics


def measure(mapper: Mapper, lessons: Sequence[Lesson]) -> dict[str, float]:
    """Root mean square error of each region's expression over that of what was drawn; with the voice and without."""
    inputs, truth = _stacked(lessons)
    silent = inputs.clone()
    silent[..., -VOICE:] = 0.0

    def error(seen: Tensor, region: tuple[int, ...]) -> float:
        with torch.inference_mode():
            away = (mapper(seen) - truth)[..., list(region), :]
        return round(float(away.square().mean().sqrt() / truth[..., list(region), :].square().mean().sqrt()), 4)

    found = {name: error(inputs, region) for name, region in REGIONS.items()}
    return {**found, "lips without voice": error(silent, LIPS)}


def save_mapper(
    recipe: MapperRecipe, mapper: Mapper, generator: LivePortrait, metrics: dict[str, Any], out: Path
) -> None:
    """Weights and card; the card says which weights of LivePortrait they belong to."""
    card = {
        "what": "maps relocated landmarks, gaze, pose and visemes to the expression of LivePortrait's keypoints",
        "data": f"{metrics['clips']} drawn clips of {FRAMES} frames, rendered from one portrait with the weights below",
        "licence": "made with LivePortrait weights that the user supplied; what they allow holds for it too",
        "command": "python -m backend train mapper --weights FOLDER --portrait IMAGE --consent",
        "seed": recipe.seed,
        "weights_hash": generator.loaded.hash,
        "config": mapper_settings(mapper.config),
        "recipe": as_card(recipe),
        "metrics": metrics,
    }
    save_weights(out, mapper, card)
    log.info("the mapper is in %s", out.with_suffix(".safetensors"))


def _stacked(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor]:
    return torch.stack([one.inputs for one in lessons]), torch.stack([one.expression for one in lessons])


def _settle(mapper: Mapper, inputs: Tensor, expression: Tensor) -> None:
    """Tell the mapper how inputs and expressions are spread, and the box that they were drawn in."""
    flat = expression.flatten(2).flatten(0, 1)
    seen = inputs.flatten(0, 1)
    mapper.input_mean.copy_(seen.mean(dim=0))
    mapper.input_spread.copy_(seen.std(dim=0).clamp(min=1e-6))
    mapper.output_spread.copy_(flat.std(dim=0).clamp(min=1e-5))
    mapper.lowest.copy_(flat.quantile(0.002, dim=0))
    mapper.highest.copy_(flat.quantile(0.998, dim=0))


@torch.no_grad()
def _lay_straight(mapper: Mapper, inputs: Tensor, expression: Tensor) -> None:
    """Begin with the best straight line: steps of a gradient find it slowly where landmarks move alike."""
    seen = ((inputs - mapper.input_mean) / mapper.input_spread).double()
    wanted = (expression.flatten(2) / mapper.output_spread).double()
    apart = torch.arange(len(inputs)) % HELD_OUT == 0

    def line(chosen: Tensor, ridge: float) -> Tensor:
        x, y = seen[chosen].flatten(0, 1), wanted[chosen].flatten(0, 1)
        return torch.linalg.solve(x.T @ x + ridge * len(x) * torch.eye(x.shape[1], dtype=torch.double), x.T @ y)

    errors = [(seen[apart] @ line(~apart, ridge) - wanted[apart]).square().mean(dim=(0, 1)) for ridge in STRAIGHT]
    lines = torch.stack([line(torch.ones_like(apart), ridge) for ridge in STRAIGHT])
    best = torch.stack(errors).argmin(dim=0)
    mapper.straight.weight.copy_(lines[best, :, torch.arange(len(best))])


def _landmark_model(lessons: Sequence[Lesson]) -> Tensor:
    """(3K,2P): how expression moves the landmarks that are read, linear and by least squares, each scaled to spread 1.

    It stands for rendering again in the loss on landmarks, which the networks are too slow for.
    """
    expression = torch.cat([one.expression.flatten(1) for one in lessons]).double()
    offsets = torch.cat([one.offsets.flatten(1) for one in lessons]).double()
    offsets = offsets / offsets.std(dim=0).clamp(min=1e-6)
    square = expression.T @ expression
    ridge = RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=torch.double)
    return torch.linalg.solve(square + ridge, expression.T @ offsets).float()


def _losses(
    mapper: Mapper, inputs: Tensor, expression: Tensor, landmarks: Tensor, batch: int, rng: np.random.Generator
) -> dict[str, Tensor]:
    chosen = torch.from_numpy(rng.integers(len(inputs), size=batch))
    seen, truth = inputs[chosen].clone(), expression[chosen]
    told = torch.from_numpy(rng.random(batch) >= SILENT).float()
    seen[..., -VOICE:] *= told[:, None, None]
    away = (mapper(seen) - truth).flatten(2)
    scaled = away / mapper.output_spread
    return {
        "expression": scaled.abs().mean(),
        "landmarks": LANDMARKS * (away @ landmarks).abs().mean(),
        "motion": MOTION * scaled.diff(dim=1).abs().mean(),
    }

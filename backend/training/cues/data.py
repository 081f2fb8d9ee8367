"""Batches for the cue model: crops of lessons with what a step knows and what it is to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from torch import Tensor

from addon.core.channels import CHANNELS
from addon.core.request import EXAMPLE_FRAMES
from backend.cues.clock import CUE_RATE, STEPS_PER_CUE
from backend.cues.expression_space import expression_coordinates
from backend.cues.fixation_grid import CELLS, STAY
from backend.cues.generator import BEFORE
from backend.cues.model import CueModel
from backend.cues.spaces import LIP_CONTROLS, lips_to_channels
from backend.cues.told import UNTOLD

from .drives import drive_of, followed
from .scenes import Scene
from .teacher import Lesson

STYLE_SPREAD: Final[float] = 0.25
"""Deviation of the logarithm of a character's gains: 0.6 to 1.6 holds 95 % of them."""
TOLD_SHARE: Final[float] = 0.5
"""Of the crops in which the lips are told what is said; in the others nobody gave a text."""


@dataclass(frozen=True, eq=False)
class Course:
    """A lesson with everything that training reads, arrays by cue step M (lips, emotion: 2 M).

    expression, head (M,2,D) position and velocity as a step begins, and their drives (M,D) during it; ages (M,2) of
    look and blink as it begins, s; look_before (M,2).
    """

    scene: int
    emotion: np.ndarray
    lips: np.ndarray
    contacts: np.ndarray
    channels: np.ndarray
    expression: np.ndarray
    expression_drive: np.ndarray
    head: np.ndarray
    head_drive: np.ndarray
    gaze: np.ndarray
    look_before: np.ndarray
    look: np.ndarray
    blink: np.ndarray
    ages: np.ndarray


@dataclass(frozen=True)
class CueBatch:
    """Tensors of B crops of M cue steps, as in Course; `examples` (B,16,52) and `known` (B,) whether they are given.

    `told` (B,2M,5) are the phones of the text, all `UNTOLD` in the crops for which the lips must rely on their ears.
    """

    features: Tensor
    told: Tensor
    emotion: Tensor
    lips: Tensor
    contacts: Tensor
    expression: Tensor
    expression_drive: Tensor
    head: Tensor
    head_drive: Tensor
    gaze: Tensor
    look_before: Tensor
    look: Tensor
    blink: Tensor
    ages: Tensor
    examples: Tensor
    known: Tensor

    def to(self, device: torch.device) -> CueBatch:
        """The same on a device."""
        return CueBatch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def courses_of(lessons: Sequence[Lesson], model: CueModel) -> list[Course]:
    """Lessons in the model's spaces, with the drives that lead along them."""
    courses = []
    for lesson in lessons:
        steps = len(lesson.gaze) - 1
        coordinates = expression_coordinates(model, lesson.expression)
        expression, expression_drive = _motion(coordinates)
        head, head_drive = _motion(lesson.head.astype(np.float64))
        before = np.concatenate([lesson.look[:1], lesson.look[:-1]])
        ages = np.stack([_age(lesson.gaze != STAY), _age(lesson.blink)], axis=1)
        courses.append(
            Course(
                scene=lesson.scene,
                emotion=lesson.emotion,
                lips=lesson.lips,
                contacts=lesson.contacts,
                channels=lips_to_channels(lesson.lips[::STEPS_PER_CUE])[:steps].astype(np.float32)
                + lesson.expression[:steps],
                expression=expression,
                expression_drive=expression_drive,
                head=head,
                head_drive=head_drive,
                gaze=lesson.gaze[:steps],
                look_before=before[:steps],
                look=lesson.look[:steps],
                blink=lesson.blink[:steps].astype(np.float32),
                ages=ages[:steps].astype(np.float32),
            )
        )
    return courses


def fit_cells(model: CueModel, lessons: Sequence[Lesson]) -> None:
    """Set where looks lie inside their cells, and how widely, from what was seen; unseen cells keep their middle."""
    generator = model.generator
    classes = np.concatenate([lesson.gaze for lesson in lessons])
    looks = np.concatenate([lesson.look for lesson in lessons])
    mean = generator.cell_centre.cpu().numpy().copy()
    spread = np.ones((CELLS, 2), dtype=np.float32)
    for cell in range(CELLS):
        inside = looks[classes == cell]
        if len(inside) > 3:
            mean[cell], spread[cell] = inside.mean(axis=0), inside.std(axis=0)
    generator.cell_mean.copy_(torch.from_numpy(mean))
    generator.cell_spread.copy_(torch.from_numpy(spread))


def cue_batches(
    scenes: Sequence[Scene],
    courses: Sequence[Course],
    size: int,
    steps: int,
    rng: np.random.Generator,
    told_share: float = TOLD_SHARE,
) -> Iterator[CueBatch]:
    """Crops of M = `steps` cue steps without end; in `told_share` of them the lips are told the phones."""
    long_enough = [course for course in courses if len(course.gaze) > steps]
    while True:
        rows = [_crop(scenes, long_enough[int(rng.integers(len(long_enough)))], steps, rng) for _ in range(size)]
        for row in rows:
            if rng.random() >= told_share:
                row["told"] = np.full_like(row["told"], UNTOLD)
        yield CueBatch(**{name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]})


def _crop(scenes: Sequence[Scene], course: Course, steps: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    start = 0 if rng.random() < 0.1 else int(rng.integers(0, len(course.gaze) - steps))
    cue = slice(start, start + steps)
    fine = slice(STEPS_PER_CUE * start, STEPS_PER_CUE * (start + steps))
    style = _style(rng)
    lips_gain = style[: len(LIP_CONTROLS)]
    expression_gain = style[-1]
    frames = course.channels[rng.integers(0, len(course.channels), EXAMPLE_FRAMES)]
    return {
        "features": scenes[course.scene].features[fine].astype(np.float32),
        "told": scenes[course.scene].told[fine].astype(np.int64),
        "emotion": course.emotion[fine],
        "lips": np.minimum(course.lips[fine] * lips_gain, 1.0),
        "contacts": course.contacts[fine],
        "expression": course.expression[cue] * expression_gain,
        "expression_drive": course.expression_drive[cue] * expression_gain,
        "head": course.head[cue],
        "head_drive": course.head_drive[cue],
        "gaze": course.gaze[cue],
        "look_before": course.look_before[cue],
        "look": course.look[cue],
        "blink": course.blink[cue],
        "ages": course.ages[cue],
        "examples": _styled(frames, lips_gain, expression_gain),
        "known": np.array(bool(np.any(style != 1.0))),
    }


def _style(rng: np.random.Generator) -> np.ndarray:
    """(16,) gains of a character: each lip control's, then the expression's; half of all characters have none."""
    if rng.random() < 0.5:
        return np.ones(len(LIP_CONTROLS) + 1, dtype=np.float32)
    return np.exp(rng.normal(0.0, STYLE_SPREAD, len(LIP_CONTROLS) + 1)).clip(0.5, 1.8).astype(np.float32)


def _styled(frames: np.ndarray, lips_gain: np.ndarray, expression_gain: np.float32) -> np.ndarray:
    """(16,52) example frames as the character makes them: a channel that speech moves takes its lip control's gain."""
    gains = lips_to_channels(lips_gain[None] / 2.0)[0] * 2.0
    return np.clip(frames * np.where(gains > 0, gains, expression_gain), 0.0, 1.0).astype(np.float32)


def _motion(track: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M-1,2,D) positions and velocities before each step, and its drives (M-1,D), along `track` (M,D)."""
    drive = drive_of(track)
    position, velocity = followed(track[0], drive)
    return np.stack([position, velocity], axis=1).astype(np.float32), drive.astype(np.float32)


def _age(begun: np.ndarray) -> np.ndarray:
    """(M,) seconds since the last step in which something began, before each step."""
    steps = np.arange(len(begun))
    last = np.maximum.accumulate(np.where(begun, steps, -int(BEFORE * CUE_RATE)))
    before = np.concatenate([[-int(BEFORE * CUE_RATE)], last[:-1]])
    return (steps - before) / CUE_RATE


assert len(CHANNELS) == 52

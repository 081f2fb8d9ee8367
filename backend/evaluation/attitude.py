"""What gaze and head do in each emotion, and whether they differ from neutral in the direction that is expected.

Degrees; +pitch is down, +yaw to the character's left, +roll to the right shoulder. The expectations stand in
`expected.json`, each with its source: published where something was, marked as a working prior where nothing was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from addon.core.performance import Performance

from .statistics import MUTUAL, head_degrees, world_gaze


@dataclass(frozen=True)
class Attitude:
    """Means over clips of one emotion, in degrees unless noted.

    look_share   share of frames that look within 5 degrees of the partner
    away_pitch   mean pitch of the other frames, away_side their mean |yaw|; nan without such frames
    gaze_pitch   mean pitch of the look in the world over all frames
    *_sd         standard deviation of the head about each axis within a clip
    *_mean       mean attitude of the head
    speed        mean turning speed of the head, degrees per second
    """

    look_share: float
    away_pitch: float
    away_side: float
    gaze_pitch: float
    pitch_sd: float
    yaw_sd: float
    roll_sd: float
    pitch_mean: float
    yaw_mean: float
    roll_mean: float
    speed: float


@dataclass(frozen=True)
class Expectation:
    """That `statistic` of an emotion lies on one side of neutral's: `more` or less; `source` says who says so."""

    emotion: str
    statistic: str
    more: bool
    source: str


def attitude(performances: Sequence[Performance]) -> Attitude:
    """The statistics of one emotion over several clips, frames weighing alike in gaze and clips alike in spread."""
    look = np.concatenate([world_gaze(p) for p in performances])
    away = look[np.hypot(*look.T) >= MUTUAL]
    heads = [head_degrees(p) for p in performances]
    spread = np.mean([head.std(axis=0) for head in heads], axis=0)
    middle = np.mean([head.mean(axis=0) for head in heads], axis=0)
    steps = [np.linalg.norm(np.diff(h, axis=0), axis=1) * p.fps for h, p in zip(heads, performances, strict=True)]
    return Attitude(
        1.0 - len(away) / len(look),
        float(away[:, 0].mean()) if len(away) else float("nan"),
        float(np.abs(away[:, 1]).mean()) if len(away) else float("nan"),
        float(look[:, 0].mean()),
        *map(float, spread),
        *map(float, middle),
        speed=float(np.concatenate(steps).mean()),
    )


@cache
def expectations() -> tuple[Expectation, ...]:
    """All rows of `expected.json`."""
    rows = json.loads(files("backend.evaluation").joinpath("expected.json").read_text(encoding="utf-8"))["rows"]
    return tuple(Expectation(**row) for row in rows)


def met(expectation: Expectation, by_emotion: Mapping[str, Attitude]) -> tuple[float, float, bool]:
    """The emotion's value, neutral's, and whether they lie as expected; equal or unknown values do not."""
    value = asdict(by_emotion[expectation.emotion])[expectation.statistic]
    neutral = asdict(by_emotion["neutral"])[expectation.statistic]
    return value, neutral, bool(value > neutral if expectation.more else value < neutral)

"""The gaze layer: fixations on the partner and away, and the saccades between them.

The layer is where the eyes look in the world, in the frame of a head at rest. What the head does is taken off when
the layers are put together (the vestibulo-ocular reflex), so that the look stays on its target while the head nods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from addon.core.curves import smooth
from addon.core.eyes import EYE_LOOK_RADIANS

from .emphasis import Emphasis
from .smoothing import add_step
from .tables import per_emotion, table, value


@dataclass(frozen=True, eq=False)
class Fixations:
    """Where the eyes rest: `start` (F,) s; `target` (F,2) pitch, yaw in degrees; `mutual` (F,) bool on the partner."""

    start: np.ndarray
    target: np.ndarray
    mutual: np.ndarray


def fixations(
    emotion: np.ndarray, emphasis: Emphasis, fps: float, duration: float, random: np.random.Generator
) -> Fixations:
    """Draw the fixations of a line from the Eyes Alive statistics, biased by `emotion` (T,9) and speaking."""
    talk = table("gaze")["talking_smoothing"]
    start: list[float] = []
    target: list[np.ndarray] = []
    mutual: list[bool] = []
    talking = smooth(emphasis.speaking, fps, value("gaze", "talking_smoothing")) > talk["threshold"]
    at, looking = -random.random(), bool(random.random() < value("gaze", "first_mutual"))
    while at < duration:
        frame = int(np.clip(at * fps, 0, len(emotion) - 1))
        weights = emotion[frame, :8] * emotion[frame, 8]
        length = _hold(looking, bool(talking[frame]), weights, random)
        for begin, place in _looks(looking, at, length, weights, random):
            start.append(begin)
            target.append(place)
            mutual.append(looking)
        at, looking = at + length, not looking
    return Fixations(np.array(start), np.array(target), np.array(mutual))


def gaze_track(looks: Fixations, times: np.ndarray, fps: float, random: np.random.Generator) -> np.ndarray:
    """(T,2) pitch and yaw in degrees at `times`: holds joined by saccades, microsaccades on top."""
    path = np.repeat(looks.target[:1], len(times), axis=0).astype(np.float64)
    _add_saccades(path, fps, looks.start[1:], np.diff(looks.target, axis=0))
    settings = table("gaze")["microsaccade"]
    span = max(float(times[-1]), 1e-3)
    count = random.poisson(settings["rate"] * span)
    starts = np.sort(random.uniform(0.0, span, count))
    places = random.normal(0.0, settings["sd"], (count + 1, 2))
    _add_saccades(path, fps, starts, np.diff(places, axis=0))
    return path


def eye_angles(track: np.ndarray, head_pitch_yaw: np.ndarray) -> np.ndarray:
    """(T,2,2) radians per eye (left, right) in the head frame.

    From the world gaze `track` (T,2) degrees and the head's pitch and yaw (T,2) radians, with vergence on the partner.
    Both eyes stop together where an eye-look channel of one of them would reach 1, so that channels and gaze agree.
    """
    vergence = np.arctan2(0.5 * value("gaze", "iod_metres"), value("gaze", "partner_distance"))
    inwards = EYE_LOOK_RADIANS["In"] - vergence
    look = np.radians(track) - head_pitch_yaw
    pitch = np.clip(look[:, 0], -EYE_LOOK_RADIANS["Up"], EYE_LOOK_RADIANS["Down"])
    yaw = np.clip(look[:, 1], -inwards, inwards)
    # Both eyes turn inwards: the left one to the character's right.
    left, right = np.stack([pitch, yaw - vergence], axis=1), np.stack([pitch, yaw + vergence], axis=1)
    return np.stack([left, right], axis=1)


def _hold(looking: bool, speaking: bool, weights: np.ndarray, random: np.random.Generator) -> float:
    row = table("gaze")[f"{'mutual' if looking else 'away'}_{'speaking' if speaking else 'silent'}"]
    scale = 1.0 + weights @ (_emotion_rows("mutual" if looking else "away") - 1.0)
    # Gamma with the published mean and deviation: positive and skewed, as holds are.
    shape = (row["mean"] / row["sd"]) ** 2
    return max(scale * random.gamma(shape, row["mean"] / shape), value("gaze", "hold_min"))


def _looks(
    looking: bool, at: float, length: float, weights: np.ndarray, random: np.random.Generator
) -> list[tuple[float, np.ndarray]]:
    """The fixations inside one hold: scanning the partner's face, or one place away from it."""
    if not looking:
        return [(at, _place_away(weights, random))]
    scan: Mapping[str, Any] = table("gaze")["scan"]
    looks: list[tuple[float, np.ndarray]] = []
    begin = at
    least = value("gaze", "hold_min")
    while begin < at + length - least or not looks:
        looks.append((begin, random.normal(0.0, (scan["sd_pitch"], scan["sd_yaw"]))))
        begin += max(random.normal(scan["mean"], scan["sd"]), least)
    return looks


def _place_away(weights: np.ndarray, random: np.random.Generator) -> np.ndarray:
    directions = table("gaze")["directions"]
    share = np.array(directions["share"]) / sum(directions["share"])
    angle = np.radians(random.choice(directions["degrees"], p=share))
    law = table("gaze")["amplitude_scale"]
    amplitude = -law["value"] * np.log(random.uniform(law["least"], law["top"]) / law["frequency"])
    amplitude = np.clip(amplitude, value("gaze", "amplitude_floor"), value("gaze", "amplitude_cap"))
    # In the table 0 degrees is the character's right and 90 is up; +yaw is left and +pitch is down.
    pitch = -np.sin(angle) * amplitude * value("gaze", "vertical_gain")
    return np.array([pitch, -np.cos(angle) * amplitude]) + weights @ _emotion_rows("bias")


def _emotion_rows(field: str) -> np.ndarray:
    rows = table("gaze")["emotions"]
    return per_emotion({name: row[field] for name, row in rows.items() if name != "source"})


def _add_saccades(path: np.ndarray, fps: float, starts: np.ndarray, steps: np.ndarray) -> None:
    """Add saccades by `steps` (N,2) degrees that begin at `starts` (N,) s to `path` (T,2), in place."""
    for start, step in zip(starts, steps, strict=True):
        length = value("gaze", "duration_base") + value("gaze", "duration_slope") * float(np.hypot(*step))
        add_step(path, fps, float(start), length, step)

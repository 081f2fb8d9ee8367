"""The gaze layer: fixations on the partner and away, and the saccades between them.

The layer is where the eyes look in the world, in the frame of a head at rest. What the head does is taken off when
the layers are put together (the vestibulo-ocular reflex), so that the look stays on its target while the head nods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .emphasis import Emphasis
from .smoothing import gaussian, minimum_jerk
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
    start: list[float] = []
    target: list[np.ndarray] = []
    mutual: list[bool] = []
    talking = gaussian(emphasis.speaking, value("gaze", "talking_smoothing") * fps) > 0.3
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


def gaze_track(looks: Fixations, times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(T,2) pitch and yaw in degrees at `times`: holds joined by saccades, microsaccades on top."""
    path = np.repeat(looks.target[:1], len(times), axis=0).astype(np.float64)
    steps = np.diff(looks.target, axis=0)
    _add_steps(path, looks.start[1:], steps, times)
    settings = table("gaze")["microsaccade"]
    span = max(float(times[-1]), 1e-3)
    count = random.poisson(settings["rate"] * span)
    micro_times = np.sort(random.uniform(0.0, span, count))
    places = random.normal(0.0, settings["sd"], (count + 1, 2))
    _add_steps(path, micro_times, np.diff(places, axis=0), times)
    limit = value("gaze", "limit")
    return np.clip(path, -limit, limit)


def eye_angles(track: np.ndarray, head_pitch_yaw: np.ndarray) -> np.ndarray:
    """(T,2,2) radians per eye (left, right) in the head frame.

    From the world gaze `track` (T,2) degrees and the head's pitch and yaw (T,2) radians, with vergence on the partner.
    """
    limit = np.radians(value("gaze", "limit"))
    vergence = np.arctan2(0.5 * value("gaze", "iod_metres"), value("gaze", "partner_distance"))
    eyes = np.repeat((np.radians(track) - head_pitch_yaw)[:, None, :], 2, axis=1)
    # Both eyes turn inwards: the left one to the character's right.
    eyes[:, 0, 1] -= vergence
    eyes[:, 1, 1] += vergence
    return np.clip(eyes, -limit, limit)


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
    amplitude = -value("gaze", "amplitude_scale") * np.log(random.uniform(1e-3, 15.0) / 15.7)
    amplitude = np.clip(amplitude, value("gaze", "amplitude_floor"), value("gaze", "amplitude_cap"))
    # In the table 0 degrees is the character's right and 90 is up; +yaw is left and +pitch is down.
    pitch = -np.sin(angle) * amplitude * value("gaze", "vertical_gain")
    return np.array([pitch, -np.cos(angle) * amplitude]) + weights @ _emotion_rows("bias")


def _emotion_rows(field: str) -> np.ndarray:
    rows = table("gaze")["emotions"]
    return per_emotion({name: row[field] for name, row in rows.items() if name != "source"})


def _add_steps(path: np.ndarray, starts: np.ndarray, steps: np.ndarray, times: np.ndarray) -> None:
    """Add minimum-jerk steps (N,2) that begin at `starts` (N,) s to `path` (T,2), in place."""
    for start, step in zip(starts, steps, strict=True):
        length = value("gaze", "duration_base") + value("gaze", "duration_slope") * float(np.hypot(*step))
        first = int(np.searchsorted(times, start))
        last = int(np.searchsorted(times, start + length))
        path[first:last] += minimum_jerk((times[first:last] - start) / length)[:, None] * step
        path[last:] += step

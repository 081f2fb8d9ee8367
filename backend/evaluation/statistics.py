"""Statistics of eyes, lids and head in a performance, to set beside those of people (`published.json`).

Best measured at 120 frames per second: a saccade of 5 degrees lasts 37 ms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX
from addon.core.performance import Performance

from .signals import runs

SACCADE_SPEED: Final[float] = 40.0
"""Degrees per second above which the eye is in a saccade; fixational drift and head compensation stay below."""
MICROSACCADE: Final[float] = 1.5
"""Degrees below which a saccade is not counted: microsaccades are under 1 degree."""
MUTUAL: Final[float] = 5.0
"""Degrees around the partner's face that count as looking at it: a face of 0.15 m at 1 m spans +-4.3 degrees."""
MOVING: Final[float] = 1.0
"""Degrees per second above which the head moves."""


@dataclass(frozen=True, eq=False)
class Blinks:
    """Blinks of one performance, all (B,) s: `start`, `closing` and `opening` between 10 % and 90 %, `duration`."""

    start: np.ndarray
    closing: np.ndarray
    opening: np.ndarray
    duration: np.ndarray


@dataclass(frozen=True, eq=False)
class Saccades:
    """Saccades of one performance: `start` and `duration` (S,) s, `amplitude` (S,) deg, `peak` (S,) deg/s."""

    start: np.ndarray
    duration: np.ndarray
    amplitude: np.ndarray
    peak: np.ndarray


@cache
def published() -> Mapping[str, Any]:
    """The published ranges by statistic, each with unit and source."""
    return json.loads(files("backend.evaluation").joinpath("published.json").read_text(encoding="utf-8"))["statistics"]


def blinks(performance: Performance) -> Blinks:
    """Find the blinks: runs in which the left lid is more than half way shut."""
    closure = performance.channels[:, CHANNEL_INDEX["eyeBlinkLeft"]].astype(np.float64)
    rest = np.median(closure)
    relative = np.clip((closure - rest) / max(closure.max() - rest, 0.5), 0.0, 1.0)
    starts, closing, opening, duration = [], [], [], []
    for first, last in runs(relative > 0.5):
        before = _last_below(relative[: first + 1], 0.1)
        after = last + _first_below(relative[last:], 0.1)
        peak_in = first + int(np.argmax(relative[first : last + 1] >= 0.9 * relative[first : last + 1].max()))
        top = relative[first : last + 1] >= 0.9 * relative[first : last + 1].max()
        peak_out = first + len(top) - 1 - int(np.argmax(top[::-1]))
        starts.append(before / performance.fps)
        closing.append((peak_in - before) / performance.fps)
        opening.append((after - peak_out) / performance.fps)
        duration.append((after - before) / performance.fps)
    return Blinks(np.array(starts), np.array(closing), np.array(opening), np.array(duration))


def saccades(performance: Performance) -> Saccades:
    """Find the saccades of the eyes in the world (both eyes' mean plus the head), by speed."""
    gaze = world_gaze(performance)
    speed = _speed(gaze, performance.fps)
    rows = []
    for first, last in runs(speed > SACCADE_SPEED):
        begin, end = max(first - 1, 0), min(last + 1, len(gaze) - 1)
        amplitude = float(np.hypot(*(gaze[end] - gaze[begin])))
        if amplitude >= MICROSACCADE:
            peak = speed[first : last + 1].max()
            rows.append((first / performance.fps, (end - begin) / performance.fps, amplitude, peak))
    table = np.array(rows).reshape(-1, 4)
    return Saccades(*table.T)


def world_gaze(performance: Performance) -> np.ndarray:
    """(T,2) degrees: pitch and yaw of the look in the world, vergence averaged out, small angles added."""
    return np.degrees(performance.gaze.mean(axis=1) + performance.head[:, :2]).astype(np.float64)


def head_degrees(performance: Performance) -> np.ndarray:
    """(T,3) pitch, yaw, roll in degrees."""
    return np.degrees(performance.head[:, :3]).astype(np.float64)


def head_moving(performance: Performance) -> np.ndarray:
    """(T,) bool: the head turns faster than 1 degree per second."""
    return _speed(head_degrees(performance), performance.fps) > MOVING


def canonical_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """First canonical correlation of signals (T,p) and (T,q), by the singular values between their whitened spans."""
    spans = []
    for signal in (a, b):
        centred = signal - signal.mean(axis=0)
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        spans.append(u[:, s > 1e-8 * max(s[0], 1e-12)])
    if min(span.shape[1] for span in spans) == 0:
        return 0.0
    return float(np.linalg.svd(spans[0].T @ spans[1], compute_uv=False)[0])


def _speed(angles: np.ndarray, fps: float) -> np.ndarray:
    """(T,) degrees per second of (T,D) degrees; a single frame stands still."""
    if len(angles) < 2:
        return np.zeros(len(angles))
    return np.linalg.norm(np.gradient(angles, axis=0), axis=1) * fps


def _last_below(values: np.ndarray, level: float) -> int:
    below = np.flatnonzero(values < level)
    return int(below[-1]) if len(below) else 0


def _first_below(values: np.ndarray, level: float) -> int:
    below = np.flatnonzero(values < level)
    return int(below[0]) if len(below) else len(values) - 1

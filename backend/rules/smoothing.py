"""The shapes that motion is made of, drawn into signals that are sampled evenly in time (time first)."""

from __future__ import annotations

import numpy as np


def minimum_jerk(phase: np.ndarray) -> np.ndarray:
    """The minimum-jerk step 10 p^3 - 15 p^4 + 6 p^5 of Flash & Hogan 1985, `phase` clipped to 0..1."""
    p = np.minimum(np.maximum(phase, 0.0), 1.0)
    return p * p * p * (10.0 + p * (6.0 * p - 15.0))


def add_pulses(
    track: np.ndarray, fps: float, centres: np.ndarray, heights: np.ndarray, shape: tuple[float, float, float]
) -> None:
    """Add pulses to `track` (T,) at `fps`, in place: `heights` (N,) around `centres` (N,) seconds.

    `shape` is attack, sustain and release in seconds: a minimum-jerk rise that ends half the sustain before the
    centre, and a fall that begins half of it after.
    """
    attack, sustain, release = shape
    for centre, height in zip(centres, heights, strict=True):
        first = int(max(0, np.floor((centre - sustain / 2 - attack) * fps)))
        last = int(min(len(track), np.ceil((centre + sustain / 2 + release) * fps) + 1))
        since = np.arange(first, last) / fps - centre
        rise = minimum_jerk((since + sustain / 2 + attack) / attack)
        track[first:last] += height * rise * (1.0 - minimum_jerk((since - sustain / 2) / release))


def add_step(track: np.ndarray, fps: float, start: float, length: float, step: np.ndarray | float) -> None:
    """Add a minimum-jerk step to `track` (T, ...) at `fps`, in place: from `start` on, over `length` seconds."""
    first = int(np.clip(np.ceil(start * fps), 0, len(track)))
    last = int(np.clip(np.ceil((start + length) * fps), 0, len(track)))
    phase = minimum_jerk((np.arange(first, last) / fps - start) / length)
    track[first:last] += phase.reshape(-1, *[1] * (track.ndim - 1)) * step
    track[last:] += step

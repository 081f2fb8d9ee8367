"""Emotion tracks: what the artist asks for over time.

A track is keyframes of (time, eight weights, intensity). Between keys all nine numbers are interpolated linearly;
before the first and after the last key they hold. A constant emotion is a track with one key. Intensity levels
1, 2, 3 of the MEAD data set are 1/3, 2/3 and 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from .errors import EmotionError

EMOTIONS: Final[tuple[str, ...]] = (
    "angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised",
)  # fmt: skip
NEUTRAL: Final[int] = EMOTIONS.index("neutral")
MAX_KEYS: Final[int] = 100_000


@dataclass(frozen=True, eq=False)
class EmotionTrack:
    """Keyframes of emotion: `times` (K,) seconds, rising; `weights` (K,8) >= 0; `intensity` (K,) in 0..1."""

    times: np.ndarray
    weights: np.ndarray
    intensity: np.ndarray

    def __post_init__(self) -> None:
        for name in ("times", "weights", "intensity"):
            array = np.array(getattr(self, name), dtype=np.float32, order="C")  # a copy: nobody else can write into it
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check(self)

    def sample(self, times: np.ndarray) -> np.ndarray:
        """The track at `times` (T,) seconds: (T,9) float32, eight weights that sum to 1, then intensity.

        Weights are scaled to sum 1 at each time; where all are zero the face is neutral.
        """
        if len(self.times) == 1:
            return np.repeat(self._lasting, len(times), axis=0)
        return self._between(np.asarray(times, dtype=np.float64))

    @cached_property
    def _lasting(self) -> np.ndarray:
        """(1,9): what a track of one key is at all times."""
        return self._between(np.zeros(1))

    def _between(self, at: np.ndarray) -> np.ndarray:
        columns = [np.interp(at, self.times, self.weights[:, e]) for e in range(len(EMOTIONS))]
        weights = np.stack(columns, axis=1)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        weights[total[:, 0] <= 0, NEUTRAL] = 1.0
        intensity = np.interp(at, self.times, self.intensity)
        return np.concatenate([weights, intensity[:, None]], axis=1).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """A plain value for JSON: `{"keys": [{"time": 0.0, "weights": {"happy": 1.0}, "intensity": 0.8}]}`."""
        return {
            "keys": [
                {
                    "time": float(self.times[k]),
                    "weights": {n: float(w) for n, w in zip(EMOTIONS, self.weights[k], strict=True) if w > 0},
                    "intensity": float(self.intensity[k]),
                }
                for k in range(len(self.times))
            ]
        }

    @classmethod
    def constant(cls, emotion: str | Mapping[str, float], intensity: float = 1.0) -> EmotionTrack:
        """One emotion, or a blend by name, for the whole line."""
        return cls.from_keys([(0.0, emotion, intensity)])

    @classmethod
    def from_keys(cls, keys: Sequence[tuple[float, str | Mapping[str, float], float]]) -> EmotionTrack:
        """From (time in seconds, name or blend of names, intensity) in rising order of time."""
        if not keys:
            raise EmotionError("emotion.empty", "The emotion track has no keys; give it at least one.")
        return cls(
            times=np.array([key[0] for key in keys], dtype=np.float32),
            weights=np.stack([_blend(key[1]) for key in keys]),
            intensity=np.array([key[2] for key in keys], dtype=np.float32),
        )

    @classmethod
    def from_json(cls, value: Any) -> EmotionTrack:
        """The inverse of `to_json`; also takes its text. Raises EmotionError when it is something else."""
        try:
            data = json.loads(value) if isinstance(value, str) else value
            keys = [(float(k["time"]), _weights(k["weights"]), float(k["intensity"])) for k in data["keys"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise EmotionError(
                "emotion.format",
                'The emotion track is not one; expected {"keys": [{"time": 0, "weights": {"happy": 1}, '
                '"intensity": 0.8}]}.',
                str(error),
            ) from error
        return cls.from_keys(keys)


def _weights(value: Any) -> str | dict[str, float]:
    """The weights of one key in JSON: a name, or numbers by name."""
    return value if isinstance(value, str) else {name: float(weight) for name, weight in value.items()}


def _blend(emotion: str | Mapping[str, float]) -> np.ndarray:
    blend = {emotion: 1.0} if isinstance(emotion, str) else emotion
    if not isinstance(blend, Mapping):
        raise EmotionError("emotion.type", "An emotion is a name or a blend of names with weights.", repr(emotion))
    weights = np.zeros(len(EMOTIONS), dtype=np.float32)
    for name, weight in blend.items():
        if name not in EMOTIONS:
            raise EmotionError(
                "emotion.unknown", f"There is no emotion called {name!r}; the eight are {', '.join(EMOTIONS)}."
            )
        try:
            weights[EMOTIONS.index(name)] = weight
        except (TypeError, ValueError) as error:
            raise EmotionError("emotion.weight", f"The weight of {name} must be a number.", repr(weight)) from error
    return weights


def _check(track: EmotionTrack) -> None:
    count = track.times.shape[0] if track.times.ndim == 1 else 0
    if not 0 < count <= MAX_KEYS or track.weights.shape != (count, 8) or track.intensity.shape != (count,):
        raise EmotionError(
            "emotion.shape",
            f"An emotion track needs 1 to {MAX_KEYS} keys, each a time, eight weights and an intensity.",
        )
    if not all(np.isfinite(a).all() for a in (track.times, track.weights, track.intensity)):
        raise EmotionError("emotion.finite", "The emotion track holds a value that is not a number.")
    if np.any(np.diff(track.times) <= 0):
        raise EmotionError("emotion.order", "The keys of the emotion track must be in rising order of time.")
    if np.any(track.weights < 0) or np.any(track.intensity < 0) or np.any(track.intensity > 1):
        raise EmotionError("emotion.range", "Emotion weights must not be negative, and intensity lies in 0..1.")

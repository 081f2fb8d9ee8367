"""Seconds and scene frames: Blender counts whole frames at fps / fps_base, a Performance counts seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from .performance import MAX_FPS, MIN_FPS

FRAME_SLACK: Final[float] = 1e-4
"""Fraction of a frame that counts as rounding when a time is turned into a whole frame."""


@dataclass(frozen=True)
class FrameRange:
    """Whole frames from `first` to `last`, both included, as Blender's frame_start and frame_end are."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a frame range ends before it starts: {self.first}..{self.last}")

    @property
    def count(self) -> int:
        """How many frames there are; at least one."""
        return self.last - self.first + 1

    def frames(self) -> np.ndarray:
        """(count,) int64, every frame of the range."""
        return np.arange(self.first, self.last + 1)

    def joined(self, other: FrameRange) -> FrameRange:
        """The smallest range that holds both."""
        return FrameRange(min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True)
class Timeline:
    """A scene's clock. `fps` / `fps_base` frames per second (30 / 1.001 is 29.97); second 0 lies on frame `start`."""

    fps: float
    fps_base: float = 1.0
    start: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fps) and math.isfinite(self.fps_base) and self.fps > 0 and self.fps_base > 0):
            raise ValueError(f"frame rate must be positive: {self.fps} / {self.fps_base}")

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.fps / self.fps_base

    @property
    def request_rate(self) -> float:
        """The rate to ask a Performance for: the scene's own, so that its frames fall on scene frames one to one."""
        return min(max(self.rate, MIN_FPS), MAX_FPS)

    def frame_at(self, seconds: float) -> float:
        """The (fractional) scene frame at a time."""
        return self.start + seconds * self.rate

    def seconds_at(self, frames: np.ndarray) -> np.ndarray:
        """(N,) float64 seconds of scene frames (N,), fractional ones too."""
        return (np.asarray(frames, dtype=np.float64) - self.start) / self.rate

    def covering(self, seconds: float) -> FrameRange:
        """The whole frames from second 0 up to the first that is not before `seconds`."""
        return FrameRange(self.start, self.start + max(0, math.ceil(seconds * self.rate - FRAME_SLACK)))

"""The Performance: what stage 1 returns and everything after it reads."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from .channels import CHANNELS
from .errors import PerformanceError
from .npz import NOT_AN_NPZ

LANDMARKS: Final[int] = 70
"""68 points in iBUG order, then the left and the right pupil (the character's own left)."""

_SHAPES: Final[Mapping[str, tuple[int, ...]]] = {
    "landmarks": (LANDMARKS, 3),
    "gaze": (2, 2),
    "head": (6,),
    "channels": (len(CHANNELS),),
    "emotion": (9,),
}
ARRAY_NAMES: Final[tuple[str, ...]] = tuple(_SHAPES)
MIN_FPS: Final[float] = 1.0
MAX_FPS: Final[float] = 240.0


@dataclass(frozen=True, eq=False)
class Performance:
    """One performed line, immutable. All arrays are float32, C-contiguous, time first; frame t is at t / fps seconds.

    landmarks  (T,70,3)  normalized 3D landmarks in inter-ocular distances; head pose, eye rotation and identity scale
                         removed, so that the neutral face is the canonical face
    gaze       (T,2,2)   left and right eye (pitch, yaw), radians in the head frame; +pitch down, +yaw to the
                         character's left
    head       (T,6)     pitch, yaw, roll in radians (applied roll, then pitch, then yaw) and x, y, z translation in
                         inter-ocular distances
    channels   (T,52)    the ARKit controls in `CHANNELS` order, 0..1
    emotion    (T,9)     the eight weights and the intensity really used
    meta                 engine, model hash, seed, audio hash, phones and visemes (name, start, end), words, warnings:
                         JSON values only
    """

    fps: float
    landmarks: np.ndarray
    gaze: np.ndarray
    head: np.ndarray
    channels: np.ndarray
    emotion: np.ndarray
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise PerformanceError("performance.fps", f"Frames per second must lie in {MIN_FPS:g}..{MAX_FPS:g}.")
        frames = np.shape(self.landmarks)[0] if np.ndim(self.landmarks) else 0
        for name, shape in _SHAPES.items():
            array = np.array(getattr(self, name), dtype=np.float32, order="C")  # a copy: nobody else can write into it
            if array.shape != (frames, *shape) or frames == 0:
                raise PerformanceError(
                    "performance.shape", f"{name} has shape {array.shape}, expected {(frames, *shape)}.", name
                )
            if not np.isfinite(array).all():
                raise PerformanceError("performance.finite", f"{name} holds a value that is not a number.", name)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.channels.min() < 0.0 or self.channels.max() > 1.0:
            raise PerformanceError("performance.range", "A channel leaves 0..1.", "channels")

    @property
    def frame_count(self) -> int:
        """T, the number of frames."""
        return int(self.landmarks.shape[0])

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return self.frame_count / self.fps

    @property
    def times(self) -> np.ndarray:
        """(T,) float64 seconds of the frames from the first audio sample."""
        return np.arange(self.frame_count) / self.fps

    def arrays(self) -> dict[str, np.ndarray]:
        """The five arrays by name, in contract order."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}

    def to_bytes(self) -> bytes:
        """An .npz: the five arrays, `channel_names`, `fps` and `meta` as JSON text."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            **self.arrays(),  # pyright: ignore[reportArgumentType]
            channel_names=np.array(CHANNELS),
            fps=np.float64(self.fps),
            meta=np.array(json.dumps(dict(self.meta))),
        )
        return file.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write `to_bytes` to a file. Returns the path."""
        target = Path(path)
        draft = target.with_name(f"{target.name}.part")  # so that a full disk leaves no half of a file under the name
        draft.write_bytes(self.to_bytes())
        return draft.replace(target)

    @classmethod
    def load(cls, path: str | Path | BinaryIO) -> Performance:
        """Read what `save` wrote, from a path or an open file. Raises PerformanceError when it is not a Performance."""
        try:
            with np.load(path, allow_pickle=False) as data:
                if tuple(data["channel_names"]) != CHANNELS:
                    raise PerformanceError(
                        "performance.channels", "The file names other channels than this version; make it anew."
                    )
                return cls(
                    fps=float(data["fps"]),
                    **{name: data[name] for name in ARRAY_NAMES},
                    meta=json.loads(str(data["meta"])),
                )
        except NOT_AN_NPZ as error:
            raise PerformanceError(
                "performance.file", "The file is not a Soliloquy performance; choose an .npz that it wrote.", str(path)
            ) from error

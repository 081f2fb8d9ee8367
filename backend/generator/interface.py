"""What every generator of stage 2 is: something that prepares a source, has latents, and renders frames from them.

A performance becomes a LatentTrack, which can be looked at, changed and saved, and a LatentTrack becomes pictures.
"""

from __future__ import annotations

import json
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from addon.core.errors import RequestError
from addon.core.npz import NOT_AN_NPZ
from addon.core.performance import Performance
from addon.core.preview import QUALITIES
from addon.core.shot import Shot
from backend.progress import Report


@dataclass(frozen=True)
class GeneratorInfo:
    """What a generator is and needs: `needs` of "shot", "portrait", "weights"; `note` is shown before first use."""

    name: str
    needs: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One photograph or painting: `picture` (H,W,3) uint8 sRGB; `points` (N,2) pixels clicked on it, or None.

    `consent` says that whoever is shown has agreed, or is nobody real; without it nothing is made from a portrait.
    """

    picture: np.ndarray
    points: np.ndarray | None = None
    consent: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame: `rgb` (H,W,3) and `alpha` (H,W), uint8; colour is not multiplied by alpha. `number` counts from 0."""

    number: int
    rgb: np.ndarray
    alpha: np.ndarray


@dataclass(frozen=True, eq=False)
class LatentTrack:
    """T frames of named curves, each (T,K) float32, that a generator renders: "lips", "gaze", "pose" and its own.

    gaze (T,4) are pitch and yaw of the left and the right eye in the head, pose (T,6) is the Performance's `head`; what
    the others mean is the generator's. Raises RequestError when curves differ in length or are not finite.
    """

    generator: str
    fps: float
    curves: Mapping[str, np.ndarray]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        curves = {name: np.array(curve, dtype=np.float32, order="C") for name, curve in self.curves.items()}
        if (
            not curves
            or any(curve.ndim != 2 for curve in curves.values())
            or len({len(c) for c in curves.values()}) > 1
        ):
            raise RequestError("latents.shape", "All curves of a latent track have the same number of frames.")
        if not all(np.isfinite(curve).all() for curve in curves.values()):
            raise RequestError("latents.finite", "A curve of the latent track holds a value that is not a number.")
        object.__setattr__(self, "curves", curves)

    @property
    def frame_count(self) -> int:
        """T, the number of frames."""
        return len(next(iter(self.curves.values())))

    def with_curve(self, name: str, values: np.ndarray) -> LatentTrack:
        """The same track with one of its curves changed. Raises RequestError for a curve that it does not have."""
        if name not in self.curves or np.shape(values) != self.curves[name].shape:
            raise RequestError(
                "latents.curve",
                f"The track has no curve of this name and shape; it has {', '.join(self.curves)}.",
                name,
            )
        return replace(self, curves={**self.curves, name: values})

    def save(self, path: str | Path) -> Path:
        """Write an .npz: each curve under its name, and what else there is as JSON text in `described`."""
        target = Path(path)
        described = json.dumps({"generator": self.generator, "fps": self.fps, "meta": dict(self.meta)})
        with target.open("wb") as file:
            np.savez_compressed(file, described=np.array(described), **self.curves)  # pyright: ignore[reportArgumentType]
        return target

    @classmethod
    def load(cls, path: str | Path) -> LatentTrack:
        """Read what `save` wrote. Raises RequestError when the file is not a latent track."""
        try:
            with np.load(path, allow_pickle=False) as data:
                described = json.loads(str(data["described"]))
                curves = {name: data[name] for name in data.files if name != "described"}
                return cls(described["generator"], described["fps"], curves, described["meta"])
        except NOT_AN_NPZ as error:
            raise RequestError(
                "latents.file", "The file is not a latent track; choose an .npz that was saved as one.", str(path)
            ) from error


def require_quality(quality: str) -> None:
    """Raise RequestError for a quality that is none of QUALITIES."""
    if quality not in QUALITIES:
        raise RequestError("generator.quality", f"Quality is one of {', '.join(QUALITIES)}.", quality)


Pictures = abc.Generator[Picture, None, None]
"""Frames in order, one at a time. Close them where they are not taken to the end: what they hold is given back then."""
State = TypeVar("State")


class Generator(Protocol[State]):
    """A way to make pictures of a performance. One object serves many sources; what belongs to one is its State."""

    def prepare(self, source: Shot | Portrait, report: Report) -> State:
        """Everything about a source that its frames share, worked out once. Raises RequestError for a wrong source."""
        ...

    def latents(self, performance: Performance, state: State) -> LatentTrack:
        """The performance as this generator's curves; stage 2 of the method, where a mapper is needed."""
        ...

    def render(self, state: State, track: LatentTrack, quality: str, report: Report) -> Pictures:
        """The frames in order, one at a time; `report` may stop it between two."""
        ...

    def adapt(self, state: State, examples: Path, minutes: float, report: Report) -> State:
        """Learn from example frames in a folder for at most `minutes`. Raises RequestError where nothing is learned."""
        ...

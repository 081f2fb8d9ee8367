"""A folder of rendered frames with the geometry they show, as the add-on's operator writes it.

    set.json            {"version": 1, "engine", "size", "fps", "splits": [...], "lines": [...]}, one of each per frame
    shot.npz            the shot of all frames in order (`addon.core.shot`)
    frames/00000.png    RGBA, straight alpha, display-encoded, one for each frame
    passes/00000.npz    optional: depth, normal, uv, mask of Blender itself, to check the geometry against

Splits are "train", "validation" (looked at while it learns) and "test": frames of performances that no other is of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from addon.core.errors import RequestError
from addon.core.shot import Shot

VERSION: Final[int] = 1
SPLITS: Final[tuple[str, ...]] = ("train", "validation", "test")
SWEEP: Final[str] = "sweep"
"""The line that is no performance: poses drawn to cover what the rig can do."""
FEWEST: Final[int] = 8
"""Frames to learn from, at least."""
_EVERY: Final[int] = 10
"""Where there is no line to spare for validation, one frame in so many is kept for it."""


@dataclass(frozen=True, eq=False)
class RenderedSet:
    """N rendered frames: the `shot`, `pictures` (N,H,W,4) uint8, and of each frame its `split` and `line`."""

    shot: Shot
    pictures: np.ndarray
    splits: tuple[str, ...]
    lines: tuple[str, ...]
    engine: str

    def numbers(self, split: str) -> np.ndarray:
        """Frames of a split."""
        return np.flatnonzero(np.array(self.splits) == split)

    def learning(self) -> tuple[np.ndarray, np.ndarray]:
        """Frames to learn from and frames to validate on, which are not learned from.

        Where the set names none, they are the shortest trained line, and where that is the only one, every tenth frame.
        """
        train, held = self.numbers("train"), self.numbers("validation")
        if len(held):
            return train, held
        names = [self.lines[k] for k in train]
        spoken = sorted({name for name in names if name != SWEEP}, key=lambda name: (names.count(name), name))
        kept = np.arange(len(train)) % _EVERY == _EVERY // 2
        if len(spoken) > 1:
            kept = np.array([name == spoken[0] for name in names])
        return train[~kept], train[kept]

    def pieces(self, numbers: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """Runs of frames that follow one another in one line."""
        frames = np.asarray(numbers)
        breaks = [
            k
            for k in range(1, len(frames))
            if frames[k] != frames[k - 1] + 1 or self.lines[frames[k]] != self.lines[frames[k - 1]]
        ]
        yield from np.split(frames, breaks)

    def digest(self) -> str:
        """SHA-256 of what is learned from."""
        total = hashlib.sha256(self.shot.vertices.tobytes())
        total.update(np.ascontiguousarray(self.pictures).tobytes())
        total.update(json.dumps([self.splits, self.lines]).encode())
        return total.hexdigest()


def read_set(folder: Path) -> RenderedSet:
    """Read a set. Raises RequestError with what is wrong with it."""
    described = _described(folder / "set.json")
    try:
        shot = Shot.from_bytes((folder / "shot.npz").read_bytes())
    except OSError as error:
        raise RequestError("set.shot", "The training set has no shot.npz; render it again.", str(folder)) from error
    splits, lines = tuple(described["splits"]), tuple(described["lines"])
    if not len(splits) == len(lines) == shot.frame_count:
        raise RequestError(
            "set.frames", "set.json and shot.npz of the training set differ in frames; render it again.", str(folder)
        )
    shared = {line for line, split in zip(lines, splits, strict=True) if split == "test"} & {
        line for line, split in zip(lines, splits, strict=True) if split != "test"
    }
    if shared:
        raise RequestError("set.split", "A line is both trained on and tested on; keep lines apart.", min(shared))
    if splits.count("train") < FEWEST:
        raise RequestError("set.few", f"A character is learned from {FEWEST} frames at least; render more.")
    pictures = np.stack([_picture(folder / "frames" / f"{k:05d}.png", shot) for k in range(shot.frame_count)])
    return RenderedSet(shot, pictures, splits, lines, str(described["engine"]))


def _described(path: Path) -> dict[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        if described["version"] != VERSION:
            raise RequestError("set.version", "The training set is of another version; render it again.", str(path))
        if not {"engine", "size", "fps", "splits", "lines"} <= set(described):
            raise KeyError
        if not set(described["splits"]) <= set(SPLITS):
            raise RequestError("set.split", f"A frame is of one of the splits {', '.join(SPLITS)}.", str(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            "set.json", "This folder is not a training set; choose one that Soliloquy rendered.", str(path.parent)
        ) from error
    return described


def _picture(path: Path, shot: Shot) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode != "RGBA":
                raise RequestError(
                    "set.alpha", "A frame has no alpha; render with a transparent film, as RGBA.", path.name
                )
            picture = np.array(image)
    except (OSError, UnidentifiedImageError) as error:
        raise RequestError("set.frame", "A frame of the training set is missing or damaged.", path.name) from error
    if picture.shape[:2] != (shot.height, shot.width):
        raise RequestError("set.size", "A frame of the training set is not of the shot's size.", path.name)
    return picture

"""The places that are looked at by themselves: face, mouth and eyes of each frame, as boxes in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.shot import Shot
from backend.generator.quality import Box, box_around, composite, psnr

from .body import anchors, face_vertices, screen_points

MARGINS: Final[Mapping[str, float]] = {"face": 0.05, "mouth": 0.15, "eyes": 0.25}
"""How much wider than its landmarks a place is, on each side, as a share of their extent."""
PLACES: Final[tuple[str, ...]] = ("full", *MARGINS)


@dataclass(frozen=True, eq=False)
class Crops:
    """For each of T frames a box of the face, the mouth and the eyes."""

    boxes: tuple[Mapping[str, Box], ...]

    @classmethod
    def of(cls, shot: Shot) -> Crops:
        """The boxes of a shot's frames, from its landmarks, or its parts where it has none."""
        mouth, left, right = anchors(shot.subject)
        places = {"face": face_vertices(shot.subject), "mouth": mouth, "eyes": np.concatenate([left, right])}
        points = screen_points(shot)
        return cls(
            tuple(
                {
                    name: box_around(frame[numbers], MARGINS[name], shot.height, shot.width)
                    for name, numbers in places.items()
                }
                for frame in points
            )
        )

    def scores(self, made: np.ndarray, true: np.ndarray, numbers: np.ndarray) -> dict[str, float]:
        """PSNR in dB of pictures (N,H,W,4) uint8 against rendered ones, mean over frames `numbers`, by PLACES."""
        totals = dict.fromkeys(PLACES, 0.0)
        for picture, truth, number in zip(made, true, numbers, strict=True):
            pair = [composite(p[..., :3], p[..., 3]) for p in (picture, truth)]
            totals["full"] += psnr(*pair)
            for name, box in self.boxes[number].items():
                totals[name] += psnr(*(box.of(part) for part in pair))
        return {name: total / max(len(numbers), 1) for name, total in totals.items()}

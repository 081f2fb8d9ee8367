"""The square of a picture that shows a face upright, and pixels of it.

Points in a picture are pixels, x right and y down, the middle of the first pixel at (0.5, 0.5); points in a crop run
from -1 to 1 between its edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from backend.face.landmarks import EYES, MOUTH_CORNERS

SCALE: Final[float] = 2.3
"""Side of the square over that of the box about the landmarks (LivePortrait's crop)."""
SHIFT: Final[float] = -0.125
"""How far the square is moved along the face's own downward axis, in sides: to make room for the hair."""
READER_SCALE: Final[float] = 1.5
READER_SHIFT: Final[float] = -0.1
"""The same for the network that reads landmarks."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A square: `centre` (2,) pixels, `across` (2,) the unit vector to its right, `side` in pixels."""

    centre: np.ndarray
    across: np.ndarray
    side: float

    @property
    def axes(self) -> np.ndarray:
        """(2,2): rows are the directions to the right and down of the crop."""
        x, y = self.across
        return np.array([[x, y], [-y, x]])

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Points (...,2) of the crop as pixels of the picture."""
        return points @ self.axes * (self.side / 2) + self.centre

    def to_crop(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (...,2) of the picture as points of the crop."""
        return (pixels - self.centre) @ self.axes.T / (self.side / 2)


def crop_about(points: np.ndarray, eyes: np.ndarray, mouth: np.ndarray, scale: float, shift: float) -> Crop:
    """The square about landmarks (N,2) in pixels, turned so that the mouth (2,) is below the eyes (2,)."""
    down = mouth - eyes
    down = down / np.linalg.norm(down)
    across = np.array([down[1], -down[0]])
    frame = np.stack([across, down])
    along = points @ frame.T
    low, high = along.min(axis=0), along.max(axis=0)
    side = float((high - low).max()) * scale
    return Crop((low + high) / 2 @ frame + down * shift * side, across, side)


def crop_about_face(points: np.ndarray, scale: float = SCALE, shift: float = SHIFT) -> Crop:
    """The same about the 70 landmarks (70,2) of a face in pixels."""
    eyes, mouth = points[[*EYES["left"], *EYES["right"]]].mean(axis=0), points[list(MOUTH_CORNERS)].mean(axis=0)
    return crop_about(points, eyes, mouth, scale, shift)


def take(picture: np.ndarray, crop: Crop, size: int) -> Tensor:
    """The crop of a picture (H,W,3) uint8 as (1,3,size,size) in 0..1; black where it leaves the picture.

    It is drawn at twice the size and averaged, as the network's training pictures were.
    """
    coarser = max(1.0, crop.side / (2 * size))
    height, width = picture.shape[:2]
    shrunk = (max(1, round(width / coarser)), max(1, round(height / coarser)))
    pixels = np.asarray(Image.fromarray(picture).resize(shrunk, Image.Resampling.BOX)) if coarser > 1.0 else picture
    image = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255.0
    steps = (np.arange(2 * size) + 0.5) / size - 1.0
    points = np.stack(np.meshgrid(steps, steps), axis=-1)
    places = crop.to_picture(points) / np.array([width, height]) * 2.0 - 1.0
    drawn = functional.grid_sample(image, torch.from_numpy(places[None]).float(), align_corners=False)
    return functional.avg_pool2d(drawn, 2)

"""Frames of a crop put back into the picture it was cut from, with a soft edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .crop import Crop

FEATHER: Final[float] = 0.15
"""Width of the soft edge, in half sides of the crop."""


@dataclass(frozen=True, eq=False)
class Paste:
    """Where each pixel of a box of the picture comes from, worked out once.

    picture (H,W,3) uint8, box (top, bottom, left, right), places (1,h,w,2) in the crop, cover (h,w,1) 0..1, side pixels
    """

    picture: np.ndarray
    box: tuple[int, int, int, int]
    places: Tensor
    cover: Tensor
    side: int

    def onto(self, frame: Tensor) -> np.ndarray:
        """The picture (H,W,3) uint8 with a frame (3,S,S) of 0..1 in place of the crop."""
        top, bottom, left, right = self.box
        image = frame[None].float()
        if self.side < image.shape[-1]:
            image = functional.interpolate(image, size=(self.side, self.side), mode="bilinear", antialias=True)
        drawn = functional.grid_sample(image, self.places, padding_mode="border", align_corners=False)[0]
        behind = torch.tensor(self.picture[top:bottom, left:right], device=drawn.device).float()
        mixed = behind + self.cover * (drawn.permute(1, 2, 0) * 255.0 - behind)
        result = self.picture.copy()
        result[top:bottom, left:right] = mixed.round().clamp(0, 255).byte().cpu().numpy()
        return result


def paste_into(picture: np.ndarray, crop: Crop, device: torch.device) -> Paste:
    """Work out how frames of a crop are put back into a picture (H,W,3) uint8."""
    height, width = picture.shape[:2]
    corners = crop.to_picture(np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]))
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, [width, height]).astype(int)
    (left, top), (right, bottom) = low.tolist(), high.tolist()
    pixels = np.stack(np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5), axis=-1)
    places = crop.to_crop(pixels)
    inside = np.clip((1.0 - np.abs(places)) / FEATHER, 0.0, 1.0)
    soft = inside * inside * (3.0 - 2.0 * inside)
    cover = torch.from_numpy(soft.prod(axis=-1, keepdims=True)).float().to(device)
    where = torch.from_numpy(places[None]).float().to(device)
    return Paste(picture, (top, bottom, left, right), where, cover, max(1, round(crop.side)))

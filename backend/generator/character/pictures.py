"""Painted pictures as bytes, and in another size."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def as_bytes(pictures: Tensor) -> np.ndarray:
    """(B,H,W,4) uint8 of pictures (B,4,H,W) in 0..1, clipped."""
    return (pictures.clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture (H,W,4) uint8 in another size; colour is weighed by coverage, so that no dark edge is mixed in."""
    if picture.shape[:2] == (height, width):
        return picture
    image = Image.fromarray(picture).convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image.convert("RGBA"))

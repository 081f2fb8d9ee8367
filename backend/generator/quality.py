"""How close two pictures are: PSNR, SSIM and flicker, on all of a picture or a part of it.

Pictures are float64 or float32 in 0..1, display-encoded, with the same background laid under both. Formulas: PSNR is
-10 log10 of the mean squared error; SSIM is Wang et al. (IEEE TIP 13(4), 2004) on brightness, an 11 x 11 Gaussian of
deviation 1.5, constants 0.01 and 0.03 squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

BACKGROUND: Final[float] = 0.46
"""The grey (sRGB 118) under pictures with alpha: black would hide an error at a dark edge, white one at a light."""
BEST: Final[float] = 99.0
"""PSNR of equal pictures, in place of infinity."""
_LUMA: Final[np.ndarray] = np.array([0.2126, 0.7152, 0.0722])
"""Brightness of red, green and blue (ITU-R BT.709)."""


@dataclass(frozen=True)
class Box:
    """Pixels `left` to `right` and `top` to `bottom`, the last ones not included."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, pictures: np.ndarray) -> np.ndarray:
        """The part of pictures (...,H,W,C) in the box."""
        return pictures[..., self.top : self.bottom, self.left : self.right, :]


def box_around(points: np.ndarray, margin: float, height: int, width: int) -> Box:
    """The box of points (N,2), x and y in pixels, grown by `margin` of its size on each side, within the picture."""
    low, high = points.min(axis=0), points.max(axis=0)
    grown = margin * (high - low)
    left, top = np.clip(np.floor(low - grown), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(high + grown) + 1, (left + 1, top + 1), (width, height)).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))


def composite(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(...,H,W,3) float64 of straight colour (...,H,W,3) and alpha (...,H,W), bytes, over BACKGROUND."""
    cover = alpha[..., None].astype(np.float64) / 255
    return rgb.astype(np.float64) / 255 * cover + BACKGROUND * (1 - cover)


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of pictures in 0..1, BEST at most."""
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return BEST if error <= 10 ** (-BEST / 10) else -10.0 * float(np.log10(error))


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Structural similarity (mean over pixels) of two pictures (H,W,3); 1 when they are equal."""
    a, b = first @ _LUMA, second @ _LUMA
    blur = [gaussian_filter(part, 1.5, truncate=3.5) for part in (a, b, a * a, b * b, a * b)]
    mean_a, mean_b = blur[0], blur[1]
    spread_a, spread_b, shared = blur[2] - mean_a**2, blur[3] - mean_b**2, blur[4] - mean_a * mean_b
    one, two = 0.01**2, 0.03**2
    likeness = (2 * mean_a * mean_b + one) * (2 * shared + two)
    return float(np.mean(likeness / ((mean_a**2 + mean_b**2 + one) * (spread_a + spread_b + two))))


def flicker(made: np.ndarray, true: np.ndarray) -> float:
    """Root mean square of what changes from frame to frame in `made` (T,H,W,3) and not in `true`, times 255.

    0 where both move alike, whatever their constant difference. 0 for fewer than two frames.
    """
    if len(made) < 2:
        return 0.0
    change = np.diff(made, axis=0) - np.diff(true, axis=0)
    return 255.0 * float(np.sqrt(np.mean(change**2)))

"""sRGB's transfer function (IEC 61966-2-1), both ways."""

from __future__ import annotations

import numpy as np


def linear(srgb: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """Linear light (float64) of sRGB values in 0..1."""
    value = np.asarray(srgb, dtype=np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def srgb(light: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """The inverse: display values (float64) of linear light in 0..1."""
    value = np.asarray(light, dtype=np.float64)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * np.maximum(value, 0.0) ** (1 / 2.4) - 0.055)

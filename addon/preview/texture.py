"""A picture of Blender's as bytes that others can draw with: 8-bit sRGB, its top row first, of a bounded size."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..core.colour import srgb

MAX_SIDE: Final[int] = 1024
"""Pixels; a face fills at most a few hundred of a preview's."""


def texture_of(image: bpy.types.Image | None) -> np.ndarray | None:
    """(H,W,3) uint8 sRGB, at most MAX_SIDE wide and high; None where there is no picture or its file is not there.

    Of a tiled picture (UDIM) it is the first tile.
    """
    if image is None or not all(image.size):
        return None
    if max(image.size) <= MAX_SIDE:
        return _bytes(image)
    smaller = image.copy()
    try:
        factor = MAX_SIDE / max(smaller.size)
        smaller.scale(max(1, round(smaller.size[0] * factor)), max(1, round(smaller.size[1] * factor)))
        return _bytes(smaller)
    finally:
        bpy.data.images.remove(smaller)


def _bytes(image: bpy.types.Image) -> np.ndarray | None:
    width, height = image.size
    if not width * height or image.channels < 3:
        return None
    flat = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(flat)
    rgb = np.clip(flat.reshape(height, width, image.channels)[::-1, :, :3], 0.0, 1.0)
    if image.is_float:  # floats are linear light, bytes are sRGB already (IEC 61966-2-1)
        rgb = srgb(rgb)
    return np.ascontiguousarray(np.round(rgb * 255)).astype(np.uint8)

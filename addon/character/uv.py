"""Texture coordinates: every body unwrapped by a plain projection into a place of its own.

Coordinates are per corner of a quad, (F,4,2) in 0..1, so that a seam may run between two quads.
"""

from __future__ import annotations

import numpy as np

Box = tuple[float, float, float, float]
"""Left, bottom, right, top of a place on the texture, 0..1."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


def _placed(uv: np.ndarray, box: Box) -> np.ndarray:
    low, high = uv.min(axis=(0, 1)), uv.max(axis=(0, 1))
    left, bottom, right, top = box
    share = (uv - low) / np.maximum(high - low, 1e-12)
    return (share * (right - left, top - bottom) + (left, bottom)).astype(np.float32)


def around(
    vertices: np.ndarray, quads: np.ndarray, axis: tuple[float, float] = (0.0, 0.0), box: Box = WHOLE
) -> np.ndarray:
    """Angle round the vertical through (x, z) = `axis`, and height; the seam is at the back."""
    angle = np.arctan2(vertices[:, 0] - axis[0], vertices[:, 2] - axis[1])[quads]
    first = angle[:, :1]
    # A quad across the seam keeps its corners together.
    angle = np.where(
        angle - first > np.pi, angle - 2 * np.pi, np.where(first - angle > np.pi, angle + 2 * np.pi, angle)
    )
    angle = np.clip(angle, -np.pi * 1.02, np.pi * 1.02)
    return _placed(np.stack([angle, vertices[:, 1][quads]], -1), box)


def flat(vertices: np.ndarray, quads: np.ndarray, axes: tuple[int, int], box: Box = WHOLE) -> np.ndarray:
    """Seen straight along the third axis."""
    return _placed(vertices[:, list(axes)][quads], box)


def polar(directions: np.ndarray, quads: np.ndarray, box: Box = WHOLE) -> np.ndarray:
    """Angle from +z as distance from the middle (azimuthal equidistant projection): an eye with its iris centred."""
    unit = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    angle = np.arccos(np.clip(unit[:, 2], -1.0, 1.0)) / np.pi
    side = unit[:, :2] / np.maximum(np.linalg.norm(unit[:, :2], axis=1, keepdims=True), 1e-12)
    left, bottom, right, top = box
    uv = (0.5 + 0.5 * angle[:, None] * side)[quads]
    return (uv * (right - left, top - bottom) + (left, bottom)).astype(np.float32)

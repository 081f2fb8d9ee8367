"""How the mandible moves: rotation about its hinge, and slides forward and to the sides."""

from __future__ import annotations

import numpy as np

from .spec import JawSpec


def jaw_open(jaw: JawSpec, p: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Displacement (V,3) of points when the jaw is fully open; `weight` (V,) is the share of the angle each takes.

    Rotation about the axis through the hinge along x; positive angles lower what is before the hinge.
    """
    y, z = p[:, 1] - jaw.hinge[0], p[:, 2] - jaw.hinge[1]
    angle = jaw.open_angle * weight
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.zeros_like(y), c * y - s * z - y, s * y + c * z - z], axis=-1)


def jaw_motion(jaw: JawSpec, p: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Displacements (V,3) float32 of the four jaw channels for points that follow the jaw by `weight` (V,)."""
    w = weight[:, None]
    moves = {
        "jawOpen": jaw_open(jaw, p, weight),
        "jawForward": w * (0.0, -0.0012, jaw.forward),
        "jawLeft": w * (jaw.sideways, -0.0004, 0.0),
        "jawRight": w * (-jaw.sideways, -0.0004, 0.0),
    }
    return {name: np.ascontiguousarray(move, dtype=np.float32) for name, move in moves.items()}

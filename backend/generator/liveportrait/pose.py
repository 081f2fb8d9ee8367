"""Head angles of LivePortrait: degrees from classes, rotations from degrees, and how our own head poses become them.

Its axes are x right in the picture, y down, z into it. Points are rows: x' = x R with

    R = (Rz(roll) Ry(yaw) Rx(pitch))^T,

right-handed about those axes (KwaiVGI/LivePortrait 1986663). Ours (`addon.core.rotation`) have y up and z out of the
face, so a turn Q of ours, made for columns, is F Q F with F = diag(1, -1, -1), and R is its transpose.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

BIN_DEGREES: Final[float] = 3.0
LOWEST_DEGREES: Final[float] = -97.5
"""Degrees of class 0; the next classes are 3 apart."""
FLIP: Final[tuple[float, float, float]] = (1.0, -1.0, -1.0)
"""From our axes to its axes, and back."""


def degrees_of_bins(logits: Tensor) -> Tensor:
    """The expected angle (B,) in degrees of class logits (B,66)."""
    share = torch.softmax(logits, dim=-1)
    number = torch.arange(logits.shape[-1], device=logits.device, dtype=logits.dtype)
    return (share * number).sum(dim=-1) * BIN_DEGREES + LOWEST_DEGREES


def rotation_of_degrees(angles: Tensor) -> Tensor:
    """Rotations (B,3,3) for rows of pitch, yaw, roll (B,3) in degrees: the product in the module docstring."""
    (sp, sy, sr), (cp, cy, cr) = angles.deg2rad().sin().unbind(-1), angles.deg2rad().cos().unbind(-1)
    columns = (
        (cr * cy, sr * cy, -sy),
        (cr * sy * sp - sr * cp, sr * sy * sp + cr * cp, cy * sp),
        (cr * sy * cp + sr * sp, sr * sy * cp - cr * sp, cy * cp),
    )
    return torch.stack([torch.stack(column, dim=-1) for column in columns], dim=-2)


def degrees_of_rotation(rotation: Tensor) -> Tensor:
    """Pitch, yaw, roll (B,3) in degrees of rotations (B,3,3) for rows: `rotation_of_degrees` undone, |yaw| < 90."""
    pitch = torch.atan2(rotation[..., 1, 2], rotation[..., 2, 2])
    yaw = torch.atan2(-rotation[..., 0, 2], torch.hypot(rotation[..., 0, 0], rotation[..., 0, 1]))
    roll = torch.atan2(rotation[..., 0, 1], rotation[..., 0, 0])
    return torch.stack([pitch, yaw, roll], dim=-1).rad2deg()


def rotation_of_turn(turn: Tensor) -> Tensor:
    """Rotations (B,3,3) for rows in its axes of turns (B,3,3) for columns in ours."""
    flip = torch.tensor(FLIP, dtype=turn.dtype, device=turn.device)
    return (flip[:, None] * turn * flip).transpose(-1, -2)

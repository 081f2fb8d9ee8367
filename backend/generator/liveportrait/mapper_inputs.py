"""What the mapper sees of each frame: how expression moves the portrait's landmarks in the picture, gaze, pose, voice.

Pose is taken off first, as SPACE found necessary (arXiv 2211.09809, supplement): an offset is a relocated landmark less
where the same landmark would be at rest under the same pose, turned upright about the picture's axis, in inter-ocular
distances. What turning the head does to offsets themselves is left in, and the angles are given beside. The picture's
axes: x right, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from backend.face.basis import load_basis
from backend.speech.visemes import VISEMES

from .pose import FLIP, degrees_of_rotation

VOICE: Final[int] = len(VISEMES) + 1
"""Weights of the visemes, and whether a voice is known. Without it lips lose what landmarks cannot say (SPACE)."""
REACH: Final[float] = 0.04
"""Seconds by which a viseme is seen before and after it is heard."""


def offsets_of_landmarks(landmarks: np.ndarray, rotation: Tensor, points: Sequence[int]) -> Tensor:
    """Offsets (T,P,2) of normalized landmarks (T,70,3) on a head of rotation (T,3,3) for rows."""
    moved = (landmarks - load_basis().neutral)[:, list(points)] * np.array(FLIP, dtype=np.float32)
    seen = (torch.as_tensor(moved, dtype=torch.float32, device=rotation.device) @ rotation)[..., :2]
    return _upright(seen, rotation)


def offsets_of_frames(read: Tensor, rest: Tensor, size: Tensor, rotation: Tensor) -> Tensor:
    """Offsets (T,P,2) of landmarks read off frames (T,P,2), with those of a frame at rest under the same pose (P,2).

    `size` (T,1) is an inter-ocular distance in the units of what was read.
    """
    return _upright((read - rest) / size[:, :, None], rotation)


def frame_inputs(offsets: Tensor, gaze: Tensor, rotation: Tensor, voice: Tensor) -> Tensor:
    """Side by side (T,2P + 4 + 2 + VOICE): offsets (T,P,2), gaze (T,4), pitch and yaw in radians, voice (T,VOICE)."""
    angles = degrees_of_rotation(rotation)[:, :2].deg2rad()
    return torch.cat([offsets.flatten(1), gaze, angles, voice], dim=1)


def voice_of_visemes(visemes: Sequence[Any], fps: float, count: int) -> np.ndarray:
    """(T,VOICE) of (name, start, end) in seconds: each weighs what it covers of a frame, blurred by REACH."""
    voice = np.zeros((count, VOICE), dtype=np.float32)
    if not visemes:
        return voice
    times = (np.arange(count) + 0.5) / fps
    for name, start, end in visemes:
        if name in VISEMES:
            inside = np.minimum(times - start, end - times) / (2 * REACH) + 0.5
            voice[:, VISEMES.index(name)] += np.clip(inside, 0.0, 1.0)
    voice[:, :-1] /= np.maximum(voice[:, :-1].sum(axis=1, keepdims=True), 1.0)
    voice[:, -1] = 1.0
    return voice


def _upright(offsets: Tensor, rotation: Tensor) -> Tensor:
    """Offsets (T,P,2) turned back by the roll of the head (T,3,3)."""
    roll = degrees_of_rotation(rotation)[:, 2].deg2rad()
    cosine, sine = roll.cos()[:, None], roll.sin()[:, None]
    x, y = offsets.unbind(-1)
    return torch.stack([cosine * x + sine * y, cosine * y - sine * x], dim=-1)

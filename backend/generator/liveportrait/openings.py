"""How far lips and eyes are open, as ratios of distances between landmarks, and keypoints that open them so.

The measures of LivePortrait's own retargeting (1986663): inner lips over the width of the mouth, |90-102| / |48-66| of
its 203 points, and lids over the width of an eye, |6-18| / |0-12| and |30-42| / |24-36|; here on our landmarks, where
62, 66, 48, 54 and the corners 36, 39, 42, 45 are the same points and lids are the mean of two pairs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.face.basis import load_basis
from backend.face.landmarks import INNER_LIP_PAIRS, LID_PAIRS, MOUTH_CORNERS

from .retarget import Retargeting

CORNERS: Final[dict[str, tuple[int, int]]] = {"left": (42, 45), "right": (36, 39)}


def lip_opening(landmarks: np.ndarray) -> np.ndarray:
    """(...,70,2 or 3) -> (...,)."""
    return _length(landmarks, *INNER_LIP_PAIRS[1]) / _length(landmarks, *MOUTH_CORNERS)


def eye_openings(landmarks: np.ndarray) -> np.ndarray:
    """(...,70,2 or 3) -> (...,2), left and right."""
    sides = []
    for side in ("left", "right"):
        lids = np.mean([_length(landmarks, upper, lower) for upper, lower in LID_PAIRS[side]], axis=0)
        sides.append(lids / _length(landmarks, *CORNERS[side]))
    return np.stack(sides, axis=-1)


def opened(stacks: Retargeting, source: Tensor, scale: Tensor, own: np.ndarray, landmarks: np.ndarray) -> Tensor:
    """Expression offsets (T,K,3) that open lips and eyes of a portrait as a performance does, without any mapper.

    `source` (1,K,3) keypoints, `scale` (1,1) of the portrait, `own` (70,2) its landmarks, `landmarks` (T,70,3)
    normalized. A performance at rest leaves the portrait as it is; its closed eyes close.
    """
    neutral = load_basis().neutral
    lips = np.maximum(lip_opening(own) + _signed_lips(landmarks) - _signed_lips(neutral), 0.0)
    eyes = eye_openings(own).mean() * (_signed_eyes(landmarks) / _signed_eyes(neutral)).clip(0.0, 2.0)
    return opened_to(stacks, source, scale, own, lips, eyes)


def opened_to(
    stacks: Retargeting, source: Tensor, scale: Tensor, own: np.ndarray, lips: np.ndarray, eyes: np.ndarray
) -> Tensor:
    """The same to openings of the lips (T,) and of the eyes (T,), in the measures of the module."""
    count = len(lips)

    def column(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=source.device).reshape(count, -1)

    many = source.expand(count, -1, -1)
    # Its eyes come in the order of the picture: first the one on the left, which is the character's right.
    now_lips, now_eyes = column(np.full(count, lip_opening(own))), column(np.tile(eye_openings(own)[::-1], (count, 1)))
    rest = stacks.open_lips(many, now_lips, now_lips) + stacks.open_eyes(many, now_eyes, now_eyes.mean(1, keepdim=True))
    moved = stacks.open_lips(many, now_lips, column(lips)) + stacks.open_eyes(many, now_eyes, column(eyes))
    return (moved - rest) / scale[:, :, None]


def _signed_lips(landmarks: np.ndarray) -> np.ndarray:
    """Closed lips overlap in some faces: what is below 0 counts as closed."""
    upper, lower = INNER_LIP_PAIRS[1]
    gap = np.maximum(landmarks[..., upper, 1] - landmarks[..., lower, 1], 0.0)
    return gap / _length(landmarks, *MOUTH_CORNERS)


def _signed_eyes(landmarks: np.ndarray) -> np.ndarray:
    gaps = [
        landmarks[..., upper, 1] - landmarks[..., lower, 1] for side in LID_PAIRS for upper, lower in LID_PAIRS[side]
    ]
    return np.maximum(np.mean(gaps, axis=0), 0.0)


def _length(landmarks: np.ndarray, first: int, second: int) -> np.ndarray:
    return np.linalg.norm(landmarks[..., first, :] - landmarks[..., second, :], axis=-1)

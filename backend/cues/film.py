"""Conditioning: emotion x intensity and the character enter every generator by FiLM.

Feature-wise linear modulation (Perez et al. 2018), as SPACE (arXiv 2211.09809) has emotion enter both its networks:
y = x (1 + gamma(c)) + beta(c).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from addon.core.emotion import EMOTIONS, NEUTRAL

from .activation import gelu

EMOTION_WIDTH: Final[int] = len(EMOTIONS)
CHARACTER_WIDTH: Final[int] = 16
CONDITION_WIDTH: Final[int] = 48


class Film(nn.Module):
    """Scale and shift of features by a condition."""

    def __init__(self, condition: int, width: int) -> None:
        super().__init__()
        self.affine = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.affine.bias)

    def forward(self, signal: Tensor, condition: Tensor) -> Tensor:
        """`signal` (..., width) modulated by `condition` (..., C)."""
        scale, shift = self.affine(condition).chunk(2, dim=-1)
        return signal * (1.0 + scale) + shift


class Condition(nn.Module):
    """Emotion and character code to the one vector that all generators are conditioned on."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(EMOTION_WIDTH + CHARACTER_WIDTH, CONDITION_WIDTH)
        self.leave = nn.Linear(CONDITION_WIDTH, CONDITION_WIDTH)

    def forward(self, emotion: Tensor, character: Tensor) -> Tensor:
        """Emotion (B,T,9) as in a Performance and character code (B,16) -> (B,T,CONDITION_WIDTH)."""
        felt = emotion_felt(emotion)
        code = character[:, None].expand(-1, felt.shape[1], -1)
        return self.leave(gelu(self.enter(torch.cat([felt, code], dim=-1))))


def emotion_felt(emotion: Tensor) -> Tensor:
    """(...,8): weights x intensity; what is not felt of the others is neutral."""
    felt = emotion[..., :8] * emotion[..., 8:]
    rest = 1.0 - emotion[..., 8]
    return torch.cat([felt[..., :NEUTRAL], (felt[..., NEUTRAL] + rest)[..., None], felt[..., NEUTRAL + 1 :]], dim=-1)


class CharacterEncoder(nn.Module):
    """A character's own way from 16 example frames of its poses, as RealTalk (arXiv 2406.18284) reads history tokens.

    Without examples the code is zero, which is the face that the rules know.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter = nn.Linear(channels, 64)
        self.leave = nn.Linear(64, CHARACTER_WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        """Example frames (B,16,52) of channels -> code (B,16)."""
        seen = gelu(self.enter(frames))
        return torch.tanh(self.leave(seen.mean(dim=1)))

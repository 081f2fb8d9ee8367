"""The speech encoder: what is being said, and how, at each of 50 steps a second.

A residual stack of dilated causal convolutions (a temporal convolutional network) over log-mel frames. From its
features four linear heads read phones, visemes, the articulation that the rules would give them, and the prosody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from backend.speech.phones import PHONES, SILENCE
from backend.speech.visemes import VISEMES

from .causal import CausalStack, Memory
from .frontend import INPUT_WIDTH

ENCODED_PHONES: Final[tuple[str, ...]] = (SILENCE, *PHONES)
ARTICULATION: Final[tuple[str, ...]] = ("gap", "width", "jaw", "bilabial", "labiodental")
"""Inner-lip gap, change of mouth width (IOD) and jawOpen before closures, and the strength of the contacts, 0..1."""
PROSODY: Final[tuple[str, ...]] = ("speaking", "loudness", "pitch", "opening", "accent")
"""As in `backend.rules.emphasis.Emphasis`; loudness in 10 dB, pitch in 10 semitones, accent as pulses 0..1."""
VOICE: Final[tuple[str, ...]] = ("speaking", "loudness", "pitch", "accent")
"""Of `PROSODY` what moves more than the mouth."""


@dataclass(frozen=True)
class EncoderConfig:
    """Size of the encoder. `dilations` x (kernel - 1) steps of 20 ms is how far back it listens: 1.5 s.

    Learned with the same lessons, eight blocks tell more than six of any width that was tried (docs/training.md).
    """

    width: int = 160
    kernel: int = 3
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1, 2, 4)
    dropout: float = 0.02

    @classmethod
    def from_card(cls, model: Mapping[str, Any]) -> EncoderConfig:
        """What a model card says of the size."""
        return cls(**{**model, "dilations": tuple(int(dilation) for dilation in model["dilations"])})


@dataclass(frozen=True)
class Heard:
    """What the encoder heard, each (B, T, ...): `features` (width), logits of `phones` (40) and `visemes` (15),
    `articulation` (5) and `prosody` (5).
    """

    features: Tensor
    phones: Tensor
    visemes: Tensor
    articulation: Tensor
    prosody: Tensor


class SpeechEncoder(nn.Module):
    """See the module."""

    mel_mean: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Linear(INPUT_WIDTH, config.width)
        self.stack = CausalStack(config.width, config.kernel, config.dilations, config.dropout)
        self.leave = nn.LayerNorm(config.width)
        sizes = (len(ENCODED_PHONES), len(VISEMES), len(ARTICULATION), len(PROSODY))
        self.heads = nn.ModuleList(nn.Linear(config.width, size) for size in sizes)
        self.register_buffer("mel_mean", torch.zeros(INPUT_WIDTH // 4))

    def forward(self, inputs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """`inputs` (B, T, INPUT_WIDTH) from the frontend -> features (B, T, width), memory for the next piece."""
        signal, memory = self.stack(self.enter(inputs), memory)
        return self.leave(signal), memory

    def read(self, features: Tensor) -> Heard:
        """What the features (B, T, width) say."""
        phones, visemes, articulation, prosody = (head(features) for head in self.heads)
        return Heard(features, phones, visemes, articulation, prosody)

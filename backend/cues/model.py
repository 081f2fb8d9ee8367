"""The cue model: lips, expression, gaze, blinks and head from what the encoder heard."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from addon.core.channels import CHANNELS

from .clock import STEPS_PER_CUE
from .encoder import EncoderConfig
from .film import CharacterEncoder, Condition
from .generator import CueGenerator, GeneratorConfig
from .lips import LipsConfig, LipsGenerator
from .spaces import EXPRESSION_CHANNELS, EXPRESSION_SIZE


@dataclass(frozen=True)
class CueConfig:
    """Sizes of the generators; `features` is the encoder's width."""

    features: int = EncoderConfig().width
    lips: LipsConfig = field(default_factory=LipsConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)


class CueModel(nn.Module):
    """See the module. `expression_*` are the principal components that expression is spoken in."""

    expression_mean: Tensor
    expression_basis: Tensor

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.config = config
        self.condition = Condition()
        self.character = CharacterEncoder(len(CHANNELS))
        self.lips = LipsGenerator(config.lips, config.features, self.condition.leave.out_features)
        self.generator = CueGenerator(config.generator, config.features)
        self.register_buffer("expression_mean", torch.zeros(len(EXPRESSION_CHANNELS)))
        self.register_buffer("expression_basis", torch.zeros(EXPRESSION_SIZE, len(EXPRESSION_CHANNELS)))


def per_cue(signal: Tensor) -> Tensor:
    """(B,S,D) at 50 steps a second -> (B,S/2,D): the mean of the two steps that a cue step hears."""
    batch, steps, width = signal.shape
    return signal.reshape(batch, steps // STEPS_PER_CUE, STEPS_PER_CUE, width).mean(dim=2)

"""Mixtures of Gaussians with independent dimensions: what a generator expects of a continuous stream."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

LEAST: Final[float] = 0.02
MOST: Final[float] = 3.0
"""Bounds of a deviation: below the least a mixture collapses onto single training points, above the most it has lost
the stream."""


@dataclass(frozen=True)
class Mixture:
    """`weights` (..., K) log-probabilities, `means` and `spreads` (..., K, D)."""

    weights: Tensor
    means: Tensor
    spreads: Tensor

    @staticmethod
    def width(components: int, size: int) -> int:
        """Numbers that `of` takes."""
        return components * (1 + 2 * size)

    @classmethod
    def of(cls, numbers: Tensor, components: int, size: int) -> Mixture:
        """From a network's outputs (..., width)."""
        weights, means, spreads = numbers.split((components, components * size, components * size), dim=-1)
        shape = (*numbers.shape[:-1], components, size)
        middle = 0.5 * math.log(LEAST * MOST)
        reach = 0.5 * math.log(MOST / LEAST)
        return cls(
            torch.log_softmax(weights, dim=-1),
            means.reshape(shape),
            torch.exp(middle + reach * torch.tanh(spreads.reshape(shape) - 0.5)),
        )

    def log_likelihood(self, target: Tensor) -> Tensor:
        """(...,) of targets (..., D), without the constant."""
        error = (target[..., None, :] - self.means) / self.spreads
        each = -0.5 * (error**2).sum(dim=-1) - torch.log(self.spreads).sum(dim=-1)
        return torch.logsumexp(self.weights + each, dim=-1)

    def draw(self, noise: Tensor) -> Tensor:
        """(B, D) from normal numbers (B, D + 1): the last one picks the component."""
        cumulative = torch.exp(self.weights).cumsum(dim=-1)
        rank = torch.special.ndtr(noise[:, -1:])
        chosen = (cumulative < rank).sum(dim=-1).clamp(max=self.weights.shape[-1] - 1)
        index = chosen[:, None, None].expand(-1, 1, self.means.shape[-1])
        mean, spread = self.means.gather(1, index)[:, 0], self.spreads.gather(1, index)[:, 0]
        return mean + spread * noise[:, :-1]

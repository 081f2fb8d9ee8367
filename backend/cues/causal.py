"""Causal convolutions that go on where the last piece of a line ended.

Written as one matrix product over the gathered steps: for the single steps of a stream a convolution routine takes ten
times as long, for whole lines no less.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activation import gelu

Memory = list[Tensor]
"""What each causal convolution keeps of its past, in the order in which they run: (B, reach, channels)."""


class CausalBlock(nn.Module):
    """A residual block over time: dilated causal convolution, then a mix of the channels."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.kernel, self.dilation = kernel, dilation
        self.reach = (kernel - 1) * dilation
        self.gather = nn.Linear(kernel * width, width)
        self.mix = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, signal: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """`signal` (B, T, width) and its `past` (B, reach, width) -> the same shape, and the next piece's past."""
        longer = torch.cat([past, signal], dim=1)
        steps = signal.shape[1]
        taps = [longer[:, tap * self.dilation : tap * self.dilation + steps] for tap in range(self.kernel)]
        gathered = gelu(self.gather(torch.cat(taps, dim=2)))
        mixed = self.mix(gathered)
        if self.training:
            mixed = self.dropout(mixed)
        return signal + mixed, longer[:, longer.shape[1] - self.reach :]


class CausalStack(nn.Module):
    """Causal blocks in a row."""

    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...], dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.reaches = tuple((kernel - 1) * dilation for dilation in dilations)
        self.blocks = nn.ModuleList(CausalBlock(width, kernel, dilation, dropout) for dilation in dilations)

    def start(self, batch: int) -> Memory:
        """The memory before the first piece: silence."""
        like = next(self.parameters())
        return [like.new_zeros(batch, reach, self.width) for reach in self.reaches]

    def forward(self, signal: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """`signal` (B, T, width) -> (B, T, width) and the memory for the next piece."""
        after: Memory = []
        for block, past in zip(self.blocks, memory, strict=True):
            signal, kept = block(signal, past)
            after.append(kept)
        return signal, after

"""An hourglass on volumes: down and up again in height and width, each size handed across."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import VolumeBlock
from .config import WarpingConfig


class Encoder(nn.Module):
    """Blocks that halve the size and double the channels."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(VolumeBlock(a, b, 0.5) for a, b in itertools.pairwise(widths))

    def forward(self, volume: Tensor) -> list[Tensor]:
        """What came in, and the result of each block."""
        sizes = [volume]
        for block in self.down_blocks:
            sizes.append(block(sizes[-1]))
        return sizes


class Decoder(nn.Module):
    """Blocks that double the size; after each, the encoder's volume of that size is put beside it."""

    def __init__(self, widths: list[int], config: WarpingConfig) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for level in range(config.levels, 0, -1):
            inputs = widths[level] * (1 if level == config.levels else 2)
            blocks.append(VolumeBlock(inputs, min(config.widest, config.stem << (level - 1)), 2.0))
        self.up_blocks = nn.ModuleList(blocks)
        channels = config.stem + widths[0]
        self.conv = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm3d(channels)

    def forward(self, sizes: list[Tensor]) -> Tensor:
        """(B, stem + inputs, D,H,W) of the encoder's volumes."""
        volume = sizes[-1]
        for block, beside in zip(self.up_blocks, reversed(sizes[:-1]), strict=True):
            volume = torch.cat([block(volume), beside], dim=1)
        return functional.relu(self.norm(self.conv(volume)))


class Hourglass(nn.Module):
    """Volume (B,I,D,H,W) -> (B,stem + I,D,H,W)."""

    def __init__(self, inputs: int, config: WarpingConfig) -> None:
        super().__init__()
        widths = [inputs, *(min(config.widest, config.stem << level) for level in range(1, config.levels + 1))]
        self.encoder = Encoder(widths)
        self.decoder = Decoder(widths, config)

    def forward(self, volume: Tensor) -> Tensor:
        """See the class."""
        return self.decoder(self.encoder(volume))

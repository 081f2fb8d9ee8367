"""F, the appearance extractor: what the portrait looks like, as a volume that can be moved about in depth."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from .blocks import DownBlock, ResidualVolumeBlock, SameBlock
from .config import AppearanceConfig


class AppearanceExtractor(nn.Module):
    """Picture (B,3,S,S) RGB in 0..1 -> feature volume (B,volume,depth,S/4,S/4)."""

    def __init__(self, config: AppearanceConfig) -> None:
        super().__init__()
        self.config = config
        widths = [min(config.widest, config.stem << level) for level in range(config.halvings + 1)]
        self.first = SameBlock(3, widths[0])
        self.down_blocks = nn.ModuleList(DownBlock(a, b) for a, b in itertools.pairwise(widths))
        self.second = nn.Conv2d(widths[-1], config.volume * config.depth, 1)
        self.resblocks_3d = nn.Sequential()
        for number in range(config.blocks):
            self.resblocks_3d.add_module(f"3dr{number}", ResidualVolumeBlock(config.volume))

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        features = self.first(picture)
        for block in self.down_blocks:
            features = block(features)
        flat = self.second(features)
        height, width = flat.shape[-2:]
        return self.resblocks_3d(flat.reshape(-1, self.config.volume, self.config.depth, height, width))

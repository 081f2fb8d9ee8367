"""G, the decoder: features to a picture by spatially-adaptive normalization (SPADE; Park et al., CVPR 2019)."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import DecoderConfig
from .spectral import SpectralConv2d

SLOPE: Final[float] = 0.2


class Modulation(nn.Module):
    """Instance norm of (B,C,H,W), then scaled and shifted by what the features (B,F,h,w) say: n (1 + gamma) + beta."""

    def __init__(self, channels: int, features: int, hidden: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(features, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, picture: Tensor, features: Tensor) -> Tensor:
        """See the class."""
        hidden = self.mlp_shared(functional.interpolate(features, size=picture.shape[-2:], mode="nearest"))
        return functional.instance_norm(picture) * (1.0 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)


class ModulatedBlock(nn.Module):
    """Twice modulation, leaky ReLU, 3x3 convolution, added to what came in, which is resized where channels change."""

    def __init__(self, inputs: int, outputs: int, features: int, hidden: int) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = SpectralConv2d(inputs, middle, 3, padding=1)
        self.conv_1 = SpectralConv2d(middle, outputs, 3, padding=1)
        self.norm_0 = Modulation(inputs, features, hidden)
        self.norm_1 = Modulation(middle, features, hidden)
        self.resized = inputs != outputs
        if self.resized:
            self.conv_s = SpectralConv2d(inputs, outputs, 1, bias=False)
            self.norm_s = Modulation(inputs, features, hidden)

    def forward(self, picture: Tensor, features: Tensor) -> Tensor:
        """(B,I,H,W) and features (B,F,h,w) -> (B,O,H,W)."""
        inner = self.conv_0(functional.leaky_relu(self.norm_0(picture, features), SLOPE))
        inner = self.conv_1(functional.leaky_relu(self.norm_1(inner, features), SLOPE))
        return inner + (self.conv_s(self.norm_s(picture, features)) if self.resized else picture)


class SpadeDecoder(nn.Module):
    """Features (B,F,S,S) -> picture (B,3,4 S enlarge,4 S enlarge) RGB in 0..1."""

    def __init__(self, config: DecoderConfig, features: int) -> None:
        super().__init__()
        self.blocks = config.blocks
        width, hidden = config.width, config.modulation
        self.fc = nn.Conv2d(features, width, 3, padding=1)
        for number in range(config.blocks):
            setattr(self, f"G_middle_{number}", ModulatedBlock(width, width, features, hidden))
        self.up_0 = ModulatedBlock(width, width // 2, features, hidden)
        self.up_1 = ModulatedBlock(width // 2, config.last, features, hidden)
        outputs = 3 * config.enlarge**2
        self.conv_img = nn.Sequential(nn.Conv2d(config.last, outputs, 3, padding=1), nn.PixelShuffle(config.enlarge))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        picture = self.fc(features)
        for number in range(self.blocks):
            picture = getattr(self, f"G_middle_{number}")(picture, features)
        picture = self.up_0(functional.interpolate(picture, scale_factor=2.0), features)
        picture = self.up_1(functional.interpolate(picture, scale_factor=2.0), features)
        return torch.sigmoid(self.conv_img(functional.leaky_relu(picture, SLOPE)))

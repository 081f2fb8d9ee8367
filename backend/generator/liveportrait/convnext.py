"""ConvNeXt V2 (Woo et al., CVPR 2023): stages of depthwise convolutions with global response normalization."""

from __future__ import annotations

import itertools
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import MotionConfig

EPSILON: Final[float] = 1e-6
KERNEL: Final[int] = 7
EXPANSION: Final[int] = 4


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (B,C,H,W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        last = features.permute(0, 2, 3, 1)
        return functional.layer_norm(last, last.shape[-1:], self.weight, self.bias, EPSILON).permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalization of (B,H,W,C), equation 1-3 of the paper: gamma (x n) + beta + x.

    n is each channel's length over the picture, divided by the mean of the channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        # In half precision the squares of a whole picture overflow, so the length is taken in single.
        length = features.float().square().sum(dim=(1, 2), keepdim=True).sqrt()
        response = (length / (length.mean(dim=-1, keepdim=True) + EPSILON)).to(features.dtype)
        return self.gamma * (features * response) + self.beta + features


class Block(nn.Module):
    """Depthwise 7x7, layer norm, to four times the channels and back, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.pwconv1 = nn.Linear(channels, EXPANSION * channels)
        self.grn = ResponseNorm(EXPANSION * channels)
        self.pwconv2 = nn.Linear(EXPANSION * channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B,C,H,W) -> the same shape."""
        inner = self.norm(self.dwconv(features).permute(0, 2, 3, 1))
        inner = self.pwconv2(self.grn(functional.gelu(self.pwconv1(inner))))
        return features + inner.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """Picture (B,3,S,S) -> features (B,last width): a patch stem, stages that halve, the mean over the picture."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        widths = config.widths
        stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0]))
        halving = [nn.Sequential(ChannelNorm(a), nn.Conv2d(a, b, 2, stride=2)) for a, b in itertools.pairwise(widths)]
        self.downsample_layers = nn.ModuleList([stem, *halving])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for depth, width in zip(config.depths, widths, strict=True)
        )
        self.norm = nn.LayerNorm(widths[-1], eps=EPSILON)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            picture = stage(shrink(picture))
        return self.norm(picture.mean(dim=(-2, -1)))

"""Convolution blocks that the networks share. Attribute names are those of the published checkpoints."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

LEAK: Final[float] = 0.01
"""Slope of leaky ReLU below 0, that of torch and so of the published blocks."""


class SameBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU or leaky ReLU: (B,I,H,W) -> (B,O,H,W)."""

    def __init__(self, inputs: int, outputs: int, *, leaky: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.slope = LEAK if leaky else 0.0

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return functional.leaky_relu(self.norm(self.conv(picture)), self.slope)


class DownBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU, then half the size by averaging: (B,I,H,W) -> (B,O,H/2,W/2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        return functional.avg_pool2d(functional.relu(self.norm(self.conv(picture))), 2)


class ResidualVolumeBlock(nn.Module):
    """Twice batch norm, ReLU, 3x3x3 convolution, added to what came in: (B,C,D,H,W) -> the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2 = nn.BatchNorm3d(channels)

    def forward(self, volume: Tensor) -> Tensor:
        """See the class."""
        inner = self.conv1(functional.relu(self.norm1(volume)))
        return volume + self.conv2(functional.relu(self.norm2(inner)))


class VolumeBlock(nn.Module):
    """3x3x3 convolution, batch norm, ReLU. `resize` 0.5 halves height and width after it, 2 doubles them before it."""

    def __init__(self, inputs: int, outputs: int, resize: float) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm3d(outputs)
        self.resize = resize

    def forward(self, volume: Tensor) -> Tensor:
        """(B,I,D,H,W) -> (B,O,D,H x resize,W x resize); depth stays."""
        if self.resize > 1:
            volume = functional.interpolate(volume, scale_factor=(1, self.resize, self.resize), mode="nearest")
        volume = functional.relu(self.norm(self.conv(volume)))
        return functional.avg_pool3d(volume, (1, 2, 2)) if self.resize < 1 else volume

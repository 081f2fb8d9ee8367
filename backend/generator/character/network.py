"""The painter's network: from what is seen at each pixel to colour and coverage."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .settings import PainterConfig

STRIDE: Final[int] = 16
"""Heights and widths must be multiples of this: the coarsest level is a sixteenth."""
_SLOPE: Final[float] = 0.1
_CELL: Final[int] = 4
"""Pixels of a side of the cells that the network works on; each cell's 4 x 4 pixels are written at once."""
_SEEN: Final[float] = 3.0
"""Log odds of coverage where the rasteriser saw something, before anything is learned; the opposite elsewhere."""
_FADE: Final[float] = 0.125
"""Share of a detail's side over which it fades into the picture."""


class Painter(nn.Module):
    """A U-Net on 4 x 4 cells that lights the texture's base colour, and a full-size branch each for mouth and eyes.

    Colour is gain x base colour + what light adds, which leaves fine detail to the texture.
    """

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.config = config
        first, second, third = config.widths
        self.stem = nn.Conv2d(config.features, first, _CELL, _CELL)
        self.fine = nn.Sequential(_block(first, first), _block(first, first))
        self.middle = nn.Sequential(_block(first, second, stride=2), _block(second, second))
        self.coarse = nn.Sequential(_block(second, third, stride=2), _block(third, third), _block(third, third))
        self.to_middle = _block(third + second, second)
        self.to_fine = nn.Sequential(_block(second + first, first), _block(first, first))
        self.head = nn.Conv2d(first, 7 * _CELL**2, 1)
        self.mouth = Detail(config)
        self.eyes = Detail(config)
        with torch.no_grad():
            self.head.weight.mul_(0.1)

    def forward(self, features: Tensor, mouth: Tensor, eyes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B,4,H,W), colour and coverage, and details (B,4,M,M) and (2B,4,E,E), colour and share.

        `features` (B,F,H,W) are the whole pictures', `mouth` (B,F,M,M) and `eyes` (2B,F,E,E) cut out of them, the two
        eyes of a frame one after the other. All are in 0..1, not clipped.
        """
        fine = self.fine(functional.leaky_relu(self.stem(features), _SLOPE))
        middle = self.middle(fine)
        middle = self.to_middle(torch.cat([_doubled(self.coarse(middle)), middle], dim=1))
        fine = self.to_fine(torch.cat([_doubled(middle), fine], dim=1))
        painted = functional.pixel_shuffle(self.head(fine), _CELL)
        colour = (1.0 + painted[:, :3]) * features[:, :3] + painted[:, 3:6]
        seen = features[:, -2:-1]  # coverage at the pixels' middles: what is left to learn is the edges
        whole = torch.cat([colour, torch.sigmoid(painted[:, 6:] + _SEEN * (2 * seen - 1))], dim=1)
        return whole, self.mouth(mouth), self.eyes(eyes)


class Detail(nn.Module):
    """A small place at full resolution: what it looks like, and how far that replaces the whole picture's."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        width = config.detail
        self.layers = nn.Sequential(
            _block(config.features, width),
            _block(width, width, dilation=2),
            _block(width, width, dilation=4),
            _block(width, width),
            nn.Conv2d(width, 7, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B,4,S,S) of features (B,F,S,S): colour, and a share that fades to nothing at the edge."""
        painted = self.layers(features)
        colour = (1.0 + painted[:, :3]) * features[:, :3] + painted[:, 3:6]
        share = torch.sigmoid(painted[:, 6:]) * _window(features)
        return torch.cat([colour, share], dim=1)


def cut(maps: Tensor, corners: Tensor, side: int) -> Tensor:
    """Squares (B*K,C,side,side) of maps (B,C,H,W) at the top left `corners` (B,K,2), x and y."""
    squares = [maps[b, :, y : y + side, x : x + side] for b, places in enumerate(corners.tolist()) for x, y in places]
    return torch.stack(squares)


def paste(whole: Tensor, detail: Tensor, corners: Tensor) -> Tensor:
    """Pictures (B,4,H,W) with details (B*K,4,S,S) mixed in at `corners` (B,K,2) by their shares."""
    pictures, side = whole.clone(), detail.shape[-1]
    pieces = iter(detail)
    for b, places in enumerate(corners.tolist()):
        for x, y in places:
            piece = next(pieces)
            under = pictures[b, :3, y : y + side, x : x + side].clone()
            pictures[b, :3, y : y + side, x : x + side] = torch.lerp(under, piece[:3], piece[3:])
    return pictures


def _block(channels: int, out: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, out, 3, stride, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.LeakyReLU(_SLOPE))


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def _window(features: Tensor) -> Tensor:
    """(1,1,S,S): 1 in the middle, falling to 0 at the edges."""
    side = features.shape[-1]
    place = (torch.arange(side, device=features.device, dtype=features.dtype) + 0.5) / side
    ramp = (torch.minimum(place, 1 - place) / _FADE).clamp(max=1.0)
    return (ramp[:, None] * ramp[None, :])[None, None]

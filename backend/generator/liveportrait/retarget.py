"""S, the small networks that correct keypoints: stitching to the shoulders, opening lips, opening eyes."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .config import RetargetConfig


class LinearStack(nn.Module):
    """Linear layers with a ReLU between every two: (B,first width) -> (B,last width)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, values: Tensor) -> Tensor:
        """See the class."""
        return self.mlp(values)


class Retargeting(nn.Module):
    """The three stacks; each sees the source's keypoints (B,K,3) and gives offsets (B,K,3) of the driven ones."""

    def __init__(self, config: RetargetConfig, keypoints: int) -> None:
        super().__init__()
        flat = 3 * keypoints
        self.stitching = LinearStack((2 * flat, *config.stitching, flat + 2))
        self.lip = LinearStack((flat + 2, *config.lip, flat))
        self.eye = LinearStack((flat + 3, *config.eye, flat))

    def stitch(self, source: Tensor, driven: Tensor) -> Tensor:
        """Driven keypoints (B,K,3) moved so that the neck and shoulders of the source stay where they are."""
        out = self.stitching(torch.cat([source.flatten(1), driven.flatten(1)], dim=1))
        offset, shift = out[:, :-2].reshape(driven.shape), out[:, -2:]
        return torch.cat(
            [driven[..., :2] + offset[..., :2] + shift[:, None], driven[..., 2:] + offset[..., 2:]], dim=-1
        )

    def open_lips(self, source: Tensor, now: Tensor, wanted: Tensor) -> Tensor:
        """Offsets (B,K,3) that open the lips from `now` (B,1) to `wanted` (B,1), height over width of the mouth."""
        return self.lip(torch.cat([source.flatten(1), now, wanted], dim=1)).reshape(source.shape)

    def open_eyes(self, source: Tensor, now: Tensor, wanted: Tensor) -> Tensor:
        """Offsets (B,K,3) that open the eyes from `now` (B,2) to `wanted` (B,1), height over width of an eye."""
        return self.eye(torch.cat([source.flatten(1), now, wanted], dim=1)).reshape(source.shape)

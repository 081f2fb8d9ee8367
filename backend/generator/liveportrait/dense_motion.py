"""From sparse keypoints to a motion of the whole volume: each keypoint moves all of it, a mask says which moves what.

Two habits of the published network are kept, since its weights were trained with them: grids run from -1 to 1 over the
centres of the outermost cells (2 i / (n - 1) - 1), while sampling takes -1 and 1 for the outer edges (align_corners
False); and keypoints have no Jacobian, so each moves the volume as a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import PortraitConfig
from .hourglass import Hourglass

VARIANCE: Final[float] = 0.01
"""Of the blobs that show the network where keypoints are."""
MASK_KERNEL: Final[int] = 7


@dataclass(frozen=True, eq=False)
class DenseMotion:
    """Where each cell of the moved volume comes from (B,D,H,W,3), and how much of it was seen (B,1,H,W), 0..1."""

    flow: Tensor
    visible: Tensor


def cell_grid(depth: int, height: int, width: int, like: Tensor) -> Tensor:
    """Coordinates (D,H,W,3) as x, y, z of every cell, -1..1 from the first to the last."""
    axes = [torch.linspace(-1.0, 1.0, count, device=like.device, dtype=like.dtype) for count in (depth, height, width)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x, y, z], dim=-1)


def heat(points: Tensor, grid: Tensor) -> Tensor:
    """Blobs (B,K,D,H,W) about points (B,K,3): exp(-d^2 / (2 variance))."""
    away = grid - points[:, :, None, None, None, :]
    return torch.exp(-0.5 * away.square().sum(dim=-1) / VARIANCE)


def move_by_keypoints(source: Tensor, driven: Tensor, grid: Tensor) -> Tensor:
    """Where the volume is taken from if it follows each keypoint alone: (B,1 + K,D,H,W,3), the first staying still."""
    apart = (source - driven)[:, :, None, None, None, :]
    still = grid.expand(len(source), 1, *grid.shape)
    return torch.cat([still, grid + apart], dim=1)


class DenseMotionNetwork(nn.Module):
    """Volume (B,C,D,H,W), source and driven keypoints (B,K,3) -> DenseMotion."""

    def __init__(self, config: PortraitConfig) -> None:
        super().__init__()
        warping, motions = config.warping, config.keypoints + 1
        self.hourglass = Hourglass(motions * (warping.compressed + 1), warping)
        channels = warping.stem + motions * (warping.compressed + 1)
        self.mask = nn.Conv3d(channels, motions, MASK_KERNEL, padding=MASK_KERNEL // 2)
        self.compress = nn.Conv3d(config.appearance.volume, warping.compressed, 1)
        self.norm = nn.BatchNorm3d(warping.compressed)
        self.occlusion = nn.Conv2d(channels * config.appearance.depth, 1, MASK_KERNEL, padding=MASK_KERNEL // 2)

    def forward(self, volume: Tensor, source: Tensor, driven: Tensor) -> DenseMotion:
        """See the class."""
        grid = cell_grid(*volume.shape[-3:], like=volume)
        moves = move_by_keypoints(source, driven, grid)
        seen = self.hourglass(self._evidence(volume, source, driven, grid, moves))
        share = torch.softmax(self.mask(seen), dim=1)
        flow = (share[..., None] * moves).sum(dim=1)
        return DenseMotion(flow, torch.sigmoid(self.occlusion(seen.flatten(1, 2))))

    def _evidence(self, volume: Tensor, source: Tensor, driven: Tensor, grid: Tensor, moves: Tensor) -> Tensor:
        """What the hourglass looks at (B,(1 + K)(1 + compressed),D,H,W): of each move, its blob and what it moves."""
        compressed = functional.relu(self.norm(self.compress(volume)))
        batch, count = moves.shape[:2]
        copies = compressed.repeat_interleave(count, dim=0)
        moved = functional.grid_sample(copies, moves.flatten(0, 1), align_corners=False)
        moved = moved.reshape(batch, count, *moved.shape[1:])
        blobs = heat(driven, grid) - heat(source, grid)
        blobs = torch.cat([torch.zeros_like(blobs[:, :1]), blobs], dim=1)
        return torch.cat([blobs[:, :, None], moved], dim=2).flatten(1, 2)

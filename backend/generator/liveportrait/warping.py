"""W, the warping network: the portrait's volume, moved as the keypoints moved, flattened to features of a picture."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .blocks import SameBlock
from .config import PortraitConfig
from .dense_motion import DenseMotionNetwork


class WarpingNetwork(nn.Module):
    """Volume (B,C,D,H,W), source and driven keypoints (B,K,3) -> features (B,features,H,W)."""

    def __init__(self, config: PortraitConfig) -> None:
        super().__init__()
        features = config.warping.features
        self.dense_motion_network = DenseMotionNetwork(config)
        self.third = SameBlock(config.appearance.volume * config.appearance.depth, features, leaky=True)
        self.fourth = nn.Conv2d(features, features, 1)

    def forward(self, volume: Tensor, source: Tensor, driven: Tensor) -> Tensor:
        """See the class."""
        motion = self.dense_motion_network(volume, source, driven)
        moved = functional.grid_sample(volume, motion.flow, align_corners=False)
        return self.fourth(self.third(moved.flatten(1, 2))) * motion.visible

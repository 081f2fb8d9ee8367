"""The five networks together, by the names that their files have."""

from __future__ import annotations

from torch import nn

from .appearance import AppearanceExtractor
from .config import PortraitConfig
from .motion import MotionExtractor
from .retarget import Retargeting
from .spade import SpadeDecoder
from .warping import WarpingNetwork


class PortraitNetworks(nn.Module):
    """F, M, W, G and S. A child's name is the stem of its file; the stacks of S are in one file together."""

    def __init__(self, config: PortraitConfig) -> None:
        super().__init__()
        self.config = config
        self.appearance_feature_extractor = AppearanceExtractor(config.appearance)
        self.motion_extractor = MotionExtractor(config.motion, config.keypoints)
        self.warping_module = WarpingNetwork(config)
        self.spade_generator = SpadeDecoder(config.decoder, config.warping.features)
        self.retargeting = Retargeting(config.retarget, config.keypoints)

    def parts(self) -> dict[str, nn.Module]:
        """Each network whose tensors are listed apart, by name: the four large ones, then the three stacks of S."""
        large = {name: child for name, child in self.named_children() if name != "retargeting"}
        return {**large, **dict(self.retargeting.named_children())}

"""Sizes of the five networks: the published ones, and any other of the same architecture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BINS: Final[int] = 66
"""Classes of each head angle, 3 degrees apart."""


@dataclass(frozen=True)
class AppearanceConfig:
    """F: picture to a feature volume of `volume` channels x `depth` slices at a quarter of the picture's size."""

    stem: int = 64
    widest: int = 512
    halvings: int = 2
    volume: int = 32
    depth: int = 16
    blocks: int = 6


@dataclass(frozen=True)
class MotionConfig:
    """M: a ConvNeXt V2 of `depths` blocks at `widths` channels, one of each for every stage."""

    depths: tuple[int, ...] = (3, 3, 9, 3)
    widths: tuple[int, ...] = (96, 192, 384, 768)


@dataclass(frozen=True)
class WarpingConfig:
    """W: `compressed` channels of the volume are moved about by each keypoint; the hourglass starts at `stem`."""

    compressed: int = 4
    stem: int = 32
    widest: int = 1024
    levels: int = 5
    features: int = 256


@dataclass(frozen=True)
class DecoderConfig:
    """G: `blocks` of `width` channels at the size of the features, then two that double it, then `enlarge` more."""

    width: int = 512
    blocks: int = 6
    modulation: int = 128
    last: int = 64
    enlarge: int = 2


@dataclass(frozen=True)
class RetargetConfig:
    """S: hidden widths of the three stacks of linear layers."""

    stitching: tuple[int, ...] = (128, 128, 64)
    lip: tuple[int, ...] = (128, 128, 64)
    eye: tuple[int, ...] = (256, 256, 128, 128, 64)


@dataclass(frozen=True)
class PortraitConfig:
    """All five. `size` is the square picture that goes in; twice that comes out. 21 keypoints have known meanings."""

    size: int = 256
    keypoints: int = 21
    appearance: AppearanceConfig = field(default_factory=AppearanceConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    warping: WarpingConfig = field(default_factory=WarpingConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    retarget: RetargetConfig = field(default_factory=RetargetConfig)

    @property
    def grid(self) -> int:
        """Width and height of the feature volume."""
        return self.size >> self.appearance.halvings

    @property
    def output(self) -> int:
        """Width and height of the frames."""
        return self.grid * 4 * self.decoder.enlarge


FULL: Final[PortraitConfig] = PortraitConfig()
"""The published size (arXiv 2407.03168; KwaiVGI/LivePortrait 1986663)."""

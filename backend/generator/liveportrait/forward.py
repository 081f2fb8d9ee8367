"""Running the networks: half precision on CUDA, single elsewhere, never with gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from .loader import LoadedPortrait
from .motion import Motion


@contextmanager
def fast() -> Iterator[None]:
    """Without gradients, and on a GPU, which gains by it, in half precision; the weights stay single."""
    with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled=torch.cuda.is_available()):
        yield


@fast()
def appearance(loaded: LoadedPortrait, face: Tensor) -> Tensor:
    """Feature volume (1,C,D,H,W) of a face (1,3,S,S)."""
    return loaded.networks.appearance_feature_extractor(face.to(loaded.device)).float()


def motion(loaded: LoadedPortrait, face: Tensor) -> Motion:
    """Motion of faces (B,3,S,S), in single precision everywhere: it is small, and angles want it."""
    with torch.inference_mode():
        return loaded.networks.motion_extractor(face.to(loaded.device))


def stitched(loaded: LoadedPortrait, source: Tensor, driven: Tensor) -> Tensor:
    """Driven keypoints (B,K,3) stitched to those of the source (1,K,3); as they are where the weights are missing."""
    if not loaded.stitched:
        return driven
    with torch.inference_mode():
        return loaded.networks.retargeting.stitch(source.expand(len(driven), -1, -1), driven)


@fast()
def frames(loaded: LoadedPortrait, volume: Tensor, source: Tensor, driven: Tensor) -> Tensor:
    """Frames (B,3,2S,2S) of 0..1 for a volume and source keypoints of one portrait, driven by keypoints (B,K,3)."""
    count = len(driven)
    features = loaded.networks.warping_module(
        volume.expand(count, -1, -1, -1, -1), source.expand(count, -1, -1), driven
    )
    return loaded.networks.spade_generator(features).float()

"""A small LivePortrait of the published architecture with random weights, and folders of its files in each layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from backend.generator.liveportrait.config import (
    AppearanceConfig,
    DecoderConfig,
    MotionConfig,
    PortraitConfig,
    RetargetConfig,
    WarpingConfig,
)
from backend.generator.liveportrait.crop import crop_about_face, take
from backend.generator.liveportrait.networks import PortraitNetworks
from backend.generator.liveportrait.spectral import SpectralConv2d
from tests.backend.faces import portrait_picture, portrait_points

TINY: Final[PortraitConfig] = PortraitConfig(
    size=64,
    appearance=AppearanceConfig(stem=8, widest=16, volume=8, depth=2, blocks=2),
    motion=MotionConfig(depths=(1, 1, 1, 1), widths=(8, 16, 24, 32)),
    warping=WarpingConfig(compressed=1, stem=4, widest=16, levels=2, features=16),
    decoder=DecoderConfig(width=16, blocks=1, modulation=8, last=8),
    retarget=RetargetConfig((16,), (16,), (16,)),
)
"""64 px in, 128 px out, 21 keypoints: 0.4 M parameters, about 10 ms a frame on one core."""
CONTRAST: Final[float] = 3.0
"""Spread of the masks' logits: each keypoint then moves a place of its own, as in a trained network."""
STACK_NAMES: Final[dict[str, str]] = {
    "retarget_shoulder": "stitching",
    "retarget_mouth": "lip",
    "retarget_eye": "eye",
}


def random_networks(seed: int = 0) -> PortraitNetworks:
    """Random weights, arranged as training would leave them: spectral norm iterated, keypoints apart, masks local."""
    torch.manual_seed(seed)
    networks = PortraitNetworks(TINY).eval()
    with torch.no_grad():
        for module in networks.modules():
            if isinstance(module, SpectralConv2d):
                # Fresh u and v know nothing of the weight: sigma would be near 0 and the output without bound.
                module.iterate(10)
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
                module.running_mean.normal_(0.0, 0.1)  # pyright: ignore[reportOptionalMemberAccess]
                module.running_var.uniform_(0.5, 1.5)  # pyright: ignore[reportOptionalMemberAccess]
        detector = networks.motion_extractor.detector
        detector.fc_kp.bias.copy_(0.25 * torch.linspace(-1.0, 1.0, 63)[torch.randperm(63)])
        detector.fc_scale.bias.fill_(0.9)
        detector.fc_t.weight.mul_(0.1)
        detector.fc_exp.weight.mul_(0.05)
        for stack in networks.retargeting.children():
            stack.mlp[-1].weight.mul_(0.05)
            stack.mlp[-1].bias.mul_(0.05)
        _make_masks_local(networks)
    return networks


def _make_masks_local(networks: PortraitNetworks) -> None:
    """Give every mask the same mean and spread over the cells of a face, so that each wins somewhere."""
    points = portrait_points()
    face = take(portrait_picture(), crop_about_face(points), TINY.size)
    mask = networks.warping_module.dense_motion_network.mask
    seen: list[Tensor] = []
    hook = mask.register_forward_hook(lambda module, inputs, output: seen.append(output))
    keypoints = networks.motion_extractor(face).keypoints()
    networks.warping_module(networks.appearance_feature_extractor(face), keypoints, keypoints)
    hook.remove()
    cells = seen[0][0].flatten(1)
    gain = CONTRAST / cells.std(dim=1)
    mask.weight.mul_(gain[:, None, None, None, None])
    mask.bias.copy_((mask.bias - cells.mean(dim=1)) * gain)  # pyright: ignore[reportOptionalMemberAccess, reportArgumentType]


class TrackedPoints:
    """A LandmarkReader: a lattice of points followed from a frame at rest (one step of Lucas and Kanade, 1981)."""

    def __init__(self, rest: Tensor, lattice: int = 8, window: float = 0.15) -> None:
        size = rest.shape[-1]
        steps = (torch.arange(size) + 0.5) / size * 2.0 - 1.0
        places = torch.linspace(-0.8, 0.8, lattice)
        self.points = tuple(range(lattice**2))
        self._places = torch.cartesian_prod(places, places).flip(-1)
        near = torch.exp(-0.5 * ((steps - self._places[:, :, None]) / window).square())
        self._near = near[:, 1, :, None] * near[:, 0, None, :]
        self._rest = functional.avg_pool2d(rest, 5, 1, 2)
        down, across = torch.gradient(self._rest[0], dim=(1, 2))
        self._slope = torch.stack([across, down]) * size / 2
        tensor = torch.einsum("ichw,jchw,phw->pij", self._slope, self._slope, self._near)
        loose = 1e-3 * tensor.diagonal(dim1=1, dim2=2).mean() * torch.eye(2)
        self._solve = torch.linalg.inv(tensor + loose)

    def read(self, frames: Tensor) -> Tensor:
        """Places (N,P,2) of the points in frames (N,3,S,S)."""
        change = functional.avg_pool2d(frames, 5, 1, 2) - self._rest
        pull = torch.einsum("ichw,bchw,phw->bpi", self._slope, change, self._near)
        return self._places - torch.einsum("pij,bpj->bpi", self._solve, pull)


def write_tree(networks: PortraitNetworks, folder: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """The authors' layout: .pth files in two folders, the small one nested, with prefixes and entries of no use."""
    tensors = _tensors(networks, dtype)
    for name in ("base_models", "retargeting_models"):
        (folder / name).mkdir(parents=True)
    for name in tensors.keys() - STACK_NAMES.values():
        torch.save(tensors[name], folder / "base_models" / f"{name}.pth")
    small: dict[str, Any] = {
        entry: {f"module.{key}": value for key, value in tensors[stack].items()} for entry, stack in STACK_NAMES.items()
    }
    unused = {"epoch": 12, "optimizer": {"state": {0: torch.zeros(3)}}, "retarget_nose": {"module.x": torch.ones(2)}}
    torch.save({**small, **unused}, folder / "retargeting_models" / "stitching_retargeting_module.pth")
    return folder


def write_flat(networks: PortraitNetworks, folder: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """The other layout: five .safetensors side by side."""
    tensors = _tensors(networks, dtype)
    folder.mkdir(parents=True)
    for name in tensors.keys() - STACK_NAMES.values():
        save_file(tensors[name], folder / f"{name}.safetensors")
    small = {
        f"{entry}_module.{key}": value for entry, stack in STACK_NAMES.items() for key, value in tensors[stack].items()
    }
    save_file(small, folder / "stitching_retargeting_module.safetensors")
    return folder


def _tensors(networks: PortraitNetworks, dtype: torch.dtype) -> dict[str, dict[str, Tensor]]:
    return {
        part: {
            name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
            for name, value in network.state_dict().items()
        }
        for part, network in networks.parts().items()
    }

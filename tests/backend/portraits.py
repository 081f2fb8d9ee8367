"""A small LivePortrait of the published architecture with random weights, and folders of its files in each layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from backend.generator.liveportrait.config import (
    AppearanceConfig,
    DecoderConfig,
    MotionConfig,
    PortraitConfig,
    RetargetConfig,
    WarpingConfig,
)
from backend.generator.liveportrait.networks import PortraitNetworks
from backend.generator.liveportrait.spectral import SpectralConv2d

TINY: Final[PortraitConfig] = PortraitConfig(
    size=64,
    appearance=AppearanceConfig(stem=8, widest=16, volume=8, depth=4, blocks=2),
    motion=MotionConfig(depths=(1, 1, 1, 1), widths=(8, 16, 24, 32)),
    warping=WarpingConfig(compressed=2, stem=8, widest=32, levels=2, features=16),
    decoder=DecoderConfig(width=32, blocks=2, modulation=8, last=8),
    retarget=RetargetConfig((16,), (16,), (16,)),
)
"""64 px in, 128 px out, 21 keypoints: 0.9 M parameters, about 30 ms a frame on one core."""
STACK_NAMES: Final[dict[str, str]] = {
    "retarget_shoulder": "stitching",
    "retarget_mouth": "lip",
    "retarget_eye": "eye",
}


def random_networks(seed: int = 0) -> PortraitNetworks:
    """Random weights as training would leave them: spectral norm iterated, keypoints that are apart, local masks."""
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
        detector.fc_kp.bias.copy_(torch.linspace(-0.9, 0.9, 63)[torch.randperm(63)])
        detector.fc_scale.bias.fill_(0.9)
        detector.fc_t.weight.mul_(0.1)
        detector.fc_exp.weight.mul_(0.05)
        networks.warping_module.dense_motion_network.mask.weight.mul_(12.0)
        for stack in networks.retargeting.children():
            stack.mlp[-1].weight.mul_(0.05)
            stack.mlp[-1].bias.mul_(0.05)
    return networks


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

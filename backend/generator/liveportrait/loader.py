"""Networks from the files of a folder: every tensor checked by name and shape, spectral norm folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from addon.core.errors import RequestError

from .checkpoint import read_checkpoint, split_stacks
from .config import FULL, PortraitConfig
from .folder import LARGE, WeightFiles, combined_hash, find_weights
from .networks import PortraitNetworks
from .spectral import fold_spectral_norm


@dataclass(frozen=True, eq=False)
class LoadedPortrait:
    """Networks ready for use on `device`. `stitched`: whether the three small stacks were there."""

    networks: PortraitNetworks
    files: WeightFiles
    hash: str
    stitched: bool
    device: torch.device


def load_portrait(
    folder: Path, device: str | torch.device = "cpu", config: PortraitConfig = FULL, *, fold: bool = True
) -> LoadedPortrait:
    """Read all networks in single precision; `fold` makes spectral norm part of the weights.

    Raises RequestError with what is wrong with which file.
    """
    files = find_weights(folder)
    with torch.device("meta"):
        networks = PortraitNetworks(config)
    parts = networks.parts()
    for stem in LARGE:
        _fill(parts[stem], read_checkpoint(files.large[stem]), stem, files.large[stem], parts)
    if files.small:
        _fill_stacks(parts, files.small)
    else:
        networks.retargeting.to_empty(device="cpu").requires_grad_(False)
    if fold:
        fold_spectral_norm(networks)
    target = torch.device(device)
    networks.to(target).eval().requires_grad_(False)
    return LoadedPortrait(networks, files, combined_hash(files.hashes()), files.small is not None, target)


def _fill_stacks(parts: Mapping[str, nn.Module], path: Path) -> None:
    stacks = split_stacks(read_checkpoint(path))
    for stack in ("stitching", "lip", "eye"):
        if stack not in stacks:
            raise RequestError(
                "liveportrait.mixed", f"The file has no weights of the {stack} network; download it again.", path.name
            )
        _fill(parts[stack], stacks[stack], stack, path, parts)


def _fill(
    network: nn.Module, tensors: Mapping[str, Tensor], name: str, path: Path, parts: Mapping[str, nn.Module]
) -> None:
    """Put tensors into a network that has none yet. What else the file holds is left out."""
    wanted = network.state_dict()
    if wanted.keys() - tensors.keys():
        raise RequestError("liveportrait.mixed", _mixed(tensors, name, parts), path.name)
    chosen = {key: tensors[key] for key in wanted}
    for key, tensor in chosen.items():
        if tensor.shape != wanted[key].shape:
            raise RequestError(
                "liveportrait.shape",
                f"{key} has shape {list(tensor.shape)}, expected {list(wanted[key].shape)}: the file is of another "
                "version of the networks.",
                path.name,
            )
        if not torch.isfinite(tensor).all():
            raise RequestError(
                "liveportrait.finite", f"{key} holds values that are not numbers; download the file again.", path.name
            )
    single = {key: value.float() if value.is_floating_point() else value for key, value in chosen.items()}
    network.load_state_dict(single, assign=True)


def _mixed(tensors: Mapping[str, Tensor], name: str, parts: Mapping[str, nn.Module]) -> str:
    """Whose tensors these are, when they are not those of the network `name`."""
    for other, network in parts.items():
        if other != name and not network.state_dict().keys() - tensors.keys():
            return f"The file holds the weights of {other}, not those of {name}; give each file its own name back."
    missing = sorted(parts[name].state_dict().keys() - tensors.keys())
    return f"The file lacks {len(missing)} tensors of {name}, {missing[0]} among them; download it again."

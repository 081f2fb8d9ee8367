"""What a frame of LivePortrait costs, by network: full size, random weights; prints time and memory.

`python tests/bench/bench_liveportrait.py [--device cpu] [--repeats 2] [--threads 1]`
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from backend.device import device_name
from backend.generator.liveportrait.certify import measure_parts
from backend.generator.liveportrait.config import FULL
from backend.generator.liveportrait.folder import WeightFiles
from backend.generator.liveportrait.loader import LoadedPortrait
from backend.generator.liveportrait.networks import PortraitNetworks
from backend.generator.liveportrait.spectral import SpectralConv2d, fold_spectral_norm


def random_full_size(device: str) -> LoadedPortrait:
    """The published size with random weights; spectral norm iterated, or the numbers would leave their range."""
    networks = PortraitNetworks(FULL).eval().requires_grad_(False)
    for module in networks.modules():
        if isinstance(module, SpectralConv2d):
            module.iterate(3)
    fold_spectral_norm(networks)
    target = torch.device(device)
    return LoadedPortrait(networks.to(target), WeightFiles(Path(), {}, None, None), "", True, target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory of LivePortrait by network.")
    parser.add_argument("--device", default=device_name())
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, help="threads of torch; its own choice unless given")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    sys.stdout.write(f"torch {torch.__version__}, {torch.get_num_threads()} threads, device {options.device}\n")
    loaded = random_full_size(options.device)
    face = torch.rand(1, 3, FULL.size, FULL.size, device=loaded.device)
    costs = measure_parts(loaded, face, repeats=options.repeats)
    for name, cost in costs.items():
        sys.stdout.write(
            f"{name:11s} {cost.wall:9.1f} ms  {cost.processor:9.1f} CPU ms  {cost.memory:6.0f} MiB at most\n"
        )


if __name__ == "__main__":
    main()

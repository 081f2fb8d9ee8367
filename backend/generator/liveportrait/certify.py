"""Does a folder of weights do what it should, and how fast? A portrait drives itself; for the user's own machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from backend.generator.interface import Portrait
from backend.generator.quality import psnr

from . import forward
from .loader import LoadedPortrait
from .source import prepare_portrait

PASSING: Final[float] = 20.0
"""Decibels below which a portrait that drives itself is not recognised: the files do not belong together."""
PARTS: Final[tuple[str, ...]] = ("appearance", "motion", "stitching", "warping", "decoder")
MIB: Final[float] = 2.0**20


@dataclass(frozen=True)
class Cost:
    """Of one call of a network: wall and processor time in milliseconds, and the most memory held during it, MiB.

    Memory is of the GPU, or of the whole process where there is none; 0 where the system does not tell (not Linux).
    """

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Certificate:
    """`hashes` by file, `psnr` of the portrait's crop driven by itself in decibels, `costs` by part, `device`.

    `psnr` is None where there was no portrait to drive.
    """

    hashes: Mapping[str, str]
    psnr: float | None
    costs: Mapping[str, Cost]
    device: str

    @property
    def passed(self) -> bool:
        """Whether the portrait was recognised, or there was none."""
        return self.psnr is None or self.psnr >= PASSING

    @property
    def frame(self) -> float:
        """Milliseconds of wall time of a frame: what is computed anew for each."""
        return sum(self.costs[part].wall for part in ("stitching", "warping", "decoder"))


def certify(loaded: LoadedPortrait, portrait: Portrait | None, *, repeats: int = 3) -> Certificate:
    """Drive a portrait with itself, and measure. Raises RequestError as `prepare_portrait` does."""
    size = loaded.networks.config.size
    face, found = torch.full((1, 3, size, size), 0.5, device=loaded.device), None
    if portrait is not None:
        state = prepare_portrait(loaded, portrait, lambda stage, share: None)
        driven = forward.stitched(loaded, state.keypoints, state.keypoints)
        frame = forward.frames(loaded, state.volume, state.keypoints, driven)
        made = functional.interpolate(frame, size=(size, size), mode="area")
        face, found = state.face, psnr(made.float().cpu().numpy(), state.face.cpu().numpy())
    costs = measure_parts(loaded, face, repeats=repeats)
    return Certificate(loaded.files.hashes(), found, costs, str(loaded.device))


def measure_parts(loaded: LoadedPortrait, face: Tensor, *, repeats: int = 3) -> dict[str, Cost]:
    """The fastest of `repeats` calls of each network, on a face (1,3,S,S)."""
    networks = loaded.networks
    volume = forward.appearance(loaded, face)
    points = forward.motion(loaded, face).keypoints()
    with forward.fast():
        features = networks.warping_module(volume, points, points)
    calls: dict[str, Callable[[], object]] = {
        "appearance": lambda: networks.appearance_feature_extractor(face),
        "motion": lambda: networks.motion_extractor(face),
        "stitching": lambda: forward.stitched(loaded, points, points),
        "warping": lambda: networks.warping_module(volume, points, points),
        "decoder": lambda: networks.spade_generator(features),
    }
    with forward.fast():
        return {name: _cost(calls[name], loaded.device, repeats) for name in PARTS}


def _cost(call: Callable[[], object], device: torch.device, repeats: int) -> Cost:
    on_gpu = device.type == "cuda"
    if on_gpu:
        call()
    _forget_peak(device)
    runs = []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        if on_gpu:
            torch.cuda.synchronize(device)
        runs.append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - processor)))
    return Cost(*min(runs), memory=_peak(device))


def _forget_peak(device: torch.device) -> None:
    """Begin to watch for a new peak of memory; Linux does so for a process by proc_pid_clear_refs(5)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MIB
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next((float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM")), 0.0)
    return 0.0

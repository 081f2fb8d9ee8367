"""Augmentation of a log-mel spectrogram: another vocal tract, and parts that are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

Range = tuple[float, float]

WARPS: Final[int] = 41
"""Factors that a warp is drawn from: hundredths from 0.8 to 1.2."""


@dataclass(frozen=True)
class MaskConfig:
    """What `mel_masks` draws from.

    - `warp`: factor on all frequencies, a vocal tract up to 20 % longer or shorter (vocal tract length perturbation,
      Jaitly and Hinton 2013, used at +-20 %); `warp_chance` how often.
    - `time_masks` masks of at most `time_frames` frames, and `mel_masks` masks of at most `mel_bands` bands
      (SpecAugment, Park et al. 2019). Short in time: what a phone looks like must not be hidden altogether.
    - `low_hz`, `high_hz`: the centres of the first and last band, spaced evenly in mel.
    """

    warp_chance: float = 0.7
    warp: Range = (0.8, 1.2)
    time_masks: int = 2
    time_frames: int = 6
    mel_masks: int = 2
    mel_bands: int = 10
    low_hz: float = 0.0
    high_hz: float = 8000.0


def mel_masks(mel: Tensor, generator: torch.Generator, config: MaskConfig | None = None) -> Tensor:
    """Warped and masked copies of log-mels (B, N, F), each with a warp and masks of its own; the masked is its mean.

    `generator` is on the device of `mel`, as is the result.
    """
    config = config or MaskConfig()
    count, frames, bands = mel.shape
    warped = mel @ _warps(bands, config).to(mel.device, mel.dtype)[_drawn_warps(count, generator, config)]
    hidden = _stretches(count, config.time_masks, frames, config.time_frames, generator)[:, :, None]
    hidden = hidden | _stretches(count, config.mel_masks, bands, config.mel_bands, generator)[:, None, :]
    return torch.where(hidden, warped.mean(dim=(1, 2), keepdim=True), warped)


def warp_matrix(bands: int, factor: float, low_hz: float, high_hz: float) -> np.ndarray:
    """W (F, F) float32 such that log-mel @ W has what was at frequency f at `factor` x f; columns sum to 1.

    Piecewise linear: at most 4800 Hz are warped by the factor (less where that leaves the range), the rest is
    stretched to fit, so that the last band stays the last.
    """
    centres = _hertz(np.linspace(_mel(low_hz), _mel(high_hz), bands))
    knee = min(4800.0, 0.9 * high_hz) * min(1.0, 1.0 / factor)
    source = np.interp(centres, [0.0, factor * knee, high_hz], [0.0, knee, high_hz])
    at = np.clip((_mel(source) - _mel(low_hz)) / (_mel(high_hz) - _mel(low_hz)) * (bands - 1), 0, bands - 1)
    below = np.minimum(at.astype(int), bands - 2)
    matrix = np.zeros((bands, bands), dtype=np.float32)
    columns = np.arange(bands)
    matrix[below, columns] = 1.0 - (at - below)
    matrix[below + 1, columns] += at - below
    return matrix


def _mel(hertz: Any) -> Any:
    """O'Shaughnessy's mel scale, 2595 log10(1 + f / 700)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700.0 * (10 ** (mel / 2595.0) - 1.0)


@lru_cache(maxsize=4)
def _warps(bands: int, config: MaskConfig) -> Tensor:
    """(1 + WARPS, F, F): no warp, then the range of warps in even steps."""
    factors = np.linspace(*config.warp, WARPS)
    matrices = [warp_matrix(bands, float(factor), config.low_hz, config.high_hz) for factor in factors]
    return torch.from_numpy(np.stack([np.eye(bands, dtype=np.float32), *matrices]))


def _drawn_warps(count: int, generator: torch.Generator, config: MaskConfig) -> Tensor:
    """(B,) numbers of warps, 0 where there is none."""
    where = generator.device
    which = torch.randint(1, 1 + WARPS, (count,), generator=generator, device=where)
    return which * (torch.rand(count, generator=generator, device=where) < config.warp_chance)


def _stretches(count: int, masks: int, size: int, longest: int, generator: torch.Generator) -> Tensor:
    """(B, `size`) whether one of so many masks, of 0 to `longest` each, hides a place."""
    where, most = generator.device, min(longest, size)
    length = torch.randint(0, most + 1, (count, masks, 1), generator=generator, device=where)
    room = torch.rand((count, masks, 1), generator=generator, device=where)
    start = (room * (size - length + 1)).long()
    at = torch.arange(size, device=where)
    return ((at >= start) & (at < start + length)).any(dim=1)

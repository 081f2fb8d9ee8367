"""Augmentation of a log-mel spectrogram: another vocal tract, and parts that are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Range = tuple[float, float]


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


def mel_masks(mel: Any, rng: np.random.Generator, config: MaskConfig | None = None) -> Any:
    """A warped and masked copy of a log-mel (..., N, F), numpy array or torch tensor of floats; the same type again.

    Masked parts take the mean of the whole. One warp and the same masks hold for all leading dimensions.
    """
    config = config or MaskConfig()
    frames, bands = int(mel.shape[-2]), int(mel.shape[-1])
    if rng.random() < config.warp_chance:
        warp = warp_matrix(bands, float(rng.uniform(*config.warp)), config.low_hz, config.high_hz)
        mel = mel @ _like(warp, mel)
    hidden = np.zeros((frames, bands), dtype=np.float32)
    for _ in range(config.time_masks):
        start, length = _stretch(frames, config.time_frames, rng)
        hidden[start : start + length] = 1.0
    for _ in range(config.mel_masks):
        start, length = _stretch(bands, config.mel_bands, rng)
        hidden[:, start : start + length] = 1.0
    mask = _like(hidden, mel)
    return mel * (1.0 - mask) + mel.mean() * mask


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


def _stretch(count: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    """Start and length of one mask of 0 to `longest` out of `count`."""
    length = int(rng.integers(0, min(longest, count) + 1))
    return int(rng.integers(0, count - length + 1)), length


def _like(values: np.ndarray, mel: Any) -> Any:
    """`values` as the same kind of array as `mel`, of its precision and on its device."""
    return values.astype(mel.dtype) if isinstance(mel, np.ndarray) else mel.new_tensor(values)

"""Small filters on signals that are sampled evenly in time (time first)."""

from __future__ import annotations

import numpy as np


def gaussian(signal: np.ndarray, sigma: float) -> np.ndarray:
    """`signal` (T, ...) smoothed by a Gaussian of `sigma` samples, its ends held; `sigma` under 0.2 changes nothing."""
    if sigma < 0.2 or len(signal) < 2:
        return signal
    radius = max(1, int(np.ceil(3 * sigma)))
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    flat = signal.reshape(len(signal), -1)
    padded = np.pad(flat, ((radius, radius), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)
    return smooth.reshape(signal.shape)


def minimum_jerk(phase: np.ndarray) -> np.ndarray:
    """The minimum-jerk step 10 p^3 - 15 p^4 + 6 p^5 of Flash & Hogan 1985, `phase` clipped to 0..1."""
    p = np.clip(phase, 0.0, 1.0)
    return p * p * p * (10.0 + p * (6.0 * p - 15.0))


def attack_release(times: np.ndarray, centres: np.ndarray, attack: float, sustain: float, release: float) -> np.ndarray:
    """(T,N) envelopes in 0..1: rise over `attack`, stay `sustain` around each centre, fall over `release` (s)."""
    from_centre = times[:, None] - np.asarray(centres)[None, :]
    rise = minimum_jerk((from_centre + sustain / 2 + attack) / attack)
    fall = minimum_jerk((from_centre - sustain / 2) / release)
    return rise * (1.0 - fall)

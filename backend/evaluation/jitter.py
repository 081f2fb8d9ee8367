"""Jitter: motion faster than a face makes it. Amplitude above 8 Hz, and the mean jerk."""

from __future__ import annotations

from typing import Final

import numpy as np

CUTOFF: Final[float] = 8.0
"""Hz. The fastest head movements lie below 7 Hz (Hadar 1983), syllables below 8; lips that snap shut reach above it, so
the lips' figure is read beside the reference's own."""


def amplitude_above(curves: np.ndarray, fps: float, cutoff: float = CUTOFF) -> float:
    """Root mean square of curves (T,D) above `cutoff` Hz, mean over D, in the curves' unit.

    By the energy of the Fourier coefficients (Parseval) of the curve less the line through its ends, which spares the
    spectrum the step from the last to the first frame. 0 when fps allows nothing above the cutoff.
    """
    values = _columns(curves)
    count = len(values)
    if count < 3:
        return 0.0
    ramp = np.linspace(0.0, 1.0, count)[:, None]
    level = values - (values[:1] * (1.0 - ramp) + values[-1:] * ramp)
    power = np.abs(np.fft.rfft(level, axis=0)) ** 2
    frequency = np.fft.rfftfreq(count, 1.0 / fps)
    twice = np.where((frequency > 0) & (frequency < 0.5 * fps), 2.0, 1.0)
    energy = (power * twice[:, None])[frequency > cutoff].sum(axis=0) / count**2
    return float(np.sqrt(energy).mean())


def mean_jerk(curves: np.ndarray, fps: float) -> float:
    """Mean over frames and columns of |third difference| fps^3 of curves (T,D), in units per second cubed."""
    values = _columns(curves)
    if len(values) < 4:
        return 0.0
    return float(np.abs(np.diff(values, n=3, axis=0)).mean() * fps**3)


def _columns(curves: np.ndarray) -> np.ndarray:
    return np.asarray(curves, dtype=np.float64).reshape(len(curves), -1)

"""Pitch: fundamental frequency of a voice, all frames at once.

YIN (de Cheveigne & Kawahara 2002, "YIN, a fundamental frequency estimator for speech and music", JASA 111, steps 2 to
5) on sound decimated to 4 kHz, then one pass that settles octaves by the pitch of the neighbourhood. It is our own
because no kept library keeps the pace of the rules engine with librosa's import left out (`tests/bench/bench_audio.py`
prints the ratios); `tests/backend/test_prosody.py` holds it against librosa's pYIN on real speech.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.fft
import soxr
from numpy.lib.stride_tricks import sliding_window_view

from .sound import SAMPLE_RATE

PITCH_RATE: Final[int] = 4_000
"""Samples per second of the analysis: holds four harmonics of a 500 Hz voice, which is all that YIN needs."""
F0_MIN: Final[float] = 60.0
F0_MAX: Final[float] = 520.0
"""Hz; from a creaky low male voice to an excited child."""
APERIODIC: Final[float] = 0.25
"""Largest normalized difference of a voiced frame. YIN proposes 0.1 for picking a dip; voicing wants more, because
speech in rooms is less periodic than that."""
DIP: Final[float] = 0.15
"""The shortest lag whose normalized difference falls below this wins (YIN step 4)."""
NEIGHBOURS: Final[int] = 25
"""Frames in the running median that settles octaves: 0.5 s at 50 frames a second."""
OCTAVE_COST: Final[float] = 0.2
"""Normalized difference that one octave away from the neighbourhood costs."""
BLOCK: Final[int] = 512
"""Frames taken at once, so that the work of a long line stays in the cache."""

_WINDOW: Final[int] = 132
"""Integration window in samples, 33 ms: two periods at `F0_MIN`."""
_LAG_MIN: Final[int] = int(PITCH_RATE // F0_MAX)
_LAG_MAX: Final[int] = int(np.ceil(PITCH_RATE / F0_MIN)) + 1
_FFT: Final[int] = 256
assert _WINDOW + _LAG_MAX <= _FFT, "the correlation must not wrap around"


def estimate_f0(samples: np.ndarray, frame_rate: int, frames: int) -> np.ndarray:
    """F0 in Hz (frames,) float32 of 16 kHz samples, 0 where unvoiced; frame n is centred on n / frame_rate seconds."""
    low = soxr.resample(samples, SAMPLE_RATE, PITCH_RATE, quality="LQ").astype(np.float32, copy=False)
    hop = PITCH_RATE // frame_rate
    span = _WINDOW + _LAG_MAX
    needed = (frames - 1) * hop + span
    padded = np.zeros(max(needed, len(low) + span // 2), dtype=np.float32)
    padded[span // 2 : span // 2 + len(low)] = low
    segments = sliding_window_view(padded, span)[::hop][:frames]
    blocks = [_differences(segments[at : at + BLOCK]) for at in range(0, frames, BLOCK)]
    difference, normalized = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    lags = _settle_octaves(normalized, _first_dips(normalized))
    depth = normalized[np.arange(frames), lags]
    voiced = depth < APERIODIC
    return np.where(voiced, PITCH_RATE / _between_samples(difference, lags), 0.0).astype(np.float32)


def _differences(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """YIN's difference d and its cumulative mean normalized form d' (N, lags 0.._LAG_MAX) of (N, window + lags).

    d(tau) = sum_j (x[j] - x[j + tau])^2 over the window, by FFT; d'(tau) = d(tau) tau / sum_{k<=tau} d(k).
    """
    spectrum = np.asarray(scipy.fft.rfft(segments, _FFT, axis=1))
    head = np.asarray(scipy.fft.rfft(segments[:, :_WINDOW], _FFT, axis=1))
    product = np.conjugate(head, out=head)
    product *= spectrum
    correlation = np.asarray(scipy.fft.irfft(product, _FFT, axis=1))[:, : _LAG_MAX + 1]
    total = np.zeros((len(segments), segments.shape[1] + 1), dtype=np.float32)
    np.cumsum(segments**2, axis=1, out=total[:, 1:])
    energy = total[:, _WINDOW:] - total[:, :-_WINDOW]
    difference = np.maximum(energy[:, :1] + energy - 2.0 * correlation, 0.0)
    running = np.cumsum(difference, axis=1)
    silence = 1e-7 * _WINDOW  # -70 dB re full scale: its periodicity says nothing
    normalized = difference * np.arange(_LAG_MAX + 1, dtype=np.float32) / np.maximum(running, 1e-12)
    normalized[:, 0] = 1.0
    normalized[energy[:, 0] < silence] = 1.0
    return difference, normalized


def _first_dips(difference: np.ndarray) -> np.ndarray:
    """(N,) lag of the first local minimum below `DIP`, else of the lowest one."""
    inner = difference[:, _LAG_MIN:_LAG_MAX]
    minimum = (inner <= difference[:, _LAG_MIN - 1 : _LAG_MAX - 1]) & (inner <= difference[:, _LAG_MIN + 1 :])
    deep = minimum & (inner < DIP)
    first = np.argmax(deep, axis=1)
    lowest = np.argmin(inner, axis=1)
    return _LAG_MIN + np.where(deep.any(axis=1), first, lowest)


def _settle_octaves(normalized: np.ndarray, dips: np.ndarray) -> np.ndarray:
    """Lags (N,) in samples: the lowest of d'(tau) + cost x octaves from the running median of clearly voiced frames."""
    rows = np.arange(len(dips))
    clear = normalized[rows, dips] < DIP
    if not clear.any():
        return dips
    log_lag = np.log2(dips[clear].astype(np.float32))
    half = min(NEIGHBOURS // 2, (len(log_lag) - 1) // 2)
    local = np.median(sliding_window_view(np.pad(log_lag, half, mode="edge"), 2 * half + 1), axis=1)
    reference = np.interp(rows, rows[clear], local).astype(np.float32)
    octaves = np.abs(np.log2(np.arange(_LAG_MIN, _LAG_MAX, dtype=np.float32))[None] - reference[:, None])
    return _LAG_MIN + np.argmin(normalized[:, _LAG_MIN:_LAG_MAX] + OCTAVE_COST * octaves, axis=1)


def _between_samples(difference: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Lags (N,) at the bottom of the parabola through the difference and its two neighbours (YIN step 5)."""
    rows = np.arange(len(lags))
    before, at, after = (difference[rows, lags + k] for k in (-1, 0, 1))
    bend = before - 2.0 * at + after
    shift = np.where(bend > 1e-12, 0.5 * (before - after) / np.maximum(bend, 1e-12), 0.0)
    return lags + np.clip(shift, -0.5, 0.5)

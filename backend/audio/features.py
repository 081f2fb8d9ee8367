"""Features that networks read: the log-mel spectrogram, defined in this one place."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import scipy.fft
import scipy.signal
from numpy.lib.stride_tricks import sliding_window_view

from .sound import SAMPLE_RATE, Sound

MEL_BANDS: Final[int] = 80
MEL_RATE: Final[int] = 100
"""Frames per second; frame n is centred on n / 100 seconds."""
MEL_WINDOW: Final[int] = 400
"""Samples of the Hann window: 25 ms, the customary one of speech recognition; the FFT has 512 points."""
FFT: Final[int] = 512
BLOCK: Final[int] = 512
"""Frames taken at once, so that the work of a long line stays in the cache."""
MEL_LOWEST: Final[float] = 20.0
MEL_HIGHEST: Final[float] = 7_600.0
"""Hz; below the slope of the anti-aliasing filter at 8 kHz."""
MEL_FLOOR: Final[float] = 1e-8
"""Power added as floor before the logarithm; digital silence is log(1e-8) = -18.4 everywhere."""


def log_mel(sound: Sound) -> np.ndarray:
    """Log-mel power (N, 80) float32, natural logarithm, N = floor(duration x 100) + 1 frames.

    Slaney mel scale and area normalization, as librosa has them by default; frames are centred and the edges padded
    with zeros.
    """
    half = MEL_WINDOW // 2
    frames = len(sound.samples) * MEL_RATE // SAMPLE_RATE + 1
    return log_mel_frames(np.pad(sound.samples, half), frames)


def log_mel_frames(samples: np.ndarray, frames: int) -> np.ndarray:
    """Log-mel power (frames, 80) float32 of windows that start at each 10 ms of `samples`, which must hold them all.

    All the same whether a sound comes whole or in pieces. The transform is scipy's; librosa, whose filter bank this is,
    is imported on first use: it takes a second, and the rules engine does without.
    """
    windows = sliding_window_view(np.asarray(samples, dtype=np.float32), MEL_WINDOW)[:: SAMPLE_RATE // MEL_RATE][
        :frames
    ]
    mel = np.empty((frames, MEL_BANDS), dtype=np.float32)
    bank, window = _mel_bank(), _window()
    for at in range(0, frames, BLOCK):
        spectrum = np.asarray(scipy.fft.rfft(windows[at : at + BLOCK] * window, FFT, axis=1))
        power = spectrum.real**2 + spectrum.imag**2
        np.matmul(power, bank, out=mel[at : at + BLOCK])
    return np.log(np.maximum(mel, MEL_FLOOR, out=mel), out=mel)


@cache
def _mel_bank() -> np.ndarray:
    """(257, 80) float32."""
    import librosa

    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT, n_mels=MEL_BANDS, fmin=MEL_LOWEST, fmax=MEL_HIGHEST)
    return np.ascontiguousarray(bank.T, dtype=np.float32)


@cache
def _window() -> np.ndarray:
    """(400,) float32: the periodic Hann window."""
    return scipy.signal.get_window("hann", MEL_WINDOW).astype(np.float32)

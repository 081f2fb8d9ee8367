"""Features that networks read: the log-mel spectrogram, defined in this one place."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import scipy.fft

from .sound import SAMPLE_RATE, Sound

MEL_BANDS: Final[int] = 80
MEL_RATE: Final[int] = 100
"""Frames per second; frame n is centred on n / 100 seconds."""
MEL_WINDOW: Final[int] = 400
"""Samples of the Hann window: 25 ms, the customary one of speech recognition; the FFT has 512 points."""
FFT: Final[int] = 512
BLOCK: Final[int] = 128
"""Frames taken at once, so that the work of a long line stays in the cache."""
MEL_LOWEST: Final[float] = 20.0
MEL_HIGHEST: Final[float] = 7_600.0
"""Hz; below the slope of the anti-aliasing filter at 8 kHz."""
KNEE_HZ: Final[float] = 1000.0
LINEAR_HZ: Final[float] = 200.0 / 3.0
LOG_STEPS: Final[float] = 27.0 / np.log(6.4)
"""Slaney's mel scale."""
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

    The same whether a sound comes whole or in pieces.
    """
    windows = _windows(np.ascontiguousarray(samples, dtype=np.float32), frames)
    mel = np.empty((frames, MEL_BANDS), dtype=np.float32)
    bank, window = _mel_bank(), _window()
    padded = np.zeros((min(frames, BLOCK), FFT), dtype=np.float32)  # scipy's own padding takes as long again
    for at in range(0, frames, BLOCK):
        block = padded[: min(BLOCK, frames - at)]
        np.multiply(windows[at : at + BLOCK], window, out=block[:, :MEL_WINDOW])
        spectrum = np.asarray(scipy.fft.rfft(block, axis=1))
        power = spectrum.real**2 + spectrum.imag**2
        np.matmul(power, bank, out=mel[at : at + BLOCK])
    return np.log(np.maximum(mel, MEL_FLOOR, out=mel), out=mel)


def _windows(samples: np.ndarray, frames: int) -> np.ndarray:
    """(frames, 400): the windows, as a view. `sliding_window_view` would take as long as all else for a live frame.

    Raises TypeError where the samples end before the last window.
    """
    hop = SAMPLE_RATE // MEL_RATE * samples.itemsize
    return np.ndarray((frames, MEL_WINDOW), samples.dtype, samples, strides=(hop, samples.itemsize))


@cache
def _mel_bank() -> np.ndarray:
    """(257, 80) float32: triangles between neighbouring points of Slaney's mel scale, each of area 1.

    As `librosa.filters.mel` makes them; written out because librosa takes a second and 150 MB to import, and tested
    against it.
    """
    points = _hertz_of_mel(np.linspace(_mel_of_hertz(MEL_LOWEST), _mel_of_hertz(MEL_HIGHEST), MEL_BANDS + 2))
    bins = np.arange(FFT // 2 + 1)[:, None] * SAMPLE_RATE / FFT
    rising = (bins - points[:-2]) / np.diff(points)[:-1]
    falling = (points[2:] - bins) / np.diff(points)[1:]
    triangles = np.maximum(np.minimum(rising, falling), 0.0)
    return np.ascontiguousarray(triangles * 2.0 / (points[2:] - points[:-2]), dtype=np.float32)


def _mel_of_hertz(hertz: float) -> float:
    """Slaney's scale (Auditory Toolbox 1998): linear, 200/3 Hz a mel, to 1000 Hz, then logarithmic."""
    if hertz < KNEE_HZ:
        return hertz / LINEAR_HZ
    return KNEE_HZ / LINEAR_HZ + np.log(hertz / KNEE_HZ) * LOG_STEPS


def _hertz_of_mel(mel: np.ndarray) -> np.ndarray:
    """The inverse of `_mel_of_hertz`."""
    knee = KNEE_HZ / LINEAR_HZ
    return np.where(mel < knee, mel * LINEAR_HZ, KNEE_HZ * np.exp((np.maximum(mel, knee) - knee) / LOG_STEPS))


@cache
def _window() -> np.ndarray:
    """(400,) float32: the periodic Hann window; scipy's own would load sixty megabytes of scipy with it."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(MEL_WINDOW) / MEL_WINDOW)).astype(np.float32)

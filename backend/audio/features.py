"""Features that networks read: the log-mel spectrogram, defined in this one place."""

from __future__ import annotations

from typing import Final

import numpy as np

from .sound import SAMPLE_RATE, Sound

MEL_BANDS: Final[int] = 80
MEL_RATE: Final[int] = 100
"""Frames per second; frame n is centred on n / 100 seconds."""
MEL_WINDOW: Final[int] = 400
"""Samples of the Hann window: 25 ms, the customary one of speech recognition; the FFT has 512 points."""
MEL_LOWEST: Final[float] = 20.0
MEL_HIGHEST: Final[float] = 7_600.0
"""Hz; below the slope of the anti-aliasing filter at 8 kHz."""
MEL_FLOOR: Final[float] = 1e-8
"""Power added as floor before the logarithm; digital silence is log(1e-8) = -18.4 everywhere."""


def log_mel(sound: Sound) -> np.ndarray:
    """Log-mel power (N, 80) float32, natural logarithm, N = floor(duration x 100) + 1 frames.

    Slaney mel scale and area normalization, as librosa has them by default; frames are centred and the edges padded
    with zeros. librosa is imported on first use: it takes a second, and the rules engine does without.
    """
    import librosa

    power = librosa.feature.melspectrogram(
        y=sound.samples,
        sr=SAMPLE_RATE,
        n_fft=512,
        win_length=MEL_WINDOW,
        hop_length=SAMPLE_RATE // MEL_RATE,
        window="hann",
        center=True,
        pad_mode="constant",
        power=2.0,
        n_mels=MEL_BANDS,
        fmin=MEL_LOWEST,
        fmax=MEL_HIGHEST,
    )
    return np.ascontiguousarray(np.log(np.maximum(power, MEL_FLOOR)).T, dtype=np.float32)

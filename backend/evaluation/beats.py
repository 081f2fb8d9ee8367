"""Beat Align: whether the head's turning points fall on the beats of the voice, told beside its chance level.

BA = mean over audio beats b of exp(-min_m (b - m)^2 / (2 sigma^2)), sigma 0.1 s, over motion beats m: local minima of
the smoothed speed of the head (sigma 5 frames at 25 fps). Twitchy heads score high by chance alone (random beats at
three a second reach about 0.5), so the mean score of the same motion beats, shifted round the clip by random amounts,
is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from addon.core.performance import Performance
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.face.basis import load_basis
from backend.face.landmarks import RIGID
from backend.face.normalize import relocate

SIGMA: Final[float] = 0.1
SPEED_SMOOTHING: Final[float] = 5.0 / 25.0
"""Seconds of the Gaussian's sigma over the head's speed."""
LOUDNESS_SMOOTHING: Final[float] = 0.04
LEAST_RISE_DB: Final[float] = 3.0
LEAST_SPACING: Final[float] = 0.15
"""Seconds between audio beats: the shortest syllable."""
SHUFFLES: Final[int] = 200


@dataclass(frozen=True)
class BeatAlign:
    """`score` 0..1 and `chance`, the mean score of the same motion beats shifted at random; nan without beats."""

    score: float
    chance: float

    @property
    def above_chance(self) -> float:
        """What is left of the score."""
        return self.score - self.chance


def beat_align(audio: np.ndarray, motion: np.ndarray, duration: float, seed: int = 0) -> BeatAlign:
    """Score and chance level of beats in seconds, (A,) and (M,), within a clip of `duration` seconds."""
    if len(audio) == 0 or len(motion) == 0:
        return BeatAlign(float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    shifted = [_score(audio, (motion + shift) % duration) for shift in random.uniform(0.0, duration, SHUFFLES)]
    return BeatAlign(_score(audio, motion), float(np.mean(shifted)))


def audio_beats(prosody: Prosody) -> np.ndarray:
    """(A,) seconds: peaks of the smoothed loudness within speech that stand out by 3 dB: syllable nuclei, about."""
    loudness = gaussian_filter1d(prosody.loudness_db.astype(np.float64), LOUDNESS_SMOOTHING * PROSODY_RATE)
    spacing = max(1, round(LEAST_SPACING * PROSODY_RATE))
    peaks = find_peaks(loudness, prominence=LEAST_RISE_DB, distance=spacing)[0]
    return peaks[prosody.speech[peaks]] / PROSODY_RATE


def motion_beats(performance: Performance) -> np.ndarray:
    """(M,) seconds: local minima of the smoothed mean speed of the rigid face points under the head's motion."""
    neutral = np.repeat(load_basis().neutral[None], performance.frame_count, axis=0)
    points = relocate(neutral, performance.head, 1.0, load_basis())[:, list(RIGID)]
    if len(points) < 3:
        return np.zeros(0)
    speed = np.linalg.norm(np.gradient(points.astype(np.float64), axis=0), axis=-1).mean(axis=1)
    return find_peaks(-gaussian_filter1d(speed, SPEED_SMOOTHING * performance.fps))[0] / performance.fps


def _score(audio: np.ndarray, motion: np.ndarray) -> float:
    nearest = np.abs(audio[:, None] - motion[None]).min(axis=1)
    return float(np.exp(-(nearest**2) / (2.0 * SIGMA**2)).mean())

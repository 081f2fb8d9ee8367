"""Prosody: loudness, pitch and voice activity of a line, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .pitch import estimate_f0
from .sound import SAMPLE_RATE, Sound
from .voice import voice_activity

PROSODY_RATE: Final[int] = 50
"""Frames per second; frame n is centred on n / 50 seconds."""
QUIETEST_DB: Final[float] = -100.0
"""Loudness of digital silence."""

_HALF_HOP: Final[int] = SAMPLE_RATE // PROSODY_RATE // 2


@dataclass(frozen=True, eq=False)
class Prosody:
    """`loudness_db` (N,) dB re full scale; `f0_hz` (N,) Hz, 0 where unvoiced; `speech` (N,) bool voice activity."""

    loudness_db: np.ndarray
    f0_hz: np.ndarray
    speech: np.ndarray


def analyse_prosody(sound: Sound) -> Prosody:
    """Loudness, F0 and voice activity of a sound, N = floor(duration x 50) + 1 frames; frame n at n / 50 seconds."""
    frames = len(sound.samples) // (2 * _HALF_HOP) + 1
    loudness = loudness_db(sound.samples, frames)
    f0 = estimate_f0(sound.samples, PROSODY_RATE, frames)
    speech = voice_activity(sound.samples, loudness, f0)
    return Prosody(loudness_db=loudness, f0_hz=np.where(speech, f0, np.float32(0.0)), speech=speech)


def loudness_db(samples: np.ndarray, frames: int) -> np.ndarray:
    """(frames,) float32: root mean square of the 40 ms around n / 50 s in dB re full scale, at least -100."""
    padded = np.zeros((2 * frames + 2) * _HALF_HOP, dtype=np.float32)
    count = min(len(samples), len(padded) - 2 * _HALF_HOP)
    padded[2 * _HALF_HOP : 2 * _HALF_HOP + count] = samples[:count]
    blocks = padded.reshape(-1, _HALF_HOP)
    power = np.einsum("ij,ij->i", blocks, blocks)  # of 10 ms each; a frame holds four of them
    pairs = power[0::2] + power[1::2]
    mean = (pairs[:-1] + pairs[1:])[:frames] / (4 * _HALF_HOP)
    return np.maximum(10.0 * np.log10(np.maximum(mean, 1e-12)), QUIETEST_DB).astype(np.float32)

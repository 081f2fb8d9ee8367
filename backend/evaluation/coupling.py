"""How much the head goes with the voice: first canonical correlation of head angles with pitch and loudness.

Busso et al. 2007 find about 0.7 per sentence, in every emotion. Short, slow signals correlate by chance alone, so the
same figure with the voice shifted round the clip is told beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from addon.core.performance import Performance
from backend.audio.prosody import PROSODY_RATE, Prosody

from .statistics import canonical_correlation, head_degrees

SMOOTHING: Final[float] = 0.1
"""Seconds of the Gaussian over pitch and loudness: syllables stay, single periods go."""
RANGE_DB: Final[float] = 40.0
SHIFTS: Final[int] = 20


@dataclass(frozen=True)
class Coupling:
    """First canonical correlation `r`, and `chance`: its mean over shifts of the voice against the head."""

    r: float
    chance: float


def head_and_voice(performance: Performance, prosody: Prosody) -> Coupling:
    """Head pitch, yaw, roll (T,3) against pitch and loudness (T,2) on the performance's frames."""
    head, voice = head_degrees(performance), voice_signals(prosody, performance.times)
    # From a quarter to three quarters of the clip: nearer shifts still overlap with the truth.
    shifts = np.linspace(0.25, 0.75, SHIFTS) * len(voice)
    chance = [canonical_correlation(head, np.roll(voice, round(shift), axis=0)) for shift in shifts]
    return Coupling(canonical_correlation(head, voice), float(np.mean(chance)))


def voice_signals(prosody: Prosody, times: np.ndarray) -> np.ndarray:
    """(T,2) at `times`: semitones about the median pitch, bridged where unvoiced; dB, cut 40 below the loudest."""
    at = np.arange(len(prosody.loudness_db)) / PROSODY_RATE
    voiced = np.flatnonzero(prosody.f0_hz > 0)
    semitones = np.zeros(len(at))
    if len(voiced):
        heard = 12.0 * np.log2(prosody.f0_hz[voiced] / np.median(prosody.f0_hz[voiced]))
        semitones = np.interp(np.arange(len(at)), voiced, heard)
    loudness = np.maximum(prosody.loudness_db, prosody.loudness_db.max() - RANGE_DB).astype(np.float64)
    smoothed = [gaussian_filter1d(signal, SMOOTHING * PROSODY_RATE) for signal in (semitones, loudness)]
    return np.stack([np.interp(times, at, signal) for signal in smoothed], axis=1)

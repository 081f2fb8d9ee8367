"""Voice activity: where somebody speaks.

WebRTC's detector decides each 20 ms; a loudness gate keeps it off silence and steady noise; short gaps are closed and
short bursts dropped, because a mouth neither rests nor opens for less than a phone's length.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import webrtcvad

from .sound import SAMPLE_RATE

AGGRESSIVENESS: Final[int] = 2
"""WebRTC's 0..3; 3 drops quiet word endings, 1 keeps breaths."""
TARGET_DB: Final[float] = -20.0
"""Level to which the louder frames are brought first: the detector knows absolute levels, recordings differ."""
MAX_GAIN_DB: Final[float] = 40.0
FLOOR_DB: Final[float] = -65.0
"""Below this nothing is speech, whatever the detector says."""
ABOVE_NOISE_DB: Final[float] = 3.0
"""Speech stands out of the quietest tenth of the line by this at least."""
LONGEST_GAP: Final[int] = 7
"""Frames of 20 ms: a gap up to 140 ms (the closure of a long plosive) is not a pause."""
SHORTEST_BURST: Final[int] = 3
STEADY_DB: Final[float] = 6.0
"""Loudness range (10 % to 95 %) below which a line without pitch is noise: speech varies by more, a held vowel has
pitch, a whisper comes in syllables."""
VOICED_SHARE: Final[float] = 0.1


def voice_activity(samples: np.ndarray, loudness_db: np.ndarray, f0_hz: np.ndarray) -> np.ndarray:
    """(N,) bool at 50 frames a second from 16 kHz samples, their loudness (N,) dB re full scale and their pitch."""
    quiet, loud = np.percentile(loudness_db, (10, 95))
    if loud - quiet < STEADY_DB and np.mean(f0_hz > 0) < VOICED_SHARE:
        return np.zeros(len(loudness_db), dtype=bool)
    active = _detect(samples, loudness_db) & (loudness_db > _gate(loudness_db))
    active = _fill(active, LONGEST_GAP)
    return ~_fill(~active, SHORTEST_BURST - 1)


def _gate(loudness_db: np.ndarray) -> float:
    """Decibels that speech must exceed; a line without pauses has no quiet tenth, so the gate stays 20 dB below top."""
    quiet, loud = np.percentile(loudness_db, (10, 95))
    return float(max(FLOOR_DB, min(quiet + ABOVE_NOISE_DB, loud - 20.0)))


def _detect(samples: np.ndarray, loudness_db: np.ndarray) -> np.ndarray:
    """The detector's word (N,) bool for 20 ms centred on each frame."""
    frames = len(loudness_db)
    hop = SAMPLE_RATE // 50
    gain = 10.0 ** (min(TARGET_DB - float(np.percentile(loudness_db, 95)), MAX_GAIN_DB) / 20.0)
    padded = np.zeros(frames * hop, dtype=np.float32)
    count = min(len(samples), len(padded) - hop // 2)
    np.multiply(samples[:count], gain * 32767.0, out=padded[hop // 2 : hop // 2 + count])
    pcm = np.clip(padded, -32768.0, 32767.0).astype("<i2").tobytes()
    detector = webrtcvad.Vad(AGGRESSIVENESS)
    step = 2 * hop
    decide = detector.is_speech
    return np.array([decide(pcm[at : at + step], SAMPLE_RATE) for at in range(0, frames * step, step)], dtype=bool)


def _fill(active: np.ndarray, longest: int) -> np.ndarray:
    """`active` with gaps of at most `longest` frames between active frames closed; the edges are left alone."""
    filled = active.copy()
    on = np.flatnonzero(active)
    gaps = np.diff(on)
    for at in np.flatnonzero((gaps > 1) & (gaps <= longest + 1)):
        filled[on[at] : on[at + 1]] = True
    return filled

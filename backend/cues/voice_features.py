"""What a stretch of speech sounds like as one row of numbers: statistics of its frames.

The families are those that the literature on emotion in speech agrees on: pitch, loudness, timing, spectral balance and
voice quality (Scherer 2003, "Vocal communication of emotion", Speech Communication 40, table 2). What depends on the
length of a line or on its pauses is left out, because lines differ in it for other reasons than emotion.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from backend.audio.prosody import PROSODY_RATE

from .voice_frames import VoiceFrames

LEAST_SPEECH: Final[int] = 20
"""Frames of speech, 0.4 s, below which a stretch says nothing about how it is spoken."""
LEAST_VOICED: Final[int] = 8
MODULATION_BANDS: Final[tuple[float, ...]] = (0.7, 2.5, 5.0, 9.0, 20.0)
"""Hz of the loudness contour: phrases and stress, slow and quick syllables, phones."""
_LEVEL: Final[float] = 75.0
_DEEPEST_DB: Final[float] = -30.0
_SYLLABLE_DB: Final[float] = -18.0
"""A bump of loudness that is softer than this is no syllable."""


def voice_features(frames: VoiceFrames) -> np.ndarray | None:
    """One row (F,) float64, named by `FEATURES`, or None where too little is spoken."""
    if np.count_nonzero(frames.speech) < LEAST_SPEECH or np.count_nonzero(frames.voiced) < LEAST_VOICED:
        return None
    values = {
        **_loudness(frames),
        **_timing(frames),
        **_pitch(frames),
        **_balance(frames),
        **_cepstrum(frames),
        **_quality(frames),
    }
    return np.array([values[name] for name in FEATURES])


def _loudness(frames: VoiceFrames) -> Mapping[str, float]:
    """Spread and steps of loudness, dB re the level of this stretch."""
    spoken = frames.loudness[frames.speech]
    level, low, middle, top = np.percentile(spoken, (_LEVEL, 10, 50, 97))
    steps = np.diff(frames.loudness)[frames.speech[1:] & frames.speech[:-1]]
    fall, rise = np.percentile(steps, (5, 95)) if len(steps) else (0.0, 0.0)
    return {
        "loudness_low": low - level,
        "loudness_middle": middle - level,
        "loudness_top": top - level,
        "loudness_spread": spoken.std(),
        "loudness_step": np.abs(steps).mean() if len(steps) else 0.0,
        "loudness_rise": rise,
        "loudness_fall": fall,
    }


def _timing(frames: VoiceFrames) -> Mapping[str, float]:
    """Rates per second of speech, the voiced share, and how quickly loudness changes."""
    spoken = np.count_nonzero(frames.speech)
    seconds = spoken / PROSODY_RATE
    runs = _runs(frames.voiced)
    kernel = np.hanning(7) / np.hanning(7).sum()
    smooth = np.convolve(frames.loudness, kernel, "same")
    inner = smooth[1:-1]
    peaks = (inner > smooth[:-2]) & (inner >= smooth[2:]) & (inner > _SYLLABLE_DB) & frames.speech[1:-1]
    return {
        "voiced_share": np.count_nonzero(frames.voiced) / spoken,
        "voiced_rate": len(runs) / seconds,
        "voiced_length": np.log(runs.mean() / PROSODY_RATE + 0.02),
        "syllable_rate": np.count_nonzero(peaks) / seconds,
        **_modulation(frames),
    }


def _modulation(frames: VoiceFrames) -> Mapping[str, float]:
    """Log shares of the loudness contour's power in bands of modulation."""
    on = np.flatnonzero(frames.speech)
    contour = np.maximum(frames.loudness[on[0] : on[-1] + 1], _DEEPEST_DB)
    contour = (contour - contour.mean()) * np.hanning(len(contour))
    power = np.abs(np.fft.rfft(contour, max(512, len(contour)))) ** 2
    rate = np.linspace(0.0, PROSODY_RATE / 2, len(power))
    shares = [power[(rate >= low) & (rate < high)].sum() for low, high in itertools.pairwise(MODULATION_BANDS)]
    total = sum(shares) + 1e-6
    return {f"modulation_{k}": np.log(share / total + 1e-3) for k, share in enumerate(shares)}


def _pitch(frames: VoiceFrames) -> Mapping[str, Any]:
    """Height, range, movement and jitter of pitch in semitones, and whether it rises with loudness."""
    pitch = frames.pitch[frames.voiced]
    low, quarter, three_quarters, high = np.percentile(pitch, (5, 25, 75, 95))
    both = frames.voiced[1:] & frames.voiced[:-1]
    steps = np.diff(frames.pitch)[both]
    steps = steps if len(steps) >= 4 else np.zeros(4)
    bends = np.diff(frames.pitch, 2)[both[1:] & both[:-1]]
    down, up = np.percentile(steps, (10, 90))
    return {
        "pitch_mean": pitch.mean(),
        "pitch_low": low,
        "pitch_high": high,
        "pitch_spread": pitch.std(),
        "pitch_quartiles": three_quarters - quarter,
        "pitch_range": high - low,
        "pitch_step": np.abs(steps).mean(),
        "pitch_step_middle": np.median(np.abs(steps)),
        "pitch_up": up,
        "pitch_down": down,
        "pitch_jitter": np.log((np.median(np.abs(bends)) if len(bends) else 0.0) + 0.02),
        "pitch_skew": ((pitch - pitch.mean()) ** 3).mean() / (pitch.std() + 0.3) ** 3,
        "pitch_with_loudness": _together(frames.loudness[frames.voiced], 1.0, pitch, 0.5),
    }


def _balance(frames: VoiceFrames) -> Mapping[str, Any]:
    """Spectral balance of voiced frames: shares of bands, how they change with loudness, brightness, fricatives."""
    voiced, loudness = frames.voiced, frames.loudness
    soft, loud = np.percentile(loudness[voiced], (40, 60))
    louder, softer = voiced & (loudness >= loud), voiced & (loudness <= soft)
    bands = frames.bands
    effort = bands[louder].mean(axis=0) - bands[softer].mean(axis=0)
    unvoiced = frames.speech & ~voiced
    hushed = np.count_nonzero(unvoiced) > 2
    level = np.percentile(loudness[frames.speech], _LEVEL)
    centroid = frames.centroid[voiced]
    return {
        **_numbered("band", bands[voiced].mean(axis=0)),
        **_numbered("band_spread", bands[voiced].std(axis=0)),
        **_numbered("band_effort", effort),
        "brightness": centroid.mean(),
        "brightness_spread": centroid.std(),
        "brightness_with_loudness": _together(loudness[voiced], 1.0, centroid, 0.1),
        "unvoiced_loudness": (loudness[unvoiced].mean() if hushed else level - 15.0) - level,
        "unvoiced_brightness": frames.centroid[unvoiced].mean() if hushed else centroid.mean(),
        "flux": frames.flux[frames.speech].mean(),
        "flux_spread": frames.flux[frames.speech].std(),
    }


def _cepstrum(frames: VoiceFrames) -> Mapping[str, float]:
    """Mean and spread of voiced cepstra, and how quickly they move. The first is loudness and has no mean here."""
    voiced = frames.cepstrum[frames.voiced]
    moving = np.abs(frames.cepstrum[2:] - frames.cepstrum[:-2])[frames.speech[1:-1]].mean(axis=0)
    return {
        **_numbered("cepstrum", voiced[:, 1:].mean(axis=0)),
        **_numbered("cepstrum_spread", voiced[:, 1:].std(axis=0)),
        **_numbered("cepstrum_step", moving[:8]),
    }


def _quality(frames: VoiceFrames) -> Mapping[str, float]:
    """Voice quality: clarity of the pitch, and the harmonics of `VoiceFrames.source`."""
    source = frames.source[frames.voiced]
    clarity = frames.clarity[frames.voiced]
    return {
        "clarity": clarity.mean(),
        "clarity_spread": clarity.std(),
        **_numbered("source", source.mean(axis=0)),
        **_numbered("source_spread", source.std(axis=0)),
    }


def _numbered(name: str, values: np.ndarray) -> Mapping[str, float]:
    return {f"{name}_{k}": float(value) for k, value in enumerate(values)}


def _runs(flags: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True; one of length 0 where there are none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges[1::2] - edges[::2] if len(edges) else np.zeros(1)


def _together(a: np.ndarray, small_a: float, b: np.ndarray, small_b: float) -> float:
    """Correlation of two contours, pulled to 0 where one hardly moves (`small_*`, in its unit)."""
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() + small_a) / (b.std() + small_b))


def _names(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}_{k}" for k in range(count))


FEATURES: Final[tuple[str, ...]] = (
    *"loudness_low loudness_middle loudness_top loudness_spread loudness_step loudness_rise loudness_fall".split(),
    *"voiced_share voiced_rate voiced_length syllable_rate".split(),
    *_names("modulation", 4),
    *"pitch_mean pitch_low pitch_high pitch_spread pitch_quartiles pitch_range pitch_step pitch_step_middle".split(),
    *"pitch_up pitch_down pitch_jitter pitch_skew pitch_with_loudness".split(),
    *(*_names("band", 5), *_names("band_spread", 5), *_names("band_effort", 5)),
    *"brightness brightness_spread brightness_with_loudness unvoiced_loudness unvoiced_brightness".split(),
    *"flux flux_spread".split(),
    *(*_names("cepstrum", 13), *_names("cepstrum_spread", 13), *_names("cepstrum_step", 8)),
    *"clarity clarity_spread".split(),
    *(*_names("source", 4), *_names("source_spread", 4)),
)
"""Names of the numbers of a row, in order."""

"""Prosody as the face uses it: activity, loudness and pitch on the frames of the line, and the accents in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from addon.core.curves import smooth
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.speech.phones import SILENCE, Phone

from .coarticulation import VOWELS
from .tables import table, value


@dataclass(frozen=True, eq=False)
class Emphasis:
    """Prosody of a line on its T frames.

    speaking  (T,) 0..1, how much the line is being spoken now, smoothed
    loudness  (T,) dB above the median of the spoken frames, smoothed
    pitch     (T,) semitones above the median of the voiced frames, bridged over unvoiced ones, smoothed
    opening   (T,) factor on the size of articulation, about 1
    accents   (A,) seconds of the vowels that carry an accent, rising; `strength` (A,) 0..1
    """

    speaking: np.ndarray
    loudness: np.ndarray
    pitch: np.ndarray
    opening: np.ndarray
    accents: np.ndarray
    strength: np.ndarray


def emphasis_of(prosody: Prosody, phones: Sequence[Phone], times: np.ndarray) -> Emphasis:
    """Emphasis of a line at `times` (T,) s from its prosody and phones."""
    settings = table("prosody")
    at = np.arange(len(prosody.loudness_db)) / PROSODY_RATE
    spoken = _spoken(phones, at)
    loudness = _smooth(_relative_loudness(prosody.loudness_db, spoken), settings["smoothing"])
    pitch = _smooth(_relative_pitch(prosody.f0_hz), settings["smoothing"])
    gain = 1.0 + settings["opening_per_db"] * loudness + settings["opening_per_semitone"] * pitch
    opening = np.clip(gain, settings["min"], settings["max"])
    accents, strength = _accents(phones, at, loudness, pitch)
    return Emphasis(
        speaking=np.interp(times, at, _smooth(spoken, value("prosody", "speaking_smoothing"))),
        loudness=np.interp(times, at, loudness),
        pitch=np.interp(times, at, pitch),
        opening=np.interp(times, at, np.where(spoken, opening, 1.0)),
        accents=accents,
        strength=strength,
    )


def _spoken(phones: Sequence[Phone], at: np.ndarray) -> np.ndarray:
    spoken = np.zeros(len(at), dtype=bool)
    for phone in phones:
        if phone.name != SILENCE:
            spoken[int(phone.start * PROSODY_RATE) : int(np.ceil(phone.end * PROSODY_RATE))] = True
    return spoken


def _relative_loudness(loudness_db: np.ndarray, spoken: np.ndarray) -> np.ndarray:
    if not spoken.any():
        return np.zeros(len(loudness_db))
    level = np.median(loudness_db[spoken])
    limit = value("prosody", "loudness_limit")
    return np.clip(loudness_db - level, -limit, limit) * spoken


def _relative_pitch(f0_hz: np.ndarray) -> np.ndarray:
    voiced = np.flatnonzero(f0_hz > 0)
    if len(voiced) == 0:
        return np.zeros(len(f0_hz))
    semitones = 12.0 * np.log2(f0_hz[voiced] / np.median(f0_hz[voiced]))
    limit = value("prosody", "pitch_limit")
    return np.interp(np.arange(len(f0_hz)), voiced, np.clip(semitones, -limit, limit))


def _accents(
    phones: Sequence[Phone], at: np.ndarray, loudness: np.ndarray, pitch: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Vowels whose loudness and pitch stand out, thinned to the strongest within the accent spacing."""
    vowels = [phone for phone in phones if phone.name in VOWELS]
    if not vowels or len(at) == 0:
        return np.zeros(0), np.zeros(0)
    centre = np.array([phone.centre for phone in vowels])
    length = np.array([phone.duration for phone in vowels])
    score = sum(_standard(values) for values in (np.interp(centre, at, loudness), np.interp(centre, at, pitch), length))
    score = np.asarray(score) / 3.0
    settings = table("prosody")["accent"]
    chosen: list[int] = []
    for k in np.argsort(-score, kind="stable"):
        if score[k] < settings["threshold"]:
            break
        if all(abs(centre[k] - centre[c]) >= settings["spacing"] for c in chosen):
            chosen.append(int(k))
    chosen.sort()
    return centre[chosen], np.clip(score[chosen] / settings["full"], 0.0, 1.0)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / (values.std() + 1e-6)


def _smooth(signal: np.ndarray, seconds: float) -> np.ndarray:
    return smooth(signal, PROSODY_RATE, seconds).astype(np.float64)

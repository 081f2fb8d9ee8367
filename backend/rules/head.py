"""The head layer: motion tied to prosody, posture that changes with phrases, sway and breath."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np

from addon.core.curves import smooth
from addon.core.emotion import NEUTRAL
from addon.core.rotation import matrix_from_angles
from backend.speech.phones import SILENCE, Phone

from .emphasis import Emphasis
from .smoothing import add_pulses, add_step
from .tables import per_emotion, table, value


def head_track(
    emotion: np.ndarray,
    emphasis: Emphasis,
    phones: Sequence[Phone],
    times: np.ndarray,
    fps: float,
    random: np.random.Generator,
) -> np.ndarray:
    """The head layer: (T,6) pitch, yaw, roll in radians and x, y, z in IOD.

    The translation is that of the point between the eyes when the skull turns about its joint with the neck, plus
    breath; a rig whose bones turn about their own joints needs only the rotation.
    """
    settings = table("head")
    attitude = smooth(attitude_of(emotion), fps, value("head", "attitude_smoothing"))
    shares = {key: np.array(settings["shares"][key]) for key in ("prosody", "pose", "sway")}
    motion = (
        shares["prosody"] * _prosody_motion(emphasis, fps, random)
        + shares["pose"] * _posture(phones, emphasis, times, fps, random)
        + shares["sway"] * _sway(emphasis, times, random)
    )
    breath = np.sin(2.0 * np.pi * settings["breath"]["hz"] * times + random.uniform(0.0, 2.0 * np.pi))
    angles = spread_of(emotion) * motion + attitude
    angles[:, 0] += settings["breath"]["pitch"] * breath
    angles = np.radians(angles)
    rise = np.zeros((len(times), 3))
    rise[:, 1] = settings["breath"]["rise"] * breath
    return np.concatenate([angles, pivot_translation(angles) + rise], axis=1)


def spread_of(emotion: np.ndarray) -> np.ndarray:
    """(T,3) degrees: the deviation of pitch, yaw and roll in a sentence under `emotion` (T,9)."""
    return _by_emotion("spread", emotion)


def attitude_of(emotion: np.ndarray) -> np.ndarray:
    """(T,3) degrees: how the head is held under `emotion` (T,9)."""
    return _by_emotion("attitude", emotion)


def _by_emotion(rows: str, emotion: np.ndarray) -> np.ndarray:
    weights = emotion[:, :8] * emotion[:, 8:]
    weights[:, NEUTRAL] += 1.0 - weights.sum(axis=1)
    return weights @ _rows(rows)


@cache
def _rows(name: str) -> np.ndarray:
    """(8,3) degrees."""
    return per_emotion(table("head")[name])


def pivot_translation(angles: np.ndarray) -> np.ndarray:
    """(T,3) IOD: where the point between the eyes goes when the skull turns by `angles` (T,3) about its joint."""
    pivot = np.array(table("head")["pivot"]["iod"])
    return pivot - np.asarray(matrix_from_angles(angles), dtype=np.float64) @ pivot


def _prosody_motion(emphasis: Emphasis, fps: float, random: np.random.Generator) -> np.ndarray:
    """(T,3) unit-deviation motion that follows pitch and loudness, with nods on accents."""
    settings = table("head")
    mix, swing = settings["voice_mix"], settings["swing"]
    voice = mix["pitch"] * _unit(emphasis.pitch) + mix["loudness"] * _unit(emphasis.loudness)
    followed = smooth(voice, fps, value("head", "f0_smoothing")).astype(np.float64)
    baseline = smooth(followed, fps, 0.5 * value("head", "baseline")).astype(np.float64)
    drive = (followed - baseline) * emphasis.speaking
    nods, swings = _nods(emphasis, fps, random)
    # The head rises with the voice and dips on the accent.
    pitch = _unit(-drive) + settings["accent"]["gain"] * nods
    roll = swing["roll_swing"] * swings + swing["roll_voice"] * drive
    return np.stack([pitch / max(float(np.std(pitch)), 1.0), swing["yaw"] * drive + swings, roll], axis=1)


def _nods(emphasis: Emphasis, fps: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(T,) nods on a share of the accents, and the same as swings to either side."""
    accent = table("head")["accent"]
    kept = random.random(len(emphasis.accents)) < accent["share"]
    side = random.choice((-1.0, 1.0), len(emphasis.accents))
    shape = (accent["attack"], 0.0, accent["release"])
    nods, swings = np.zeros(len(emphasis.pitch)), np.zeros(len(emphasis.pitch))
    add_pulses(nods, fps, emphasis.accents[kept], emphasis.strength[kept], shape)
    add_pulses(swings, fps, emphasis.accents[kept], (emphasis.strength * side)[kept], shape)
    return nods, swings


def _posture(
    phones: Sequence[Phone], emphasis: Emphasis, times: np.ndarray, fps: float, random: np.random.Generator
) -> np.ndarray:
    """(T,3) posture: a new place per intonation unit, reached by a minimum-jerk move that leads the voice."""
    settings = table("head")
    starts, limit = _phrase_starts(phones), value("head", "posture_limit")
    here = random.normal(0.0, value("head", "first_posture"), 3)
    track = np.repeat(here[None], len(times), axis=0)
    at = 0.0
    while at < times[-1]:
        speaking = np.interp(at, times, emphasis.speaking) > 0.5
        row = settings["intonation_unit"] if speaking else settings["idle_cadence"]
        at += max(random.normal(row["mean"], row["sd"]), 0.3 * row["mean"])
        near = starts[np.abs(starts - at) < value("head", "phrase_reach")]
        begin = float(near[0]) - value("head", "lead") if len(near) else at
        place = np.clip(random.normal(0.0, 1.0, 3), -limit, limit) * (1.0 if speaking else row["gain"])
        add_step(track, fps, begin, value("head", "move_time"), place - here)
        here = place
    return track


def _sway(emphasis: Emphasis, times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    bands = table("head")["sway_bands"]
    phase = random.uniform(0.0, 2.0 * np.pi, (3, len(bands["hz"])))
    pace = random.uniform(0.85, 1.15, (3, len(bands["hz"])))
    wave = np.sin(2.0 * np.pi * times[:, None, None] * np.array(bands["hz"]) * pace + phase)
    amplitude = np.array(bands["amplitude"])
    idle = value("head", "idle_gain")
    gain = idle + (1.0 - idle) * emphasis.speaking
    return gain[:, None] * (wave @ amplitude) / np.sqrt(0.5 * (amplitude**2).sum())


def _phrase_starts(phones: Sequence[Phone]) -> np.ndarray:
    least = value("head", "phrase_pause")
    pairs = itertools.pairwise(phones)
    starts = [b.start for a, b in pairs if a.name == SILENCE and a.duration > least and b.name != SILENCE]
    return np.array(starts, dtype=np.float64)


def _unit(signal: np.ndarray) -> np.ndarray:
    return (signal - signal.mean()) / (signal.std() + 1e-6) if signal.std() > 1e-3 else np.zeros_like(signal)

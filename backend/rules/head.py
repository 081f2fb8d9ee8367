"""The head layer: motion tied to prosody, posture that changes with phrases, sway and breath."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from addon.core.emotion import NEUTRAL
from addon.core.rotation import matrix_from_angles
from backend.speech.phones import SILENCE, Phone

from .emphasis import Emphasis
from .smoothing import attack_release, gaussian, minimum_jerk
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
    weights = emotion[:, :8] * emotion[:, 8:]
    weights[:, NEUTRAL] += 1.0 - weights.sum(axis=1)
    spread = weights @ per_emotion(settings["spread"])
    attitude = gaussian(weights @ per_emotion(settings["attitude"]), 0.25 * fps)
    shares = {key: np.array(settings["shares"][key]) for key in ("prosody", "pose", "sway")}
    motion = (
        shares["prosody"] * _prosody_motion(emphasis, times, fps, random)
        + shares["pose"] * _posture(phones, emphasis, times, random)
        + shares["sway"] * _sway(emphasis, times, random)
    )
    breath = np.sin(2.0 * np.pi * settings["breath"]["hz"] * times + random.uniform(0.0, 2.0 * np.pi))
    angles = spread * motion + attitude
    angles[:, 0] += settings["breath"]["pitch"] * breath
    angles = np.radians(angles)
    rise = np.zeros((len(times), 3))
    rise[:, 1] = settings["breath"]["rise"] * breath
    return np.concatenate([angles, pivot_translation(angles) + rise], axis=1)


def pivot_translation(angles: np.ndarray) -> np.ndarray:
    """(T,3) IOD: where the point between the eyes goes when the skull turns by `angles` (T,3) about its joint."""
    pivot = np.array(table("head")["pivot"]["iod"])
    return pivot - np.asarray(matrix_from_angles(angles), dtype=np.float64) @ pivot


def _prosody_motion(emphasis: Emphasis, times: np.ndarray, fps: float, random: np.random.Generator) -> np.ndarray:
    """(T,3) unit-deviation motion that follows pitch and loudness, with nods on accents."""
    settings = table("head")
    drive = gaussian(
        0.6 * _unit(emphasis.pitch) + 0.4 * _unit(emphasis.loudness), settings["f0_smoothing"]["value"] * fps
    )
    drive = (drive - gaussian(drive, 0.5 * value("head", "baseline") * fps)) * emphasis.speaking
    accent = settings["accent"]
    kept = random.random(len(emphasis.accents)) < accent["share"]
    side = random.choice((-1.0, 1.0), len(emphasis.accents))
    nods = np.zeros(len(times))
    swings = np.zeros(len(times))
    if kept.any():
        shape = attack_release(times, emphasis.accents[kept], accent["attack"], 0.0, accent["release"])
        nods = (shape * emphasis.strength[kept]).sum(axis=1)
        swings = (shape * emphasis.strength[kept] * side[kept]).sum(axis=1)
    # The head rises with the voice and dips on the accent.
    pitch = _unit(-drive) + accent["gain"] * nods
    spread = np.std(pitch) + 1e-6
    return np.stack([pitch / max(spread, 1.0), 0.6 * drive + swings, 0.6 * swings - 0.4 * drive], axis=1)


def _posture(phones: Sequence[Phone], emphasis: Emphasis, times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(T,3) posture: a new place per intonation unit, reached by a minimum-jerk move that leads the voice."""
    settings = table("head")
    starts = _phrase_starts(phones)
    track = np.repeat(random.normal(0.0, 0.6, (1, 3)), len(times), axis=0)
    here = track[0].copy()
    at = 0.0
    while at < times[-1]:
        speaking = np.interp(at, times, emphasis.speaking) > 0.4
        row = settings["intonation_unit"] if speaking else settings["idle_cadence"]
        at += max(random.normal(row["mean"], row["sd"]), 0.5)
        near = starts[np.abs(starts - at) < 0.5] if len(starts) else starts
        begin = float(near[0]) - value("head", "lead") if len(near) else at
        place = np.clip(random.normal(0.0, 1.0, 3), -2.0, 2.0) * (1.0 if speaking else row["gain"])
        track += minimum_jerk((times - begin) / value("head", "move_time"))[:, None] * (place - here)
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
    pairs = itertools.pairwise(phones)
    return np.array([b.start for a, b in pairs if a.name == SILENCE and a.duration > 0.12 and b.name != SILENCE])


def _unit(signal: np.ndarray) -> np.ndarray:
    return (signal - signal.mean()) / (signal.std() + 1e-6) if signal.std() > 1e-3 else np.zeros_like(signal)

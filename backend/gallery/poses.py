"""Performances that show one thing at a time: every viseme held, the eyes in nine directions, the head in its poses."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.emotion import EmotionTrack
from addon.core.eyes import eye_look_channels
from addon.core.performance import Performance
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.face.basis import landmarks_from_channels, load_basis
from backend.rules.layers import Direction, Line
from backend.rules.performer import perform_line
from backend.speech.phones import SILENCE, Phone

FPS: Final[float] = 30.0
HOLD: Final[float] = 0.4
"""Seconds of each viseme and of the silence after it: long enough for the lips to arrive."""
PHONE_OF_VISEME: Final[dict[str, str]] = {
    "sil": SILENCE, "PP": "P", "FF": "F", "TH": "TH", "DD": "D", "kk": "K", "CH": "CH", "SS": "S", "nn": "N",
    "RR": "R", "aa": "AA", "E": "EH", "I": "IY", "O": "AO", "U": "UW",
}  # fmt: skip
"""The phone that each viseme is shown with."""
_GLANCE: Final[tuple[float, float]] = (0.26, 0.44)
"""How far up or down, and aside, the eyes look: 15 and 25 degrees, an easy glance without the head."""
GAZES: Final[dict[str, tuple[float, float]]] = {
    f"{row} {column}".strip() or "ahead": (row_sign * _GLANCE[0], column_sign * _GLANCE[1])
    for row, row_sign in (("up", -1.0), ("", 0.0), ("down", 1.0))
    for column, column_sign in (("right", -1.0), ("", 0.0), ("left", 1.0))
}
"""(pitch, yaw) in radians by name; left and right are the character's, as in the contract."""
HEADS: Final[dict[str, tuple[float, float, float]]] = {
    "nod down": (0.30, 0.0, 0.0), "chin up": (-0.26, 0.0, 0.0), "turned right": (0.0, -0.5, 0.0),
    "turned left": (0.0, 0.5, 0.0), "tilted right": (0.0, 0.0, 0.26), "tilted left": (0.0, 0.0, -0.26),
}  # fmt: skip
"""(pitch, yaw, roll) in radians by name."""


def silence(duration: float) -> Sound:
    """A sound in which nothing is heard, `duration` seconds long."""
    samples = np.zeros(round(duration * SAMPLE_RATE), np.float32)
    return Sound(samples, hashlib.sha256(samples.tobytes()).hexdigest())


def visemes_held(fps: float = FPS) -> tuple[Performance, dict[str, float]]:
    """All visemes one after the other through the rules, silence between; and the second at which each is held."""
    phones, moments = [], {}
    for number, (viseme, phone) in enumerate(PHONE_OF_VISEME.items()):
        start = (2 * number + 1) * HOLD
        phones += [Phone(SILENCE, start - HOLD, start), Phone(phone, start, start + HOLD)]
        moments[viseme] = start + 0.5 * HOLD
    duration = phones[-1].end + HOLD
    phones.append(Phone(SILENCE, phones[-1].end, duration))
    sound = silence(duration)
    line = Line(sound.sha256, duration, tuple(phones), analyse_prosody(sound), EmotionTrack.constant("neutral", 0.0))
    return perform_line(line, Direction(fps, 0, ("speech",))), moments


def looks_and_poses(fps: float = FPS) -> tuple[Performance, dict[str, float]]:
    """One frame for each of `GAZES` and then `HEADS`; and the second of each."""
    count = len(GAZES) + len(HEADS)
    gaze, head = np.zeros((count, 2, 2)), np.zeros((count, 6))
    gaze[: len(GAZES)] = np.array(list(GAZES.values()))[:, None]
    head[len(GAZES) :, :3] = list(HEADS.values())
    channels = np.clip(eye_look_channels(gaze), 0.0, 1.0)
    made = Performance(
        fps=fps,
        landmarks=landmarks_from_channels(load_basis(), channels),
        gaze=gaze,
        head=head,
        channels=channels.reshape(count, len(CHANNELS)),
        emotion=np.zeros((count, 9)),
    )
    return made, {name: number / fps for number, name in enumerate((*GAZES, *HEADS))}

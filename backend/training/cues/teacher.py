"""What the cue model learns of a scene: the rules perform it in an emotion, and their tracks become its targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.emotion import EmotionTrack
from backend.cues.clock import ENCODER_RATE, STEPS_PER_CUE
from backend.cues.fixation_grid import classes_of, fixations_in
from backend.cues.spaces import HEAD_UNIT, channels_to_lips
from backend.rules.closures import contacts_of
from backend.rules.layers import Direction, Line, layer_tracks
from backend.rules.performer import spoken_channels

from .captures import drift_for
from .scenes import Scene

LID_MOVES: Final[float] = 0.1
"""Closure above which a blink has begun."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A scene as it was performed once, in an emotion.

    At 50 steps a second: emotion (S,9), lips (S,15), contacts (S,2). At 25: expression (M,52) channels and head (M,3)
    in units, where they are as a step begins; gaze (M,) class of each step, look (M,2) degrees after it; blink (M,)
    whether one begins. `scene` is the number of the scene.
    """

    scene: int
    emotion: np.ndarray
    lips: np.ndarray
    contacts: np.ndarray
    expression: np.ndarray
    head: np.ndarray
    gaze: np.ndarray
    look: np.ndarray
    blink: np.ndarray


def lesson_of(
    scene: Scene, number: int, emotion: EmotionTrack, drifts: Sequence[np.ndarray], rng: np.random.Generator
) -> Lesson:
    """Have the rules perform a scene with a drawn seed."""
    line = Line(scene.sha256, scene.duration, scene.phones, scene.prosody, emotion)
    tracks = layer_tracks(line, Direction(ENCODER_RATE, int(rng.integers(2**31))))
    steps = min(len(scene.features), len(tracks.times)) // STEPS_PER_CUE * STEPS_PER_CUE
    contacts = contacts_of(scene.phones, tracks.times, ENCODER_RATE)
    starts, looks = fixations_in(tracks.gaze, ENCODER_RATE)
    gaze, look = classes_of(starts, looks, steps // STEPS_PER_CUE)
    lids_move = np.diff(tracks.blink > LID_MOVES, prepend=False) & (tracks.blink > LID_MOVES)
    expression = tracks.expression + drift_for(len(tracks.times), drifts, rng)
    return Lesson(
        scene=number,
        emotion=tracks.emotion[:steps].astype(np.float32),
        lips=channels_to_lips(spoken_channels(tracks))[:steps].astype(np.float32),
        contacts=np.stack([contacts.bilabial, contacts.labiodental], axis=1)[:steps].astype(np.float32),
        expression=np.clip(expression, 0.0, 1.0)[:steps:STEPS_PER_CUE].astype(np.float32),
        head=(np.degrees(tracks.head[:steps:STEPS_PER_CUE, :3]) / HEAD_UNIT).astype(np.float32),
        gaze=gaze,
        look=look.astype(np.float32),
        blink=lids_move[:steps].reshape(-1, STEPS_PER_CUE).any(axis=1),
    )

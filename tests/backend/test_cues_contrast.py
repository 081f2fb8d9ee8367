"""Contrast: movements of the mouth drawn away from their middle, and nothing moved in time."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, CHANNELS, indices
from addon.core.emotion import EmotionTrack
from backend.cues.contrast import with_contrast
from backend.rules.calibration import face_gauge

TIMES = np.arange(0.0, 2.0, 0.02)
NEUTRAL = EmotionTrack.constant("neutral").sample(TIMES)
SWING = 0.5 - 0.5 * np.cos(2.0 * np.pi * TIMES)
"""From 0 to 1 and back, twice."""


def mouth(**channels: np.ndarray) -> np.ndarray:
    """(T,52) channels; a name stands for the left and the right one."""
    made = np.zeros((len(TIMES), len(CHANNELS)))
    for name, values in channels.items():
        made[:, indices(name)] = values[:, None]
    return made


@pytest.mark.parametrize(
    ("name", "doubtful"), [("mouthPucker", 0.45), ("mouthStretch", 0.2), ("tongueOut", 0.14), ("jawOpen", 0.5)]
)
def test_a_half_made_shape_is_made_and_a_hint_of_it_fades(name: str, doubtful: float) -> None:
    before = mouth(**{name: doubtful * SWING})
    after = with_contrast(before, NEUTRAL, told=False)[:, indices(name)[0]]
    given = before[:, indices(name)[0]]
    assert after.max() > 1.25 * given.max()
    hints = (given > 0.02 * doubtful) & (given < 0.15 * doubtful)
    assert np.all(after[hints] < 0.8 * given[hints])
    assert np.array_equal(np.argsort(after, kind="stable")[-5:], np.argsort(given, kind="stable")[-5:])
    rising = np.diff(given) > 1e-9
    assert np.all(np.diff(after)[rising] > -1e-9)


def test_rounding_and_spreading_reach_the_corners_of_the_mouth() -> None:
    width = face_gauge().width
    before = mouth(mouthPucker=0.45 * SWING, mouthStretch=0.2 * (1.0 - SWING))
    after = with_contrast(before, NEUTRAL, told=False)
    assert np.ptp(after @ width) > 1.3 * np.ptp(before @ width)


def test_lips_that_were_told_the_text_are_drawn_less() -> None:
    before = mouth(mouthPucker=0.6 * SWING, mouthStretch=0.2 * SWING, tongueOut=0.2 * SWING, jawOpen=0.5 * SWING)
    heard, told = (np.abs(with_contrast(before, NEUTRAL, told) - before).max(axis=0) for told in (False, True))
    moved = before.max(axis=0) > 0.0
    assert np.all(told[moved] < heard[moved])


def test_channels_stay_between_0_and_1_and_others_are_left_alone() -> None:
    full = np.ones((len(TIMES), len(CHANNELS)))
    after = with_contrast(full, NEUTRAL, told=False)
    assert after.min() >= 0.0
    assert after.max() <= 1.0
    press = mouth(mouthPress=SWING)
    assert np.array_equal(with_contrast(press, NEUTRAL, told=False), press)


def test_a_mouth_that_an_emotion_opens_is_not_opened_twice() -> None:
    jaw = CHANNEL_INDEX["jawOpen"]
    wide = mouth(jawOpen=np.full(len(TIMES), 0.45))
    angry = EmotionTrack.constant("angry", 1.0).sample(TIMES)
    calm, loud = (with_contrast(wide, emotion, told=False)[0, jaw] for emotion in (NEUTRAL, angry))
    assert loud < calm

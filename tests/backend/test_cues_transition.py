"""A face whose emotion changes when the artist's keys say so."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import indices
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.performance import Performance
from addon.core.request import PerformRequest
from backend import perform
from backend.audio.decode import read_sound
from backend.cues.clock import ENCODER_RATE
from backend.cues.transition import Transition
from backend.engine import perform_sounds
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap
from backend.speech.visemes import BILABIAL
from tests.backend.sounds import SHIPPED_LINE, SHIPPED_TEXT

CHANGE: float = 2.0
"""Seconds at which the emotion begins to change, within 0.2 s."""


def changing(before: str, after: str) -> EmotionTrack:
    return EmotionTrack.from_keys([(0.0, before, 1.0), (CHANGE, before, 1.0), (CHANGE + 0.2, after, 1.0)])


def performed(emotion: EmotionTrack, seed: int) -> Performance:
    request = PerformRequest(b"", "line", emotion, seed=seed)
    return perform_sounds([read_sound(SHIPPED_LINE)], [request], lambda stage, share: None)[0]


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("neutral", "happy", "mouthSmile"),
        ("happy", "neutral", "mouthSmile"),
        ("neutral", "angry", "browDown"),
        ("happy", "sad", "browInnerUp"),
        ("neutral", "surprised", "eyeWide"),
    ],
)
def test_the_face_is_there_when_the_keys_are(before: str, after: str, moved: str) -> None:
    takes = [performed(changing(before, after), seed) for seed in range(3)]
    track = np.mean([take.channels[:, indices(moved)].mean(axis=1) for take in takes], axis=0)
    start, end = (round(at * takes[0].fps) for at in (CHANGE, CHANGE + 0.25))
    begun, arrived = track[start - 10 : start].mean(), track[end : end + 4].mean()
    last = track[end + 30 : end + 60].mean()
    assert abs(last - begun) > 0.4
    assert (arrived - begun) / (last - begun) == pytest.approx(1.0, abs=0.25)
    assert np.abs(np.diff(track[start - 5 : end + 30])).max() < 0.25


def test_an_emotion_that_lasts_has_nothing_to_catch_up_with() -> None:
    emotion = EmotionTrack.constant("sad").sample(np.zeros(100))
    assert np.abs(Transition(emotion[:1]).push(emotion)).max() < 1e-12


def test_what_is_behind_comes_at_once_and_fades_within_a_second_and_a_half() -> None:
    track = EmotionTrack.from_keys([(0.0, "neutral", 1.0), (1.0, "neutral", 1.0), (1.02, "happy", 0.8)])
    emotion = track.sample(np.arange(4 * ENCODER_RATE) / ENCODER_RATE)
    behind = Transition(emotion[:1]).push(emotion)
    happy = behind[:, EMOTIONS.index("happy")]
    assert np.abs(behind[:50]).max() < 1e-9
    assert happy[52] > 0.7
    assert 0.0 <= happy[ENCODER_RATE * 5 // 2] < 0.02
    assert np.all(np.diff(happy[52:]) < 0.0)


def test_piece_by_piece_is_as_all_at_once() -> None:
    emotion = changing("angry", "fear").sample(np.arange(4 * ENCODER_RATE) / ENCODER_RATE)
    piecemeal = Transition(emotion[:1])
    pieces = [piecemeal.push(piece) for piece in np.split(emotion, [1, 2, 37, 40, 111, 150])]
    np.testing.assert_allclose(np.concatenate(pieces), Transition(emotion[:1]).push(emotion), atol=1e-12)


def test_lips_close_on_p_b_and_m_in_the_middle_of_a_change() -> None:
    performance = perform(SHIPPED_LINE, emotion=changing("happy", "angry"), text=SHIPPED_TEXT)
    gap = inner_lip_gap(performance.landmarks)
    for name, start, end in performance.meta["phones"]:
        if name in BILABIAL:
            first, last = (round(at * performance.fps) for at in (start - 0.02, end + 0.02))
            assert gap[max(first, 0) : last + 1].min() < CLOSED_LIPS

"""What the voice does to head and brows beside the generator."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.emotion import EmotionTrack
from backend.cues.accompaniment import ONSET, Accompaniment
from backend.cues.clock import ENCODER_RATE
from backend.cues.encoder import VOICE

SHA = "5011" * 16
NEUTRAL = EmotionTrack.constant("neutral").sample(np.zeros(1))
PERIOD = 40
"""Steps between two accents of the voices below: 0.8 s."""


def voice(steps: int, accent: float = 0.3, pitch: float = 0.0, speaking: float = 1.0) -> np.ndarray:
    """(S,4) as the encoder hears it: accents of 0.1 s each `PERIOD`, and a pitch that lasts."""
    heard = np.zeros((steps, len(VOICE)))
    heard[:, VOICE.index("speaking")] = speaking
    heard[:, VOICE.index("pitch")] = pitch
    heard[np.arange(steps) % PERIOD >= PERIOD - 5, VOICE.index("accent")] = accent
    return heard


def moved(heard: np.ndarray, emotion: np.ndarray = NEUTRAL, expression: int = 0, head: int = 0) -> np.ndarray:
    return Accompaniment({"expression": expression, "head": head}, SHA, emotion[:1]).push(heard, emotion)


def test_brows_answer_about_half_of_the_accents_and_rest_between_them() -> None:
    brows = moved(voice(400 * PERIOD))[:, 0].reshape(-1, PERIOD)
    raised = brows[1:, :15].max(axis=1)  # each accent begins at the end of a row
    assert np.mean(raised > 0.1) == pytest.approx(0.55, abs=0.08)
    assert raised.max() < 0.31
    assert brows[1:, PERIOD - 6].max() < 0.02


def test_a_head_nods_on_more_of_them_to_both_sides() -> None:
    motion = moved(voice(400 * PERIOD))
    nods, turns = motion[:, 1].reshape(-1, PERIOD)[1:], motion[:, 2].reshape(-1, PERIOD)[1:]
    nodded = nods[:, :15].max(axis=1) > 0.5
    assert np.mean(nodded) == pytest.approx(0.6, abs=0.08)
    sides = np.sign(turns[nodded][:, 5])
    assert 0.35 < np.mean(sides > 0) < 0.65


@pytest.mark.parametrize("accent", [0.0, 0.9 * ONSET])
def test_a_voice_without_accents_leaves_brows_and_head_alone(accent: float) -> None:
    assert np.abs(moved(voice(1000, accent))).max() == 0.0


def test_a_rising_voice_lifts_the_head_and_a_long_one_lets_it_sink_back() -> None:
    heard = np.concatenate([voice(100, 0.0), voice(300, 0.0, pitch=0.2)])
    pitch = moved(heard)[:, 1]
    assert pitch[:100].max() == pytest.approx(0.0)
    assert pitch[100:130].min() < -1.0  # up is negative
    assert abs(pitch[-1]) < 0.1 * abs(pitch[100:130].min())
    silent = np.concatenate([voice(100, 0.0, speaking=0.0), voice(300, 0.0, pitch=0.2, speaking=0.0)])
    assert np.abs(moved(silent)).max() == 0.0


def test_anger_moves_the_head_further_than_calm() -> None:
    angry = EmotionTrack.constant("angry").sample(np.zeros(1))
    heard = voice(20 * PERIOD)
    assert np.abs(moved(heard, angry)[:, 1]).max() > 1.4 * np.abs(moved(heard)[:, 1]).max()


def test_an_emotion_holds_the_head_from_the_start_and_changes_it_smoothly() -> None:
    sad = EmotionTrack.constant("sad").sample(np.zeros(1))
    silent = voice(200, 0.0, speaking=0.0)
    held = moved(silent, sad)[:, 1]
    assert held.min() > 1.0  # down is positive
    assert np.ptp(held) < 1e-9
    saddened = moved(silent, np.concatenate([np.repeat(NEUTRAL, 100, axis=0), np.repeat(sad, 100, axis=0)]))[:, 1]
    assert saddened[99] == 0.0
    assert saddened[-1] == pytest.approx(held[0], rel=1e-3)
    assert np.abs(np.diff(saddened)).max() < 0.2 * held[0]


def test_piece_by_piece_is_as_all_at_once() -> None:
    random = np.random.default_rng(0)
    heard = np.abs(random.normal(0.0, 0.15, (30 * ENCODER_RATE, len(VOICE))))
    whole = moved(heard)
    piecemeal = Accompaniment({"expression": 0, "head": 0}, SHA, NEUTRAL)
    cuts = np.split(heard, np.sort(random.choice(len(heard), 40, replace=False)))
    assert np.allclose(np.concatenate([piecemeal.push(piece, NEUTRAL) for piece in cuts]), whole, atol=1e-12)


def test_each_layer_has_a_seed_of_its_own() -> None:
    heard = voice(60 * PERIOD)
    first, other_brows, other_head = moved(heard), moved(heard, expression=1), moved(heard, head=1)
    assert np.array_equal(first[:, 1:], other_brows[:, 1:])
    assert np.array_equal(first[:, 0], other_head[:, 0])
    assert not np.array_equal(first[:, 0], other_brows[:, 0])
    assert not np.array_equal(first[:, 1:], other_head[:, 1:])

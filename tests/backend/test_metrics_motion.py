"""Metrics of head, gaze, emotion, smoothness and health, each against a case whose answer is known without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, indices
from addon.core.emotion import EMOTIONS
from addon.core.performance import Performance
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.evaluation.accents import accents_of, brow_answer
from backend.evaluation.attitude import attitude, expectations, met
from backend.evaluation.beats import audio_beats, beat_align, motion_beats
from backend.evaluation.change import arrival
from backend.evaluation.coupling import head_and_voice
from backend.evaluation.health import alive, life, ranges, worst
from backend.evaluation.jitter import amplitude_above, mean_jerk
from backend.evaluation.judging import Judge, accuracy, confusion, installed_judge, rises, verdict
from backend.evaluation.speed import timed
from backend.rules.expression import prototypes
from backend.rules.layers import Direction
from backend.rules.performer import perform_line
from tests.backend.lines import MAMA_PAPA, line_of

FPS = 30.0


@pytest.fixture(scope="module")
def spoken() -> Performance:
    return perform_line(line_of(MAMA_PAPA), Direction(FPS, 1))


def changed(performance: Performance, **arrays: np.ndarray) -> Performance:
    return replace(performance, **arrays)


# Beats


def test_beats_at_random_are_at_chance_however_many_they_are() -> None:
    random = np.random.default_rng(0)
    for rate in (0.5, 2.0, 5.0):
        above = []
        for seed in range(30):
            audio, motion = (np.sort(random.uniform(0, 60, round(60 * r))) for r in (2.0, rate))
            found = beat_align(audio, motion, 60.0, seed)
            above.append(found.above_chance)
        assert np.mean(above) == pytest.approx(0.0, abs=0.02)


def test_beats_that_fall_together_are_far_above_chance() -> None:
    audio = np.cumsum(np.random.default_rng(1).uniform(0.4, 1.2, 40))
    found = beat_align(audio, audio + 0.02, float(audio[-1]) + 1.0)
    assert found.score > 0.95
    assert found.above_chance > 0.5


def test_audio_beats_are_the_loud_syllables_and_motion_beats_the_turns(spoken: Performance) -> None:
    at = np.arange(5 * PROSODY_RATE) / PROSODY_RATE
    loud = -30.0 + 10.0 * np.cos(2 * np.pi * 2.0 * (at - 0.25))  # peaks at 0.25, 0.75, ...
    prosody = Prosody(loud.astype(np.float32), np.full(len(at), 120.0, np.float32), np.ones(len(at), bool))
    np.testing.assert_allclose(audio_beats(prosody), np.arange(0.25, 5.0, 0.5), atol=0.03)
    nod = np.zeros((150, 6))
    nod[:, 0] = 0.1 * np.sin(2 * np.pi * 0.5 * np.arange(150) / 30.0)  # stands still at 0.5, 1.5, 2.5, ... s
    parts = {name: np.repeat(array[:1], 150, axis=0) for name, array in spoken.arrays().items()}
    found = motion_beats(Performance(fps=30.0, **(parts | {"head": nod})))
    np.testing.assert_allclose(found, [0.5, 1.5, 2.5, 3.5, 4.5], atol=0.1)


# Jitter


def test_jitter_is_the_amplitude_above_eight_hertz() -> None:
    at = np.arange(300) / 30.0
    slow, fast = np.sin(2 * np.pi * 2.0 * at), 0.1 * np.sin(2 * np.pi * 11.0 * at)
    assert amplitude_above(slow, 30.0) < 0.02
    assert amplitude_above(slow + fast, 30.0) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)


def test_jitter_and_jerk_rise_with_noise(spoken: Performance) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.005, spoken.landmarks.shape)
    for metric in (amplitude_above, mean_jerk):
        assert metric(spoken.landmarks + noise, FPS) > 1.5 * metric(spoken.landmarks, FPS)


def test_jerk_of_a_cubic_is_six_times_its_factor() -> None:
    at = np.arange(50) / 25.0
    assert mean_jerk(2.0 * at**3, 25.0) == pytest.approx(12.0, rel=1e-6)


# Change


@pytest.mark.parametrize(("late", "through", "later"), [(0.0, 1.0, 1.0), (0.3, 0.0, 1.0), (0.15, 0.5, 1.0)])
def test_a_face_that_answers_late_is_told_from_one_that_is_there(
    spoken: Performance, late: float, through: float, later: float
) -> None:
    begins, ends, happy = 1.5, 1.8, EMOTIONS.index("happy")
    share = np.clip((np.arange(150) / FPS - begins - late) / (ends - begins), 0.0, 1.0)
    parts = {name: np.repeat(array[:1], 150, axis=0) for name, array in spoken.arrays().items()}
    smiling = 0.6 * share[:, None] * prototypes()[happy]
    face = Performance(fps=FPS, **(parts | {"channels": smiling}))
    found = arrival(face, happy, begins, ends)
    assert found.through == pytest.approx(through, abs=0.06)
    assert found.later == pytest.approx(later, abs=0.06)


def test_a_face_that_does_not_change_or_has_no_time_to_has_no_arrival(spoken: Performance) -> None:
    parts = {name: np.repeat(array[:1], 150, axis=0) for name, array in spoken.arrays().items()}
    assert np.isnan(arrival(Performance(fps=FPS, **parts), EMOTIONS.index("happy"), 1.5, 1.8).through)
    assert np.isnan(arrival(Performance(fps=FPS, **parts), EMOTIONS.index("happy"), 1.5, 4.5).later)


# Accents


def test_brows_that_answer_accents_are_told_from_those_that_rise_at_other_times(spoken: Performance) -> None:
    accents, times = np.arange(1.0, 19.0, 1.3), np.arange(600) / 30.0
    answer = np.maximum(0.0, 1.0 - np.abs(times[:, None] - accents - 0.15) / 0.15).max(axis=1)
    parts = {name: np.repeat(array[:1], 600, axis=0) for name, array in spoken.arrays().items()}
    channels = parts["channels"].copy()
    channels[:, indices("browInnerUp", "browOuterUp")] = 0.2 * answer[:, None]
    lively = Performance(fps=30.0, **(parts | {"channels": channels}))
    assert brow_answer(lively, accents) == pytest.approx(0.1, abs=0.02)
    assert abs(brow_answer(lively, accents + 0.65)) < 0.01
    assert np.isnan(brow_answer(lively, np.zeros(0)))


def test_the_brows_of_the_rules_answer_the_accents_of_a_line() -> None:
    line = line_of(MAMA_PAPA * 4)
    accents = accents_of(line.prosody, line.phones)
    assert np.mean([brow_answer(perform_line(line, Direction(FPS, seed)), accents) for seed in range(4)]) > 0.03


# Head, gaze, emotion


def test_a_head_that_nods_with_the_pitch_is_coupled_above_chance(spoken: Performance) -> None:
    at = np.arange(20 * PROSODY_RATE) / PROSODY_RATE
    random = np.random.default_rng(0)
    pitch = np.convolve(random.normal(size=len(at)), np.ones(25) / 25, mode="same") * 10
    prosody = Prosody(
        np.full(len(at), -20.0, np.float32), (120 * 2 ** (pitch / 12)).astype(np.float32), np.ones(len(at), bool)
    )
    head = np.zeros((600, 6))
    head[:, 0] = 0.02 * np.interp(np.arange(600) / 30.0, at, pitch)
    parts = {name: np.repeat(array[:1], 600, axis=0) for name, array in spoken.arrays().items()}
    found = head_and_voice(Performance(fps=30.0, **(parts | {"head": head})), prosody)
    assert found.r > 0.9
    assert found.chance < 0.5


def test_attitude_reads_where_eyes_and_head_are(spoken: Performance) -> None:
    gaze, head = np.zeros((spoken.frame_count, 2, 2)), np.zeros((spoken.frame_count, 6))
    half = spoken.frame_count // 2
    gaze[:half, :, 0] = np.radians(10.0)
    head[:, 2] = np.radians(3.0)
    found = attitude([changed(spoken, gaze=gaze, head=head)])
    assert found.look_share == pytest.approx(1 - half / spoken.frame_count)
    assert found.away_pitch == pytest.approx(10.0, abs=1e-4)
    assert found.away_side == pytest.approx(0.0, abs=1e-4)
    assert found.roll_mean == pytest.approx(3.0, abs=1e-4)
    assert found.roll_sd == pytest.approx(0.0, abs=1e-4)


def test_expectations_name_emotions_and_statistics_that_exist(spoken: Performance) -> None:
    same = dict.fromkeys(EMOTIONS, attitude([spoken]))
    for expectation in expectations():
        value, neutral, holds = met(expectation, same)
        assert value == neutral or (np.isnan(value) and np.isnan(neutral))
        assert not holds  # what does not differ does not differ in the right direction


class Reader:
    """Reads the emotion that the performance says it used: a judge that is always right."""

    def read(self, performance: Performance) -> np.ndarray:
        return performance.emotion[:, :8].mean(axis=0)


def test_a_judge_that_is_right_fills_the_diagonal() -> None:
    judge: Judge = Reader()
    asked = ["happy", "sad", "angry"]
    read = [verdict(judge, perform_line(line_of(MAMA_PAPA, e), Direction(FPS, 1))) for e in asked]
    assert accuracy(confusion(asked, read)) == 1.0
    assert confusion(asked, read).sum() == 3
    assert accuracy(confusion(asked, read[::-1])) == pytest.approx(1 / 3)  # the middle one is still right


def test_a_judge_must_return_probabilities(spoken: Performance) -> None:
    class Wrong:
        def read(self, performance: Performance) -> np.ndarray:
            return np.ones(8) + 0 * performance.fps

    with pytest.raises(ValueError, match="sum to 1"):
        verdict(Wrong(), spoken)


def test_the_installed_judge_is_a_judge_or_absent() -> None:
    judge = installed_judge()
    assert judge is None or isinstance(judge, Judge)


def test_rising_counts_clips_that_never_fall() -> None:
    assert rises({1 / 3: [0.1, 0.5], 2 / 3: [0.2, 0.4], 1.0: [0.9, 0.6]}) == 0.5


# Health and speed


def test_a_rules_performance_is_within_its_ranges(spoken: Performance) -> None:
    found = ranges(spoken)
    assert found.sane
    channels = spoken.channels.copy()
    channels[:, CHANNEL_INDEX["eyeLookUpLeft"]] = 1.0
    assert not ranges(changed(spoken, channels=channels)).sane
    assert worst([found, ranges(changed(spoken, channels=channels))]).disagreement > 0.5


def test_a_face_that_dies_is_found() -> None:
    """The same line over and over is as lively at its end; frozen half way it is not."""
    line = perform_line(line_of(MAMA_PAPA * 4), Direction(FPS, 1))
    arrays = {name: np.concatenate([array] * 4) for name, array in line.arrays().items()}
    end = len(arrays["head"]) / FPS
    begun = life(Performance(fps=FPS, **arrays), 0.0, 0.5 * end)
    assert all(alive(begun, life(Performance(fps=FPS, **arrays), 0.5 * end, end)).values())
    for array in arrays.values():
        array[len(array) // 2 :] = array[len(array) // 2]
    frozen = alive(begun, life(Performance(fps=FPS, **arrays), 0.5 * end, end))
    assert not any(frozen.values())


def test_timing_knows_how_many_times_real_time_it_is() -> None:
    found = timed(lambda: sum(range(200_000)), seconds=10.0, repeats=2)
    assert found.times_real == pytest.approx(10.0 / found.wall)
    assert 0 < found.cpu < 5

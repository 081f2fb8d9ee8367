"""The programme of a training set: every control is shown, splits and lines are told apart, lines give what differs."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, CHANNELS, GROUPS
from addon.core.performance import Performance
from addon.preview.sweep import LOOK, SWEEP, TEST, TRAIN, TURN, VALIDATION, Line, Programme, programme


@pytest.fixture(scope="module")
def plan() -> Programme:
    return programme(24.0, mixed=60)


def line(count: int = 48, fps: float = 48.0) -> Performance:
    """A line in which the jaw opens once, in frame 30, and nothing else happens."""
    channels = np.zeros((count, len(CHANNELS)))
    channels[30, CHANNEL_INDEX["jawOpen"]] = 1.0
    still = np.zeros((count, 6))
    return Performance(fps, np.zeros((count, 70, 3)), np.zeros((count, 2, 2)), still, channels, np.zeros((count, 9)))


def test_every_control_is_seen_alone_at_its_full_value(plan: Programme) -> None:
    channels = plan.performance.channels
    for name in set(CHANNELS) - set(GROUPS["gaze"]) - {"mouthClose"}:
        others = np.delete(channels, CHANNEL_INDEX[name], axis=1)
        assert ((channels[:, CHANNEL_INDEX[name]] == 1.0) & (others.max(axis=1) == 0.0)).any(), name


def test_eyes_and_head_cover_their_range(plan: Programme) -> None:
    gaze, head = plan.performance.gaze, plan.performance.head
    assert np.abs(gaze).max(axis=(0, 1)) == pytest.approx(LOOK)
    assert np.abs(head[:, :3]).max(axis=0) == pytest.approx(TURN)
    assert not head[:, 3:].any()


def test_eye_look_channels_agree_with_the_gaze(plan: Programme) -> None:
    left = plan.performance.gaze[:, 0, 1] > 0.1
    outwards = plan.performance.channels[:, CHANNEL_INDEX["eyeLookOutLeft"]]
    assert (outwards[left] > 0).all()
    assert not outwards[plan.performance.gaze[:, 0, 1] < 0].any()


def test_a_part_of_the_mixed_poses_is_for_validation(plan: Programme) -> None:
    assert len(plan.splits) == len(plan.lines) == plan.performance.frame_count
    assert plan.splits.count(VALIDATION) == 6
    assert TEST not in plan.splits
    assert set(plan.lines) == {SWEEP}


def test_the_same_seed_gives_the_same_programme_and_another_another() -> None:
    first, again, other = programme(24.0, 20), programme(24.0, 20), programme(24.0, 20, seed=1)
    np.testing.assert_array_equal(first.performance.channels, again.performance.channels)
    assert not np.array_equal(first.performance.channels, other.performance.channels)


def test_a_line_to_learn_from_gives_its_most_different_frames() -> None:
    made = programme(24.0, 0, [Line("hello", line(), 2)])
    taken = made.performance.channels[-2:, CHANNEL_INDEX["jawOpen"]]
    assert made.lines[-2:] == ("hello", "hello")
    assert made.splits[-2:] == (TRAIN, TRAIN)
    assert sorted(taken) == [0.0, 1.0]


def test_a_held_out_line_is_taken_in_a_row_at_the_sets_rate() -> None:
    made = programme(24.0, 0, [Line("hello", line(), 100, held_out=True)])
    taken = [n for n, split in enumerate(made.splits) if split == TEST]
    assert len(taken) == 24  # one second: 48 frames at 48 a second
    assert made.performance.channels[taken[15], CHANNEL_INDEX["jawOpen"]] == 1.0

"""A Performance on scene frames of any rate keeps its closures, its values and its sense of time."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.baking import LOWER_INNER_LIP, UPPER_INNER_LIP, closure_times, scene_curves
from addon.core.channels import CHANNEL_INDEX, CHANNELS
from addon.core.performance import Performance
from addon.core.rotation import matrix_from_angles, matrix_from_quaternion
from addon.core.timeline import Timeline

JAW, CLOSE = CHANNEL_INDEX["jawOpen"], CHANNEL_INDEX["mouthClose"]


def performance(fps: float, seconds: float, closures: tuple[float, ...]) -> Performance:
    """A mouth that is open except for one sample at each closure."""
    count = round(seconds * fps)
    rng = np.random.default_rng(1)
    channels = np.tile(rng.uniform(0.0, 0.3, len(CHANNELS)), (count, 1))
    channels[:, JAW], channels[:, CLOSE] = 0.6, 0.0
    landmarks = np.zeros((count, 70, 3))
    landmarks[:, UPPER_INNER_LIP, 1], landmarks[:, LOWER_INNER_LIP, 1] = 0.1, -0.1
    for second in closures:
        frame = round(second * fps)
        channels[frame, CLOSE] = 0.6
        landmarks[frame, UPPER_INNER_LIP, 1] = landmarks[frame, LOWER_INNER_LIP, 1] = 0.0
    head = np.zeros((count, 6))
    head[:, :3] = np.cumsum(rng.normal(0, 0.01, (count, 3)), axis=0)
    emotion = np.tile(np.eye(9)[5], (count, 1))
    return Performance(fps, landmarks, np.zeros((count, 2, 2)), head, channels, emotion)


@pytest.mark.parametrize(("source", "fps", "base"), [(60, 24, 1), (60, 25, 1), (60, 24, 1.001), (30, 12, 1)])
@pytest.mark.parametrize("offset", [0.0, 0.3, 0.5, 0.7])
def test_lips_that_meet_between_two_frames_of_a_slower_scene_still_meet(
    source: float, fps: float, base: float, offset: float
) -> None:
    closures = tuple((i + offset) / (fps / base) for i in (8, 14, 20))
    line = performance(source, 3.0, closures)
    curves = scene_curves(line, Timeline(fps, base))
    gap = curves.channels[:, JAW] - curves.channels[:, CLOSE]
    assert (gap < 1e-6).sum() >= 3
    assert curves.moments[gap < 1e-6].all()


@pytest.mark.parametrize(("source", "fps", "base"), [(24, 30, 1), (25, 60, 1), (30, 30, 1.001), (24, 25, 1)])
def test_a_faster_scene_shows_each_closure_whole_too(source: float, fps: float, base: float) -> None:
    line = performance(source, 3.0, (0.5, 1.1, 2.3))
    curves = scene_curves(line, Timeline(fps, base))
    gap = curves.channels[:, JAW] - curves.channels[:, CLOSE]
    assert (gap < 1e-6).sum() >= 3


def test_every_closure_is_a_state_of_the_performance_not_a_mixture_of_times() -> None:
    line = performance(60, 3.0, (0.52, 1.37, 2.05))
    curves = scene_curves(line, Timeline(24))
    times = closure_times(line)
    for frame in np.flatnonzero(curves.moments):
        assert any(np.array_equal(curves.channels[frame], line.channels[round(t * 60)]) for t in times)


@pytest.mark.parametrize(("fps", "base"), [(24, 1), (24, 1.001), (30, 1.001), (60, 1)])
def test_at_the_scenes_own_rate_every_sample_is_taken_over_unchanged(fps: float, base: float) -> None:
    timeline = Timeline(fps, base, start=250)
    line = performance(timeline.request_rate, 4.0, (1.0, 2.0))
    curves = scene_curves(line, timeline)
    assert curves.range.first == 250
    np.testing.assert_array_equal(curves.channels, line.channels)
    np.testing.assert_array_equal(curves.gaze, line.gaze)
    np.testing.assert_allclose(matrix_from_quaternion(curves.head), matrix_from_angles(line.head[:, :3]), atol=1e-5)


def test_the_last_frame_shows_the_end_of_the_performance() -> None:
    line = performance(60, 1.01, ())
    curves = scene_curves(line, Timeline(24, start=1))
    assert curves.range.last == 1 + int(np.ceil((line.frame_count - 1) / 60 * 24))
    np.testing.assert_array_equal(curves.channels[-1], line.channels[-1])


def test_a_performance_of_one_frame_bakes_to_one_frame() -> None:
    curves = scene_curves(performance(30, 1 / 30, ()), Timeline(24, start=10))
    assert curves.frames.tolist() == [10]


def test_blinks_between_frames_are_seen() -> None:
    line = performance(60, 2.0, ())
    channels = line.channels.copy()
    blink = [CHANNEL_INDEX["eyeBlinkLeft"], CHANNEL_INDEX["eyeBlinkRight"]]
    channels[:, blink] = 0.0
    channels[63, blink] = 1.0  # 1.05 s lies between frames 25 and 26 of a 24 fps scene
    blinking = Performance(60, line.landmarks, line.gaze, line.head, channels, line.emotion)
    assert scene_curves(blinking, Timeline(24)).channels[:, blink].max() == 1.0

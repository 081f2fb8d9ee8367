"""Seconds and scene frames agree at every frame rate that films are made at."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.timeline import FrameRange, Timeline

NTSC = [(24, 1.001), (30, 1.001), (60, 1.001)]


@pytest.mark.parametrize(("fps", "base"), [(24, 1), (25, 1), (60, 1), *NTSC])
def test_frames_and_seconds_are_inverse(fps: float, base: float) -> None:
    timeline = Timeline(fps, base, start=101)
    frames = np.arange(101, 100_000, 997)
    back = [timeline.frame_at(second) for second in timeline.seconds_at(frames)]
    np.testing.assert_allclose(back, frames, atol=1e-6)


def test_fps_base_divides_so_that_30_over_1_001_is_29_97() -> None:
    assert Timeline(30, 1.001).rate == pytest.approx(29.97003, abs=1e-5)
    assert Timeline(24, 1.001).rate == pytest.approx(23.97602, abs=1e-5)
    # An hour of 29.97 is 108 frames short of an hour of 30.
    assert Timeline(30, 1.001, start=0).frame_at(3600) == pytest.approx(108_000 - 107.89, abs=0.01)


def test_a_range_includes_both_ends() -> None:
    span = Timeline(25, start=1).covering(1.0)
    assert (span.first, span.last, span.count) == (1, 26, 26)
    assert span.frames()[0] == 1
    assert span.frames()[-1] == 26


@pytest.mark.parametrize(("fps", "base"), [(24, 1), (30, 1), *NTSC])
@pytest.mark.parametrize("count", [1, 2, 25, 36_000])
def test_as_many_scene_frames_as_samples_at_the_scenes_own_rate(fps: float, base: float, count: int) -> None:
    timeline = Timeline(fps, base, start=7)
    assert timeline.covering((count - 1) / timeline.request_rate).count == count


def test_a_partial_frame_at_the_end_is_covered() -> None:
    assert Timeline(24, start=1).covering(1.01).last == 26


def test_ranges_join_and_refuse_to_run_backwards() -> None:
    assert FrameRange(1, 10).joined(FrameRange(5, 40)) == FrameRange(1, 40)
    assert FrameRange(20, 30).joined(FrameRange(25, 26)) == FrameRange(20, 30)
    with pytest.raises(ValueError, match="ends before"):
        FrameRange(2, 1)


def test_a_rate_beyond_what_a_performance_may_have_is_brought_into_reach() -> None:
    assert Timeline(1000).request_rate == 240
    assert Timeline(1, 2).request_rate == 1
    with pytest.raises(ValueError, match="positive"):
        Timeline(0)

"""Resampling, thinning and smoothing keep what the eye would miss."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core import curves
from addon.core.rotation import matrix_from_angles, matrix_from_quaternion, quaternion_from_matrix

RNG = np.random.default_rng(4)


def test_resampling_at_the_same_rate_changes_no_bit() -> None:
    values = RNG.random((400, 5), dtype=np.float32)
    times = np.arange(400) / (30 / 1.001)
    np.testing.assert_array_equal(curves.resample(values, 30 / 1.001, times), values)


def test_resampling_agrees_with_interpolation_done_one_curve_at_a_time() -> None:
    values = RNG.random((90, 4), dtype=np.float32)
    times = np.linspace(-0.5, 4.0, 333)
    slow = np.stack([np.interp(times, np.arange(90) / 30, values[:, c]) for c in range(4)], axis=1)
    np.testing.assert_allclose(curves.resample(values, 30, times), slow, atol=1e-5)


def test_a_turn_past_half_a_circle_goes_the_short_way() -> None:
    angles = np.radians([[170.0], [-170.0]])
    middle = curves.resample_angles(angles, 1, np.array([0.5]))
    assert np.degrees(middle[0, 0]) % 360 == pytest.approx(180, abs=1e-3)


def test_rotations_between_two_samples_are_of_unit_length_and_evenly_turned() -> None:
    ends = quaternion_from_matrix(matrix_from_angles(np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])))
    ends[1] *= -1  # the same rotation, written with the other sign
    turned = curves.resample_quaternions(ends, 1, np.linspace(0, 1, 11))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-6)
    expected = matrix_from_angles(np.stack([np.zeros(11), np.linspace(0, 2, 11), np.zeros(11)], axis=1))
    np.testing.assert_allclose(matrix_from_quaternion(turned), expected, atol=1e-5)
    assert np.all(np.sum(turned[1:] * turned[:-1], axis=1) > 0)


def test_valleys_are_found_and_ripples_are_not() -> None:
    time = np.arange(200)
    signal = 1 - np.exp(-(((time - 50) / 4) ** 2)) - 0.5 * np.exp(-(((time - 130) / 4) ** 2))
    signal += 0.01 * np.sin(time)
    positions, values = curves.valleys(signal, 0.1)
    np.testing.assert_allclose(positions, [50, 130], atol=1)
    assert values[0] < 0.05 < values[1]


def test_a_flat_floor_is_one_valley_at_its_middle() -> None:
    positions, _ = curves.valleys(np.array([1, 1, 0, 0, 0, 1, 1.0]), 0.5)
    assert positions.tolist() == [3]


def test_frames_pass_through_moments_and_time_never_runs_back() -> None:
    times = np.arange(48) / 24
    moments = np.sort(RNG.uniform(0, 47 / 24, 20))
    moved = curves.through_moments(times, moments)
    assert np.all(np.diff(moved) >= 0)
    assert np.abs(moved - times).max() <= 0.5 / 24 + 1e-12
    missed = [m for m in moments if m not in moved]
    for moment in missed:  # only where the frame next to it shows a moment that came first
        assert moved[round(moment * 24)] in moments


def test_the_more_important_of_two_moments_on_one_frame_is_shown() -> None:
    moved = curves.through_moments(np.arange(4) / 10, np.array([0.12, 0.09]))
    assert moved.tolist() == [0.0, 0.12, 0.2, pytest.approx(0.3)]


@pytest.mark.parametrize("tolerance", [0.001, 0.01, 0.1])
def test_thinned_curves_stay_within_tolerance_and_keep_their_ends(tolerance: float) -> None:
    walk = np.cumsum(RNG.normal(0, 0.02, 1000))
    kept = curves.decimate(walk, tolerance)
    knots = np.flatnonzero(kept)
    assert kept[0]
    assert kept[-1]
    assert np.abs(np.interp(np.arange(1000), knots, walk[knots]) - walk).max() <= tolerance
    assert kept.sum() < 1000


def test_a_straight_line_is_thinned_to_its_ends_and_named_samples_stay() -> None:
    line = np.linspace(0, 1, 50)
    assert np.flatnonzero(curves.decimate(line, 1e-6)).tolist() == [0, 49]
    keep = np.zeros(50, bool)
    keep[17] = True
    assert np.flatnonzero(curves.decimate(line, 1e-6, keep)).tolist() == [0, 17, 49]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_curves_survive_everything(count: int) -> None:
    values = RNG.random((count, 2), dtype=np.float32)
    assert curves.decimate(values[:, 0], 0.0).all() or count == 3
    assert curves.smooth(values, 30, 0.1).shape == (count, 2)
    assert curves.resample(values, 30, np.arange(5) / 24).shape == (5, 2)


def test_smoothing_keeps_a_constant_and_spreads_an_impulse_evenly() -> None:
    constant = np.full((60, 1), 0.7, np.float32)
    np.testing.assert_allclose(curves.smooth(constant, 30, 0.2), constant, atol=1e-6)
    impulse = np.zeros((61, 1), np.float32)
    impulse[30] = 1
    spread = curves.smooth(impulse, 30, 0.1)[:, 0]
    np.testing.assert_allclose(spread, spread[::-1], atol=1e-7)
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    offsets = np.arange(61) - 30
    assert np.sqrt((spread * offsets**2).sum()) == pytest.approx(3.0, rel=0.02)  # 0.1 s at 30 fps

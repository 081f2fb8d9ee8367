"""Metrics of lips and timing, each against a case whose answer is known without it."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest

from addon.core.performance import Performance
from backend.evaluation.articulation import (
    follow_sound,
    mouth_fit,
    spans_of,
    viseme_frames,
    viseme_opening_correlation,
    visemes_in,
)
from backend.evaluation.contacts import Closures, closures
from backend.evaluation.geometry import LIPS, UPPER, distances, upper_face_dynamics_deviation
from backend.evaluation.intensity import intensity_correlation, lip_intensity, speech_intensity
from backend.evaluation.misalignment import COMPARABLE, misalignment, warping_path
from backend.evaluation.signals import common_frames, labels_at, pearson
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap
from backend.rules.layers import Direction
from backend.rules.performer import perform_line
from backend.speech.phones import Phone
from tests.backend.lines import MAMA_PAPA, line_of

FPS = 30.0


@pytest.fixture(scope="module")
def spoken() -> Performance:
    return perform_line(line_of(MAMA_PAPA), Direction(FPS, 1))


def changed(performance: Performance, **arrays: np.ndarray) -> Performance:
    return replace(performance, **arrays)


def mouth_track(seconds: float, fps: float = FPS, seed: int = 0) -> np.ndarray:
    """An opening curve of irregular syllables, about four a second."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * fps)) / fps
    centres = np.cumsum(random.uniform(0.17, 0.33, round(seconds * 6)))
    sizes = random.uniform(0.1, 0.35, len(centres))
    return sum(s * np.exp(-((at - c) ** 2) / (2 * 0.05**2)) for c, s in zip(centres, sizes, strict=True))


def from_phones(names: list[str], pace: float = 0.1) -> tuple[Phone, ...]:
    return tuple(Phone(n, k * pace, (k + 1) * pace) for k, n in enumerate(names))


# Distances


def test_a_performance_is_at_no_distance_from_itself(spoken: Performance) -> None:
    found = distances(spoken, spoken)
    assert (found.lmd, found.m_lmd, found.f_lmd, found.lvd, found.lve, found.fdd) == (0, 0, 0, 0, 0, 0)


def test_one_lip_point_off_by_a_tenth_is_the_whole_lip_vertex_error(spoken: Performance) -> None:
    """LVE takes the worst point (0.1); M-LMD the mean of twenty after centring: 0.1 (2 x 19 / 20) / 20."""
    moved = spoken.landmarks.copy()
    moved[:, 57, 1] -= 0.1
    found = distances(changed(spoken, landmarks=moved), spoken)
    assert found.lve == pytest.approx(0.1, abs=1e-6)
    assert found.m_lmd == pytest.approx(0.1 * (2 * 19 / 20) / 20, abs=1e-6)
    assert found.lvd == pytest.approx(0.0, abs=1e-5)  # it does not move otherwise than the reference


def test_a_mouth_moved_as_a_whole_counts_in_the_lip_vertex_error_alone(spoken: Performance) -> None:
    moved = spoken.landmarks.copy()
    moved[:, LIPS, 0] += 0.05
    found = distances(changed(spoken, landmarks=moved), spoken)
    assert found.lve == pytest.approx(0.05, abs=1e-6)
    assert found.m_lmd == pytest.approx(0.0, abs=1e-6)


def test_a_turned_head_counts_in_the_distance_as_seen_alone(spoken: Performance) -> None:
    head = spoken.head.copy()
    head[:, 1] += 0.2
    found = distances(changed(spoken, head=head), spoken)
    assert found.lmd > 0.02
    assert found.f_lmd == 0.0


def test_upper_face_dynamics_are_positive_for_a_face_that_is_too_still() -> None:
    """A point that swings by a: its squared distance from rest swings by a^2, with deviation a^2 / sqrt(8)."""
    at = np.arange(300) / 30.0
    neutral = np.zeros((len(UPPER), 3))
    lively = np.zeros((300, len(UPPER), 3))
    lively[:, :, 1] = 0.1 * np.sin(2 * np.pi * at)[:, None]
    assert upper_face_dynamics_deviation(lively * 0, lively, neutral) == pytest.approx(0.01 / np.sqrt(8), rel=1e-3)
    assert upper_face_dynamics_deviation(lively, lively * 0, neutral) == pytest.approx(-0.01 / np.sqrt(8), rel=1e-3)


def test_performances_at_other_rates_are_not_compared(spoken: Performance) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        common_frames(spoken, perform_line(line_of(MAMA_PAPA), Direction(60, 1)))


# Misalignment


@pytest.mark.parametrize("frames", [0, 1, 2, 4])
def test_misalignment_of_a_shifted_copy_is_the_shift(frames: int) -> None:
    track = mouth_track(4.0)
    found = misalignment(np.concatenate([np.full(frames, track[0]), track])[: len(track)], track, FPS)
    assert found.seconds == pytest.approx(frames / FPS, abs=0.012)
    assert found.comparable


def test_misalignment_does_not_mind_the_size_of_the_opening() -> None:
    track = mouth_track(4.0)
    assert misalignment(0.3 * track, track, FPS).seconds == pytest.approx(0.0, abs=0.01)


def test_misalignment_of_far_and_of_unrelated_motion_is_told_apart_by_its_match_rate() -> None:
    track = mouth_track(4.0)
    far = misalignment(np.concatenate([np.zeros(15), track])[: len(track)], track, FPS)
    unrelated = misalignment(mouth_track(4.0, seed=9), track, FPS)
    assert far.seconds < 0.4  # half a second, saturated
    assert far.match_rate < COMPARABLE
    assert unrelated.match_rate < COMPARABLE


def test_a_still_mouth_matches_nothing() -> None:
    found = misalignment(np.zeros(120), mouth_track(4.0), FPS)
    assert found.match_rate == 0.0
    assert np.isnan(found.seconds)


def test_the_warping_path_is_the_cheapest_one() -> None:
    """Against every monotone path of a small case, enumerated."""
    random = np.random.default_rng(3)
    a, b = random.normal(size=5), random.normal(size=4)

    def cheapest(i: int, j: int) -> float:
        here = abs(a[i] - b[j])
        before = [cheapest(p, q) for p, q in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p >= 0 and q >= 0]
        return here + (min(before) if before else 0.0)

    i, j = warping_path(a, b)
    assert np.abs(a[i] - b[j]).sum() == pytest.approx(cheapest(4, 3))
    assert (np.diff(i) >= 0).all()
    assert (np.diff(j) >= 0).all()


# Intensity


def test_louder_lines_that_move_the_lips_more_correlate_within_each_speaker(spoken: Performance) -> None:
    who = ["a"] * 4 + ["b"] * 4
    sound = [1.0, 2.0, 3.0, 4.0, 0.1, 0.2, 0.3, 0.4]
    assert intensity_correlation(sound, [1, 2, 3, 4, 10, 20, 30, 40], who) == pytest.approx(1.0)
    assert intensity_correlation(sound, [4, 3, 2, 1, 40, 30, 20, 10], who) == pytest.approx(-1.0)
    assert np.isnan(intensity_correlation([1.0, 2.0], [1.0, 2.0], ["a", "b"]))  # one clip each says nothing


def test_intensities_are_root_mean_squares() -> None:
    assert speech_intensity(np.array([0.5, -0.5], np.float32)) == pytest.approx(0.5)
    moving = np.zeros((5, 70, 3))
    moving[:, LIPS, 1] = 0.02 * np.arange(5)[:, None]
    assert lip_intensity(moving, 30.0) == pytest.approx(0.6)


# Closures


def test_rules_with_the_right_phones_close_on_every_bilabial_and_nowhere_else() -> None:
    line = line_of(MAMA_PAPA)
    found = closures(inner_lip_gap(perform_line(line, Direction(FPS, 1)).landmarks), FPS, line.phones)
    assert found.bilabials == sum(p.name in "PBM" for p in line.phones)
    assert found.recall == 1.0
    assert found.precision == 1.0


def test_lips_that_are_forced_open_lose_recall() -> None:
    line = line_of(MAMA_PAPA)
    gap = inner_lip_gap(perform_line(line, Direction(FPS, 1)).landmarks)
    assert closures(np.maximum(gap, 2 * CLOSED_LIPS), FPS, line.phones).recall == 0.0
    half = gap.copy()
    half[: len(half) // 2] = 0.1
    assert 0.2 < closures(half, FPS, line.phones).recall < 0.8


def test_lips_that_stay_shut_recall_everything_and_are_not_precise() -> None:
    phones = from_phones("AA T IY P AA S EH T AA B IY K AA N OW".split())
    found = closures(np.zeros(45), FPS, phones)
    assert found.recall == 1.0
    assert found.precision == 0.0


def test_closed_lips_in_pauses_and_beside_them_are_neither_right_nor_wrong() -> None:
    phones = (Phone("SIL", 0.0, 1.0), Phone("AA", 1.0, 2.0), Phone("SIL", 2.0, 3.0))
    gap = np.full(90, 0.2)
    gap[:32], gap[59:] = 0.0, 0.0
    assert closures(gap, FPS, phones) == Closures(0, 0, 0, 0, 0)
    gap[44:47] = 0.0
    assert closures(gap, FPS, phones).closures == 1


def test_a_closure_counts_within_forty_milliseconds_and_not_beyond() -> None:
    phones = (Phone("AA", 0.0, 0.5), Phone("P", 0.5, 0.6), Phone("AA", 0.6, 1.2))
    for at, hit in ((0.47, 1), (0.63, 1), (0.44, 0), (0.66, 0)):
        gap = np.full(120, 0.2)
        gap[round(at * 100)] = 0.0
        assert closures(gap, 100.0, phones).closed == hit


def test_lips_on_teeth_are_counted_apart() -> None:
    phones = from_phones(["AA", "AA", "F", "AA", "AA", "P", "AA", "AA", "AA", "AA"])
    gap = np.full(100, 0.2)
    gap[21:29] = gap[51:59] = 0.01
    found = closures(gap, 100.0, phones)
    assert (found.closures, found.on_bilabial, found.on_labiodental) == (2, 1, 1)
    assert (found.precision, found.strict_precision) == (1.0, 0.5)
    assert (found + found).closures == 4


# Articulation


def test_viseme_frames_count_right_frames_with_and_without_silence() -> None:
    truth = [("sil", 0.0, 1.0), ("aa", 1.0, 2.0)]
    late = [("sil", 0.0, 1.25), ("aa", 1.25, 2.0)]
    found = viseme_frames(late, truth, 2.0)
    assert found.accuracy == pytest.approx(0.875)
    assert found.speech_accuracy == pytest.approx(0.75)
    assert viseme_frames(truth, truth, 2.0).accuracy == 1.0


def test_the_opening_of_visemes_tells_a_late_mouth_from_a_wrong_one() -> None:
    truth = [("sil", 0.0, 0.5), ("aa", 0.5, 0.8), ("PP", 0.8, 0.9), ("E", 0.9, 1.2), ("sil", 1.2, 2.0)]
    late = [(name, start + 0.05, end + 0.05) for name, start, end in truth]
    wrong = [("aa" if name == "sil" else "sil", start, end) for name, start, end in truth]
    assert viseme_opening_correlation(truth, truth, 2.0) == pytest.approx(1.0)
    assert 0.8 < viseme_opening_correlation(late, truth, 2.0) < 0.97
    assert viseme_opening_correlation(wrong, truth, 2.0) < -0.8
    assert np.isnan(viseme_opening_correlation([], truth, 2.0))


def test_what_a_performance_says_it_performed_is_read_from_its_meta(spoken: Performance) -> None:
    phones = line_of(MAMA_PAPA).phones
    read, said = visemes_in(spoken), spans_of(phones)
    assert read is not None
    assert [name for name, _, _ in read] == [name for name, _, _ in said]
    np.testing.assert_allclose([start for _, start, _ in read], [start for _, start, _ in said], atol=1e-3)
    assert visemes_in(changed(spoken, meta={})) is None


def test_a_mouth_fits_itself_and_a_still_one_fits_nothing(spoken: Performance) -> None:
    assert astuple(mouth_fit(spoken, spoken)) == pytest.approx((1.0, 1.0, 1.0, 1.0))
    still = changed(spoken, landmarks=np.repeat(spoken.landmarks[:1], spoken.frame_count, axis=0))
    fit = mouth_fit(still, spoken)
    assert np.isnan(fit.opening_r)
    assert fit.opening_range == fit.width_range == 0.0
    assert np.isnan(mouth_fit(spoken, still).opening_range)


def test_a_mouth_that_mumbles_has_the_shape_of_the_speech_and_not_its_range(spoken: Performance) -> None:
    mean = spoken.landmarks.mean(axis=0)
    fit = mouth_fit(changed(spoken, landmarks=mean + 0.5 * (spoken.landmarks - mean)), spoken)
    assert fit.width_r > 0.98
    assert 0.45 < fit.opening_range < 0.55
    assert 0.45 < fit.width_range < 0.55


def test_a_mouth_that_follows_the_sound_is_open_inside_speech_and_shut_outside() -> None:
    line = line_of("SIL T AA D EH K AA SIL S AA T EH D AA SIL".split(), pace=0.12, pause=1.0)
    performance = perform_line(line, Direction(FPS, 1))
    found = follow_sound(performance, line.prosody)
    assert found.loudness_r > 0.7
    assert found.open_inside > 0.8
    assert found.open_outside < 0.3
    late = changed(performance, landmarks=np.roll(performance.landmarks, 15, axis=0))
    assert follow_sound(late, line.prosody).loudness_r < 0.5 * found.loudness_r


def test_labels_are_read_off_spans_and_rest_outside() -> None:
    found = labels_at([("a", 0.1, 0.2), ("b", 0.2, 0.3)], np.array([0.0, 0.1, 0.2, 0.3]), "-")
    assert found.tolist() == ["-", "a", "b", "-"]


def test_pearson_of_a_constant_is_unknown() -> None:
    assert np.isnan(pearson(np.zeros(5), np.arange(5.0)))

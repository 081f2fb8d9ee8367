"""Head pose, gaze, scale and identity leave the landmarks and come back."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, CHANNELS
from addon.core.errors import PerformanceError
from backend.face import landmarks as lm
from backend.face.basis import landmarks_from_channels, load_basis
from backend.face.normalize import normalize, relocate

BASIS = load_basis()


def expressive(frames: int, seed: int = 1) -> np.ndarray:
    channels = np.random.default_rng(seed).uniform(0, 1, (frames, len(CHANNELS))) ** 3
    return landmarks_from_channels(BASIS, channels)


def poses(frames: int, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    limit = np.radians(60)
    return np.concatenate([rng.uniform(-limit, limit, (frames, 3)), rng.normal(0, 0.5, (frames, 3))], axis=1)


def gazes(frames: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, 2, 2))


@pytest.mark.parametrize("scale", [0.06, 1.0, 97.0])
def test_known_pose_scale_and_gaze_are_undone_exactly(scale: float) -> None:
    face, head, gaze = expressive(200), poses(200), gazes(200)
    posed = relocate(face, head, scale, BASIS, gaze=gaze)
    again, same_head, same_scale = normalize(posed, BASIS, gaze=gaze, head=head, scale=scale)
    np.testing.assert_allclose(again, face, atol=1e-5)
    np.testing.assert_allclose(same_head, head, atol=1e-6)
    assert same_scale == scale


@pytest.mark.parametrize("scale", [0.06, 1.0, 97.0])
def test_fitted_pose_brings_any_expression_back_to_where_it_was(scale: float) -> None:
    posed = relocate(expressive(200), poses(200), scale, BASIS, gaze=gazes(200))
    face, head, found = normalize(posed, BASIS)
    np.testing.assert_allclose(relocate(face, head, found, BASIS) / scale, posed / scale, atol=1e-5)


def test_pose_and_scale_are_found_exactly_when_the_rigid_points_rest() -> None:
    face, head = expressive(200), poses(200)
    face[:, list(lm.RIGID)] = BASIS.neutral[list(lm.RIGID)]
    again, found_head, scale = normalize(relocate(face, head, 3.5, BASIS), BASIS)
    np.testing.assert_allclose(found_head, head, atol=1e-5)
    np.testing.assert_allclose(again, face, atol=1e-5)
    assert scale == pytest.approx(3.5, rel=1e-5)


def test_a_full_blink_smile_or_open_jaw_is_mistaken_for_less_than_a_degree_of_head_turn() -> None:
    for names in (("eyeBlinkLeft", "eyeBlinkRight"), ("mouthSmileLeft", "mouthSmileRight"), ("jawOpen",)):
        channels = np.zeros((1, len(CHANNELS)), dtype=np.float32)
        channels[0, [CHANNEL_INDEX[n] for n in names]] = 1
        _, head, _ = normalize(landmarks_from_channels(BASIS, channels), BASIS)
        assert np.degrees(np.abs(head[0, :3])).max() < 1.0, names


def test_known_head_with_unknown_scale_finds_the_scale() -> None:
    head = poses(50)
    posed = relocate(np.repeat(BASIS.neutral[None], 50, axis=0), head, 12.0, BASIS)
    again, _, scale = normalize(posed, BASIS, head=head)
    assert scale == pytest.approx(12.0, rel=1e-5)
    np.testing.assert_allclose(again, np.broadcast_to(BASIS.neutral, again.shape), atol=1e-5)


def test_another_speakers_face_becomes_the_canonical_one() -> None:
    rng = np.random.default_rng(5)
    identity = BASIS.neutral * np.array([1.1, 0.9, 1.05]) + rng.normal(0, 0.02, (70, 3))
    rest = np.repeat(BASIS.neutral[None], 40, axis=0)
    posed = relocate(rest, poses(40), 2.0, BASIS, identity=identity)
    again, head, _ = normalize(posed, BASIS, identity=identity)
    np.testing.assert_allclose(head, poses(40), atol=1e-5)
    np.testing.assert_allclose(again, rest, atol=1e-5)


def test_gaze_moves_only_the_pupils_down_for_pitch_and_left_for_yaw() -> None:
    rest, still = BASIS.neutral[None], np.zeros((1, 6))
    gaze = np.zeros((1, 2, 2))
    gaze[0, 0] = (0.3, 0.0)
    gaze[0, 1] = (0.0, 0.3)
    change = (relocate(rest, still, 1.0, BASIS, gaze=gaze) - rest)[0]
    assert change[lm.LEFT_PUPIL, 1] < -0.05
    assert change[lm.RIGHT_PUPIL, 0] > 0.05
    assert np.abs(change[:68]).max() < 1e-6


def test_pupils_keep_their_distance_from_the_eyeball() -> None:
    posed = relocate(np.repeat(BASIS.neutral[None], 100, axis=0), np.zeros((100, 6)), 1.0, BASIS, gaze=gazes(100))
    arms = np.linalg.norm(posed[:, list(lm.PUPILS)] - BASIS.eyeballs, axis=-1)
    rest = np.linalg.norm(BASIS.neutral[list(lm.PUPILS)] - BASIS.eyeballs, axis=-1)
    np.testing.assert_allclose(arms, np.broadcast_to(rest, arms.shape), atol=1e-5)


def test_a_mirrored_cloud_never_gives_an_improper_rotation() -> None:
    flipped = BASIS.neutral[None] * np.array([1, 1, -1])
    face, head, scale = normalize(flipped, BASIS)
    np.testing.assert_allclose(relocate(face, head, scale, BASIS), flipped, atol=1e-5)


def test_points_that_are_no_face_are_refused() -> None:
    with pytest.raises(PerformanceError, match="span a face"):
        normalize(np.zeros((4, 70, 3)), BASIS)
    with pytest.raises(PerformanceError, match="span a face"):
        normalize(np.zeros((0, 70, 3)), BASIS)
    with pytest.raises(PerformanceError, match="shape"):
        normalize(np.zeros((4, 68, 3)), BASIS)

"""Rotations: the axes of the contract, and every conversion there and back."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core import rotation

FORWARD = np.array([0.0, 0.0, 1.0])
UP = np.array([0.0, 1.0, 0.0])


def random_angles(count: int, limit: float = np.pi, seed: int = 0) -> np.ndarray:
    angles = np.random.default_rng(seed).uniform(-limit, limit, (count, 3))
    angles[:, 0] *= 0.499
    return angles


def single_axis(axis: int, angle: float) -> np.ndarray:
    """Textbook rotation about one axis, written independently of the product under test."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[b, a], matrix[a, b] = np.sin(angle), -np.sin(angle)
    return matrix


def test_positive_pitch_looks_down() -> None:
    gaze = rotation.matrix_from_angles(np.array([0.3, 0.0, 0.0])) @ FORWARD
    assert gaze[1] == pytest.approx(-np.sin(0.3))


def test_positive_yaw_turns_to_the_characters_left() -> None:
    gaze = rotation.matrix_from_angles(np.array([0.0, 0.3, 0.0])) @ FORWARD
    assert gaze[0] == pytest.approx(np.sin(0.3))


def test_positive_roll_tilts_towards_the_right_shoulder() -> None:
    crown = rotation.matrix_from_angles(np.array([0.0, 0.0, 0.3])) @ UP
    assert crown[0] == pytest.approx(-np.sin(0.3))


def test_roll_is_applied_first_then_pitch_then_yaw() -> None:
    for pitch, yaw, roll in random_angles(20):
        expected = single_axis(1, yaw) @ single_axis(0, pitch) @ single_axis(2, roll)
        np.testing.assert_allclose(rotation.matrix_from_angles(np.array([pitch, yaw, roll])), expected, atol=1e-12)


def test_angles_come_back_from_matrices() -> None:
    angles = random_angles(500)
    np.testing.assert_allclose(rotation.angles_from_matrix(rotation.matrix_from_angles(angles)), angles, atol=1e-9)


@pytest.mark.parametrize("pitch", [np.pi / 2, -np.pi / 2])
def test_looking_straight_up_or_down_keeps_the_rotation(pitch: float) -> None:
    matrices = rotation.matrix_from_angles(np.array([[pitch, 0.4, -0.7], [pitch, -2.0, 1.0]]))
    again = rotation.matrix_from_angles(rotation.angles_from_matrix(matrices))
    np.testing.assert_allclose(again, matrices, atol=1e-9)


def test_matrices_come_back_from_quaternions_even_at_half_turns() -> None:
    half_turns = np.array([np.diag([1, -1, -1]), np.diag([-1, 1, -1]), np.diag([-1, -1, 1]), np.eye(3)], dtype=float)
    matrices = np.concatenate([rotation.matrix_from_angles(random_angles(500)), half_turns])
    quaternions = rotation.quaternion_from_matrix(matrices)
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=-1), 1.0, atol=1e-12)
    assert (quaternions[:, 0] >= 0).all()
    np.testing.assert_allclose(rotation.matrix_from_quaternion(quaternions), matrices, atol=1e-9)


def test_quaternion_order_is_w_x_y_z() -> None:
    quaternion = rotation.quaternion_from_matrix(rotation.matrix_from_angles(np.array([0.6, 0.0, 0.0])))
    np.testing.assert_allclose(quaternion, [np.cos(0.3), np.sin(0.3), 0.0, 0.0], atol=1e-12)


def test_a_quaternion_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length zero"):
        rotation.matrix_from_quaternion(np.zeros(4))


def test_continuous_quaternions_never_jump_to_the_other_sign() -> None:
    turn = np.linspace(0, 4 * np.pi, 200)
    angles = np.stack([np.zeros_like(turn), turn, 0.1 * np.sin(turn)], axis=1)
    raw = rotation.quaternion_from_matrix(rotation.matrix_from_angles(angles))
    smooth = rotation.continuous(raw)
    assert np.abs(np.diff(raw, axis=0)).max() > 1.0
    assert np.abs(np.diff(smooth, axis=0)).max() < 0.05
    np.testing.assert_allclose(
        rotation.matrix_from_quaternion(smooth), rotation.matrix_from_quaternion(raw), atol=1e-12
    )


@pytest.mark.parametrize("frames", [0, 1])
def test_continuous_takes_no_frames_or_one(frames: int) -> None:
    quaternions = np.tile(np.array([1.0, 0, 0, 0]), (frames, 1))
    np.testing.assert_array_equal(rotation.continuous(quaternions), quaternions)


def test_float32_stays_float32_and_leading_shape_is_free() -> None:
    angles = random_angles(12).astype(np.float32).reshape(3, 4, 3)
    matrices = rotation.matrix_from_angles(angles)
    quaternions = rotation.quaternion_from_matrix(matrices)
    assert matrices.shape == (3, 4, 3, 3)
    assert matrices.dtype == np.float32
    assert quaternions.shape == (3, 4, 4)
    assert quaternions.dtype == np.float32
    np.testing.assert_allclose(rotation.angles_from_matrix(matrices), angles, atol=2e-5)

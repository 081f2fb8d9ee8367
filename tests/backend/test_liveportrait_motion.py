"""Keypoints, motion and pixels: formulas against an independent reading of them in numpy, and what must not change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from addon.core.errors import RequestError
from addon.core.rotation import matrix_from_angles
from backend.generator.liveportrait.crop import Crop, crop_about_face, take
from backend.generator.liveportrait.dense_motion import DenseMotionNetwork, cell_grid, heat
from backend.generator.liveportrait.face_fit import CLICKED, fit_clicks
from backend.generator.liveportrait.gaze import gaze_offsets
from backend.generator.liveportrait.motion import Motion
from backend.generator.liveportrait.openings import eye_openings, lip_opening, opened
from backend.generator.liveportrait.paste import paste_into
from backend.generator.liveportrait.pose import (
    degrees_of_bins,
    degrees_of_rotation,
    rotation_of_degrees,
    rotation_of_turn,
)
from tests.backend.faces import draw_face, face_points, performance_of, portrait_points
from tests.backend.portraits import TINY, random_networks


def rotation_in_numpy(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """(Rz Ry Rx)^T, each written out, degrees."""
    p, y, r = np.deg2rad([pitch, yaw, roll])
    x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    u = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return (z @ u @ x).T


def test_rotations_are_the_documented_product() -> None:
    rng = np.random.default_rng(0)
    angles = rng.uniform(-80, 80, size=(20, 3))
    ours = rotation_of_degrees(torch.from_numpy(angles))
    expected = np.stack([rotation_in_numpy(*row) for row in angles])
    np.testing.assert_allclose(ours, expected, atol=1e-12)
    np.testing.assert_allclose(degrees_of_rotation(ours), angles, atol=1e-9)
    np.testing.assert_allclose(ours @ ours.mT, np.broadcast_to(np.eye(3), (20, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(torch.linalg.det(ours), np.ones(20), atol=1e-12)


def test_degrees_are_the_expectation_over_classes_three_degrees_apart() -> None:
    assert float(degrees_of_bins(torch.zeros(1, 66))) == pytest.approx(0.0, abs=1e-4)
    for number in (0, 10, 65):
        logits = torch.full((1, 66), -50.0)
        logits[0, number] = 50.0
        assert float(degrees_of_bins(logits)) == pytest.approx(3 * number - 97.5, abs=1e-3)
    logits = np.random.default_rng(1).normal(size=66)
    share = np.exp(logits) / np.exp(logits).sum()
    expected = float((share * np.arange(66)).sum() * 3 - 97.5)
    assert float(degrees_of_bins(torch.from_numpy(logits[None]))) == pytest.approx(expected, abs=1e-9)


def test_keypoints_are_scaled_turned_and_shifted_as_documented() -> None:
    rng = np.random.default_rng(2)
    canonical, expression = rng.normal(size=(2, 21, 3)), 0.1 * rng.normal(size=(2, 21, 3))
    angles, scale, shift = rng.uniform(-30, 30, size=(2, 3)), rng.uniform(1, 2, size=(2, 1)), rng.normal(size=(2, 3))
    tensors = [torch.from_numpy(a) for a in (canonical, expression)]
    motion = Motion(*tensors, rotation_of_degrees(torch.from_numpy(angles)), *map(torch.from_numpy, (scale, shift)))
    for b in range(2):
        for k in range(21):
            turned = canonical[b, k] @ rotation_in_numpy(*angles[b]) + expression[b, k]
            np.testing.assert_allclose(motion.keypoints()[b, k], scale[b, 0] * turned + shift[b], atol=1e-12)


def test_our_head_turns_become_the_same_turns_in_its_axes() -> None:
    """A nose of ours (z forward) and one of its (z into the picture) land at the same place of the picture."""
    nose, tip = np.array([0.1, -0.4, 0.9]), np.array([0.1, 0.4, -0.9])
    for angles in ([0.3, 0, 0], [0, 0.4, 0], [0, 0, 0.5], [0.2, -0.3, 0.4]):
        turn = matrix_from_angles(np.array(angles))
        x, y, z = turn @ nose
        rotation = rotation_of_turn(torch.from_numpy(turn)[None])[0].numpy()
        np.testing.assert_allclose(tip @ rotation, [x, -y, -z], atol=1e-12)


def test_keypoints_that_stay_leave_the_volume_where_it_is() -> None:
    network = random_networks().warping_module.dense_motion_network
    torch.manual_seed(0)
    volume, points = torch.randn(2, 8, 2, 16, 16), 0.3 * torch.randn(2, 21, 3)
    with torch.no_grad():
        flow = network(volume, points, points).flow
    grid = cell_grid(2, 16, 16, like=volume)
    torch.testing.assert_close(flow, grid.expand_as(flow), atol=1e-5, rtol=0)


def test_a_place_follows_the_keypoint_whose_mask_it_is() -> None:
    """With all the mask on keypoint 4 the whole volume is taken from where keypoint 4 came from."""
    network = DenseMotionNetwork(TINY).eval()
    torch.nn.init.zeros_(network.mask.weight)
    with torch.no_grad():
        network.mask.bias[1 + 4] = 100.0
    source = 0.3 * torch.randn(1, 21, 3)
    driven = source.clone()
    driven[0, 4] += torch.tensor([0.25, -0.125, 0.5])
    with torch.no_grad():
        flow = network(torch.randn(1, 8, 2, 16, 16), source, driven).flow
    away = flow - cell_grid(2, 16, 16, like=flow)
    torch.testing.assert_close(away, torch.tensor([-0.25, 0.125, -0.5]).expand_as(away))


def test_blobs_stand_on_the_keypoints() -> None:
    grid = cell_grid(3, 5, 9, like=torch.zeros(1))
    assert grid[2, 1, 6].tolist() == pytest.approx([0.5, -0.5, 1.0])
    blob = heat(grid[1, 2, 6][None, None], grid)[0, 0]
    assert blob[1, 2, 6] == 1.0
    assert float(blob[1, 2, 7]) == pytest.approx(np.exp(-0.5 * 0.25**2 / 0.01), rel=1e-5)


def test_stitching_without_weight_changes_nothing_and_shifts_by_its_last_two_numbers() -> None:
    stacks = random_networks().retargeting
    source, driven = torch.randn(2, 21, 3), torch.randn(2, 21, 3)
    last = stacks.stitching.mlp[-1]
    with torch.no_grad():
        last.weight.zero_()  # pyright: ignore[reportCallIssue]
        last.bias.zero_()  # pyright: ignore[reportCallIssue]
        torch.testing.assert_close(stacks.stitch(source, driven), driven)
        last.bias[-2:] = torch.tensor([0.2, -0.1])  # pyright: ignore[reportIndexIssue]
        moved = stacks.stitch(source, driven) - driven
    torch.testing.assert_close(moved, torch.tensor([0.2, -0.1, 0.0]).expand_as(moved))


def test_gaze_moves_both_eyeballs_the_way_the_eyes_look() -> None:
    canonical = torch.zeros(21, 3)
    canonical[11, 0], canonical[15, 0] = -0.2, 0.2
    level = torch.zeros(1, 4)
    assert not gaze_offsets(level, canonical).any()
    left = gaze_offsets(torch.tensor([[0.0, 0.2, 0.0, 0.2]]), canonical)[0]
    degrees = np.rad2deg(0.2)
    assert float(left[11, 0]) == pytest.approx(0.0007 * degrees, rel=1e-5)
    assert float(left[15, 0]) == pytest.approx(0.001 * degrees, rel=1e-5)
    right = gaze_offsets(torch.tensor([[0.0, -0.2, 0.0, -0.2]]), canonical)[0]
    assert float(right[11, 0]) == pytest.approx(-0.001 * degrees, rel=1e-5)
    up = gaze_offsets(torch.tensor([[-0.2, 0.0, -0.2, 0.0]]), canonical)[0]
    assert up[11, 1] < 0
    assert up[15, 1] < 0
    assert float(up[13, 1]) == pytest.approx(0.3 * float(up[11, 1]), rel=1e-4)


def test_one_eye_alone_moves_its_own_keypoint_whichever_that_is() -> None:
    gaze = torch.tensor([[0.0, 0.2, 0.0, 0.0]])
    for left, right in ((15, 11), (11, 15)):
        canonical = torch.zeros(21, 3)
        canonical[left, 0], canonical[right, 0] = 0.2, -0.2
        offsets = gaze_offsets(gaze, canonical)[0]
        assert offsets[left, 0] > 0
        assert not offsets[right].any()


def test_openings_are_zero_for_what_is_shut_and_do_not_depend_on_size() -> None:
    performance = performance_of()
    lips, eyes = lip_opening(performance.landmarks), eye_openings(performance.landmarks)
    assert lips[-1] > 0.3 > lips[0]
    assert eyes[3].max() < 0.1
    assert eyes[0].min() > 0.2
    np.testing.assert_allclose(lip_opening(7.0 * performance.landmarks), lips, rtol=1e-5)


def test_a_performance_at_rest_leaves_the_portrait_as_it_is_and_an_open_jaw_does_not() -> None:
    stacks, performance = random_networks().retargeting, performance_of()
    with torch.no_grad():
        offsets = opened(stacks, torch.randn(1, 21, 3), torch.tensor([[1.3]]), portrait_points(), performance.landmarks)
    assert offsets.shape == (6, 21, 3)
    assert offsets[0].abs().max() < 1e-5
    assert offsets[-1].abs().max() > 1e-4


def test_crops_and_pictures_are_each_others_inverse_and_the_face_is_upright() -> None:
    points = portrait_points()
    crop = crop_about_face(points)
    np.testing.assert_allclose(crop.to_picture(crop.to_crop(points)), points, atol=1e-9)
    inside = crop.to_crop(points)
    eyes, mouth = inside[36:48].mean(axis=0), inside[[48, 54]].mean(axis=0)
    assert abs(eyes[0] - mouth[0]) < 1e-9
    assert eyes[1] < mouth[1]
    assert np.abs(inside).max() < 0.8
    low, high = inside.min(axis=0), inside.max(axis=0)
    assert 2.0 / (high - low).max() == pytest.approx(2.3)
    assert (low + high)[1] / 2 == pytest.approx(0.25)


def test_a_cut_out_face_is_put_back_where_it_was() -> None:
    """What is cut out and pasted again differs only by being drawn twice; outside the crop nothing changes."""
    points = face_points((300.0, 260.0), 60.0, (0.0, 0.1, 0.3))
    picture = np.asarray(Image.fromarray(draw_face(points, (600, 520))).resize((600, 520)))
    crop = crop_about_face(points)
    again = paste_into(picture, crop, torch.device("cpu")).onto(take(picture, crop, 512)[0])
    assert np.abs(again.astype(int) - picture).mean() < 0.6
    white = paste_into(picture, crop, torch.device("cpu")).onto(torch.ones(3, 512, 512))
    rows, columns = np.mgrid[0:520, 0:600]
    places = np.abs(crop.to_crop(np.stack([columns, rows], axis=-1) + 0.5)).max(axis=-1)
    np.testing.assert_array_equal(white[places > 1.0], picture[places > 1.0])
    assert (white[places < 0.8] == 255).all()


def test_a_crop_beyond_the_picture_is_black_there_and_pastes_back() -> None:
    picture = np.full((80, 100, 3), 200, dtype=np.uint8)
    crop = Crop(np.array([95.0, 40.0]), np.array([1.0, 0.0]), 60.0)
    cut = take(picture, crop, 32)
    assert cut[..., -4:].max() == 0.0
    assert float(cut[..., :8].mean()) == pytest.approx(200 / 255, abs=0.01)
    assert paste_into(picture, crop, torch.device("cpu")).onto(cut[0]).shape == (80, 100, 3)


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.1, 0.3, 0.2), (-0.2, -0.4, -0.5), (0.0, 0.0, 2.0)])
def test_few_clicks_find_the_whole_face(angles: tuple[float, float, float]) -> None:
    points = face_points((400.0, 300.0), 120.0, angles)
    clicks = points[list(CLICKED.values())] + np.random.default_rng(0).normal(size=(6, 2))
    fit = fit_clicks(clicks)
    assert fit.scale == pytest.approx(120.0, rel=0.05)
    assert np.linalg.norm(fit.points - points, axis=1).mean() < 0.04 * 120.0
    exchanged = fit_clicks(clicks[[1, 0, 2, 4, 3, 5]])
    np.testing.assert_allclose(exchanged.points, fit.points, atol=1e-6)
    assert np.linalg.norm(fit_clicks(clicks[:5]).points - points, axis=1).mean() < 0.08 * 120.0


def test_clicks_that_are_no_face_are_refused() -> None:
    points = portrait_points()[list(CLICKED.values())]
    for wrong in (points[:3], np.zeros((6, 2)), points[[5, 3, 0, 1, 2, 4]], np.tile(points, (2, 1))):
        with pytest.raises(RequestError, match="right eye, left eye, nose tip"):
            fit_clicks(wrong)

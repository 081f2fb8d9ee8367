"""One fixed camera sees a folded shot just where the moving one saw the scene."""

from __future__ import annotations

import numpy as np
import pytest

from addon.preview.view import View, Window, fold

POINTS = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 40, 3))


def view(away: float, wide: float = 2.0, shift: float = 0.0) -> View:
    eye = np.eye(4)
    eye[:3, 3] = (0.1, -0.2, -away)
    lens = np.zeros((4, 4))
    lens[0, 0], lens[1, 1], lens[0, 2], lens[2, 2], lens[3, 2] = wide, wide * 1.5, shift, -1.0, -1.0
    return View(eye, lens)


def parallel() -> View:
    seen = view(3.0)
    return View(seen.eye, np.diag([0.8, 1.2, -1.0, 1.0]))


def places(vertices: np.ndarray, angle: float, aspect: float) -> np.ndarray:
    """Where the fixed camera of a shot sees vertices, -1..1."""
    return vertices[..., :2] / (-vertices[..., 2:] * np.tan(angle / 2) * np.array([aspect, 1.0]))


@pytest.mark.parametrize("window", [Window(), Window((0.2, -0.1), (0.3, 0.4))])
@pytest.mark.parametrize("views", [[view(3.0), view(4.0, 3.0, 0.2)], [parallel(), parallel()]])
def test_a_folded_shot_is_seen_as_the_scene_was(window: Window, views: list[View]) -> None:
    vertices, angle = fold(POINTS, views, window, 1.5)
    for points, folded, camera in zip(POINTS, vertices, views, strict=True):
        wanted = (camera.places(points) - window.middle) / window.half
        np.testing.assert_allclose(places(folded, angle, 1.5), wanted, atol=1e-4)


def test_what_is_near_stays_near() -> None:
    for views in ([view(3.0)], [parallel()]):
        vertices, _ = fold(POINTS[:1], views, Window(), 1.0)
        np.testing.assert_array_equal(np.argsort(vertices[0, :, 2]), np.argsort(POINTS[0, :, 2]))


def test_a_shot_without_zoom_keeps_its_sizes() -> None:
    vertices, _ = fold(POINTS[:1], [view(3.0)], Window(), 1.5)
    np.testing.assert_allclose(np.ptp(vertices[0], axis=0), np.ptp(POINTS[0], axis=0), rtol=1e-5)


def test_the_window_is_square_round_a_face_and_holds_it_all_the_way() -> None:
    box = np.array([(-0.1, -0.1), (0.1, 0.1)])
    still = Window.around(np.stack([box, box]), 2.0, 0.0, 2.0)
    assert still.half == pytest.approx((0.2, 0.4))
    moving = Window.around(np.stack([box, box + np.array((0.5, 0.0))]), 2.0, 0.0, 2.0)
    assert moving.middle[0] == pytest.approx(0.25)
    assert moving.half[0] > 0.35

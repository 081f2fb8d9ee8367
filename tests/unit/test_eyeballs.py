"""Eyeballs are found among other surfaces as the largest mirrored pair of balls; notes of probed bones come back."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.errors import RigError
from addon.core.eyeballs import Ball, ball_of, eye_pair, surfaces
from addon.core.probes import Probe, Probed, probes_of, probes_text


def sphere(centre: tuple[float, float, float], radius: float, cut: float = -1.0) -> np.ndarray:
    """Points of a ball whose part behind z = cut x radius is missing."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return np.array(centre) + radius * points[points[:, 2] > cut]


@pytest.mark.parametrize("cut", [-1.0, -0.1])
def test_a_ball_is_measured_whole_or_cut_open_behind(cut: float) -> None:
    found = ball_of(sphere((0.3, 1.0, 0.2), 0.12, cut))
    assert found is not None
    np.testing.assert_allclose(found.centre, (0.3, 1.0, 0.2), atol=1e-6)
    assert found.radius == pytest.approx(0.12)


def test_what_is_no_ball_is_none() -> None:
    rng = np.random.default_rng(1)
    assert ball_of(rng.uniform(-1, 1, size=(300, 3))) is None
    assert ball_of(sphere((0, 0, 0), 1.0, 0.8)) is None  # a patch of cheek
    assert ball_of(sphere((0, 0, 0), 1.0)[:5]) is None


def test_the_eyes_are_the_largest_mirrored_pair() -> None:
    lone = Ball(np.array([0.0, 2.0, 0.0]), 1.0)
    right, left = (Ball(np.array([x, 1.0, 0.4]), 0.12) for x in (-0.28, 0.32))
    tooth, other = (Ball(np.array([x, 0.5, 0.4]), 0.03) for x in (-0.1, 0.14))
    assert eye_pair([tooth, lone, left, other, right], middle=0.02) == (right, left)
    assert eye_pair([lone, left], middle=0.02) is None


def test_surfaces_are_what_hangs_together() -> None:
    edges = np.array([[4, 3], [1, 0], [3, 2], [5, 6]])
    assert surfaces(8, edges).tolist() == [0, 0, 2, 2, 2, 5, 5, 7]
    assert surfaces(2, np.zeros((0, 2), dtype=int)).tolist() == [0, 1]


def test_a_note_of_probed_bones_comes_back() -> None:
    moves = np.zeros((70, 3))
    moves[[8, 57]] = (0.0, -1.5, 0.25), (0.1, -1.0, 0.0)
    back = probes_of(probes_text(Probed(0.06, (Probe("b", "pitch", moves),), {"head": "h"})))
    assert (back.unit, back.roles, back.probes[0].bone, back.probes[0].axis) == (0.06, {"head": "h"}, "b", "pitch")
    np.testing.assert_allclose(back.probes[0].moves, moves)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"unit": 1, "roles": {}, "probes": [{"bone": "b", "axis": "w", "moves": {}}]}']
)
def test_a_damaged_note_is_refused(text: str) -> None:
    with pytest.raises(RigError, match="bind the character again"):
        probes_of(text)

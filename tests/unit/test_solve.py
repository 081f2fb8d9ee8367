"""The fast solver finds what the slow one finds, keeps limits, and prefers still and idle controls when asked to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from addon.core.channels import CHANNELS
from addon.core.errors import RigError
from addon.core.solve import Controls, residual, solve
from addon.core.solve_reference import solve_slowly
from backend.face.basis import load_basis


def controls(**weights: float) -> Controls:
    """The 52 channels of the canonical face and what they do to its 68 landmarks."""
    effects = load_basis().displacement[:, :68].reshape(52, -1).astype(np.float64)
    return Controls(effects, np.zeros(52), np.ones(52), **weights)


def face_in_motion(frames: int) -> np.ndarray:
    """Landmark motion of lively channels, beyond what the limits allow at times, with the noise of a tracker."""
    rng = np.random.default_rng(7)
    time_s = np.arange(frames)[:, None] / 30
    values = 0.5 + 0.7 * np.sin(time_s * rng.uniform(0.5, 8, 52) + rng.uniform(0, 6, 52))
    motion = values @ controls().effects
    return motion + rng.normal(0, 0.003, motion.shape)


@pytest.mark.parametrize("weights", [{}, {"sparsity": 0.005}, {"sparsity": 0.002, "temporal": 0.2}])
def test_the_fast_solver_is_within_a_thousandth_of_the_slow_one(weights: dict[str, float]) -> None:
    wanted = face_in_motion(8)
    problem = controls(**weights)
    np.testing.assert_allclose(solve(problem, wanted), solve_slowly(problem, wanted, 1e-5), atol=1e-3)


def test_both_find_the_bounded_least_squares_solution() -> None:
    wanted, problem = face_in_motion(2), controls()
    ridge = np.sqrt(problem.ridge) * np.diag(problem.reach)
    for frame, found in zip(wanted, solve(problem, wanted), strict=True):
        exact = lsq_linear(np.concatenate([problem.effects.T, ridge]), np.pad(frame, (0, 52)), (0.0, 1.0)).x
        np.testing.assert_allclose(found, exact, atol=1e-3)


def test_motion_that_the_controls_can_make_comes_back() -> None:
    values = np.zeros((3, 52))
    values[:, CHANNELS.index("jawOpen")] = 0.2, 0.5, 0.9
    values[:, CHANNELS.index("mouthSmileLeft")] = 0.6
    problem = controls(ridge=1e-3)
    found = solve(problem, values @ problem.effects)
    np.testing.assert_allclose(found[:, CHANNELS.index("jawOpen")], (0.2, 0.5, 0.9), atol=0.03)
    np.testing.assert_allclose(found[:, CHANNELS.index("mouthSmileLeft")], 0.6, atol=0.05)
    assert np.abs(residual(problem, found, values @ problem.effects)).max() < 0.01


def test_limits_hold_and_signed_controls_go_both_ways() -> None:
    problem = Controls(np.eye(2, 3), np.array([-1.0, 0.0]), np.ones(2), ridge=1e-6)
    found = solve(problem, np.array([[-0.5, -0.5, 0.0], [3.0, 3.0, 0.0]]))
    np.testing.assert_allclose(found, [[-0.5, 0.0], [1.0, 1.0]], atol=1e-3)


def test_idle_controls_rest_and_jitter_is_calmed() -> None:
    wanted = face_in_motion(60) * 0.2
    plain = solve(controls(), wanted)
    assert (solve(controls(sparsity=0.02), wanted) == 0).mean() > (plain == 0).mean() + 0.05
    calm = solve(controls(temporal=2.0), wanted)
    assert np.abs(np.diff(calm, 2, axis=0)).mean() < 0.7 * np.abs(np.diff(plain, 2, axis=0)).mean()


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"low": np.full(2, 0.5)}, "Rest"),
        ({"high": np.ones(3)}, "both limits"),
        ({"ridge": 0.0}, "ridge"),
        ({"effects": np.full((2, 3), np.nan)}, "Rest"),
    ],
)
def test_a_problem_that_is_none_is_refused(broken: dict[str, Any], why: str) -> None:
    whole = {"effects": np.eye(2, 3), "low": np.zeros(2), "high": np.ones(2)}
    with pytest.raises(RigError, match=why):
        Controls(**(whole | broken))

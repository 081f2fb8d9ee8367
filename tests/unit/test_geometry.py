"""Fits in the size of a rig's own face: wide mouths close, small ones open as much for their size."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNELS, indices
from addon.core.errors import RigError
from addon.core.geometry import LIP_PAIRS, WIDEST_GAPS, FaceFit, fit_values, residuals, usable_landmarks
from addon.core.placement import canonical_face, lip_pair, place_landmarks
from addon.core.shapes import Shapes
from backend.face.basis import load_basis

MOUTH = list(range(48, 68))


def rig(mouth: float = 1.0) -> FaceFit:
    """The canonical face with a mouth that many times as large, and the 52 channels as its controls."""
    basis = load_basis()
    rest, effects = basis.neutral.astype(np.float64), basis.displacement.astype(np.float64)
    centre = rest[MOUTH].mean(axis=0)
    rest[MOUTH] = centre + mouth * (rest[MOUTH] - centre)
    effects[:, MOUTH] *= mouth
    return FaceFit(rest, effects, np.zeros(52), np.ones(52))


def performed(**values: float) -> np.ndarray:
    basis = load_basis()
    channels = np.zeros(52)
    for name, value in values.items():
        channels[indices(name)] = value
    return (basis.neutral + np.tensordot(channels, basis.displacement, 1))[None].astype(np.float64)


def lip_gap(landmarks: np.ndarray) -> float:
    return float(np.mean([landmarks[a, 1] - landmarks[b, 1] for a, b in LIP_PAIRS]))


def shown(fit: FaceFit, landmarks: np.ndarray, gap: float) -> np.ndarray:
    return fit.rest + np.tensordot(fit_values(fit, landmarks, np.array([gap]))[0], fit.effects, 1)


@pytest.mark.parametrize("mouth", [0.6, 1.0, 2.0])
def test_a_mouth_of_any_size_opens_as_much_for_its_size_and_closes(mouth: float) -> None:
    fit = rig(mouth)
    line = performed(jawOpen=0.6, mouthLowerDown=0.1)
    wide = lip_gap(shown(fit, line, lip_gap(line[0])))
    assert wide == pytest.approx(mouth * lip_gap(line[0]), rel=0.15)
    sealed = performed(jawOpen=0.2, mouthClose=0.2, mouthPress=0.35)
    assert -0.01 * mouth < lip_gap(shown(fit, sealed, 0.005)) < lip_gap(fit.rest) + 0.005


def test_lips_that_touch_at_rest_are_pressed_in_a_closure_and_never_through_each_other() -> None:
    fit = rig()
    fit.rest[[61, 62, 63, 65, 66, 67], 1] = fit.rest[62, 1]
    fit.rest[[61, 62, 63], 1] += 0.02
    sealed = performed(jawOpen=0.12, mouthClose=0.12, mouthPress=0.35, mouthRollLower=0.18, mouthRollUpper=0.13)
    assert -0.005 < lip_gap(shown(fit, sealed, 0.005)) < 0.015 < lip_gap(fit.rest)


def test_a_jaw_that_is_built_to_drop_further_does_so_all_the_way() -> None:
    fit = rig()
    jaw = CHANNELS.index("jawOpen")
    fit.effects[jaw] *= 1.35
    line = performed(jawOpen=0.6)
    values = dict(zip(CHANNELS, fit_values(fit, line, np.array([lip_gap(line[0])]))[0], strict=True))
    assert values["jawOpen"] == pytest.approx(0.6, abs=0.1)
    assert lip_gap(shown(fit, line, lip_gap(line[0]))) == pytest.approx(1.35 * lip_gap(line[0]), rel=0.1)


def test_the_widest_gaps_are_those_of_the_face_basis() -> None:
    opened = load_basis().displacement[CHANNELS.index("jawOpen")]
    np.testing.assert_allclose([opened[a, 1] - opened[b, 1] for a, b in LIP_PAIRS], WIDEST_GAPS, atol=1e-3)


def test_a_mouth_that_hangs_open_at_rest_is_shut_in_a_closure() -> None:
    fit = rig()
    fit.rest[[65, 66, 67], 1] -= 0.15
    sealed = performed(jawOpen=0.2, mouthClose=0.2)
    assert lip_gap(shown(fit, sealed, 0.0)) < 0.05 < lip_gap(fit.rest)


def test_channels_that_are_there_come_back_and_the_rest_stays_at_rest() -> None:
    line = performed(browInnerUp=0.8, mouthSmile=0.6)
    values = fit_values(rig(), line, np.array([0.012]))[0]
    named = dict(zip(CHANNELS, values, strict=True))
    assert named["browInnerUp"] == pytest.approx(0.8, abs=0.1)
    assert named["mouthSmileLeft"] == pytest.approx(0.6, abs=0.12)
    assert (values < 0.05).mean() > 0.8


def test_what_is_left_undone_is_told_in_millimetres() -> None:
    line, gap = performed(browInnerUp=1.0), np.array([0.012])
    fit = rig()
    assert residuals(fit, fit_values(fit, line, gap), line, gap)["brows"] < 0.5
    stiff = FaceFit(fit.rest, np.zeros_like(fit.effects), fit.low, fit.high)
    still = residuals(stiff, fit_values(stiff, line, gap), line, gap)
    raised = np.linalg.norm(load_basis().displacement[CHANNELS.index("browInnerUp"), 17:27], axis=1)
    assert still["brows"] == pytest.approx(63.0 * np.sqrt(np.mean(raised**2)), rel=0.01)


def test_the_canonical_face_of_the_addon_is_the_backends() -> None:
    np.testing.assert_allclose(canonical_face(), load_basis().neutral, atol=1e-4)


def test_points_of_eyes_or_lips_that_are_missing_are_refused() -> None:
    points = canonical_face().copy()
    points[62] = np.nan
    with pytest.raises(RigError, match="eyes and lips"):
        usable_landmarks(points)


def test_a_mesh_without_keys_or_without_a_mouth_is_refused() -> None:
    with pytest.raises(RigError, match="no shape keys"):
        place_landmarks(Shapes(np.zeros((3, 3)), np.zeros((0, 3, 3))))
    still = np.random.default_rng(1).normal(size=(40, 3))
    with pytest.raises(RigError, match="opens a mouth"):
        place_landmarks(Shapes(still, np.full((2, 40, 3), 0.1)))


def test_the_mouth_is_what_tears_and_not_a_nose_that_is_drawn_out_in_front_of_it() -> None:
    heights = np.concatenate([np.arange(-1.6, -1.0, 0.05), np.arange(-0.99, 0.5, 0.05)])
    profile = np.where(np.abs(heights + 0.5) < 0.15, 0.45, 0.2)
    rest = np.concatenate([np.stack([np.zeros_like(heights), heights, profile], 1), [[-1.0, 0, 0], [1.0, 0, 0]]])
    jaw, nose = np.zeros_like(rest), np.zeros_like(rest)
    jaw[:, 1] = np.where(rest[:, 1] < -0.995, -0.3, 0.0)
    nose[: len(heights), 1] = 0.25 * np.clip((heights + 0.6) / 0.1, 0.0, 1.0)  # stretched, not torn
    jaw[-2:, 1] = 0.1
    upper, lower = lip_pair(Shapes(rest, np.stack([jaw, nose])))
    assert rest[[upper, lower], 1] == pytest.approx([-0.99, -1.05], abs=0.06)

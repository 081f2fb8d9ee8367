"""Channels become the shapes of other conventions: signed sums, visemes by a fit, and closures that stay closed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from addon.core import mapping
from addon.core.baking import LOWER_INNER_LIP, UPPER_INNER_LIP
from addon.core.channels import CHANNEL_INDEX, CHANNELS, indices
from addon.core.mapping import apply_rows, openness, viseme_weights
from addon.core.profiles import VISEMES, Row
from backend.face.basis import load_basis

FIVE = ("aa", "I", "U", "E", "O")
SEALED = {"jawOpen": 0.12, "mouthClose": 0.12, "mouthPress": 0.35, "mouthRollLower": 0.18, "mouthRollUpper": 0.13}
HAPPY = {"mouthSmile": 0.7, "cheekSquint": 0.5, "mouthStretch": 0.1}


def face(values: Mapping[str, float]) -> np.ndarray:
    """(1,52) channels."""
    channels = np.zeros((1, len(CHANNELS)))
    for name, value in values.items():
        channels[:, indices(name)] = value
    return channels


def canonical(values: Mapping[str, float]) -> np.ndarray:
    """(70,3) the landmarks that channels make."""
    return load_basis().neutral + np.tensordot(face(values)[0], load_basis().displacement, 1)


def visemes_shown(name: str) -> np.ndarray:
    """(70,3) what a viseme at 1 adds to the canonical face."""
    return np.tensordot(mapping.viseme_faces()[name], load_basis().displacement, 1)


def gap_of(landmarks: np.ndarray) -> float:
    return float(np.mean(landmarks[list(UPPER_INNER_LIP), 1] - landmarks[list(LOWER_INNER_LIP), 1]))


def weights(gap: float, values: Mapping[str, float], available: tuple[str, ...] = VISEMES) -> dict[str, float]:
    return {k: float(v[0]) for k, v in viseme_weights(face(values), np.array([gap]), available).items()}


@pytest.mark.parametrize("expression", [{}, HAPPY])
def test_pp_is_full_and_all_others_zero_at_a_closure_whatever_the_expression(expression: dict[str, float]) -> None:
    found = weights(0.006, {**SEALED, **expression})
    assert found.pop("PP") == 1.0
    assert set(found.values()) == {0.0}


def test_a_resting_mouth_shows_no_viseme() -> None:
    assert set(weights(0.0, {}).values()) == {0.0}


@pytest.mark.parametrize("available", [VISEMES, FIVE])
@pytest.mark.parametrize(
    ("viseme", "mouth"),
    [
        ("aa", {"jawOpen": 0.6}),
        ("U", {"jawOpen": 0.12, "mouthPucker": 0.8}),
        ("O", {"jawOpen": 0.4, "mouthFunnel": 0.5, "mouthPucker": 0.15}),
    ],
)
def test_the_vowel_that_the_mouth_shows_dominates(
    available: tuple[str, ...], viseme: str, mouth: dict[str, float]
) -> None:
    found = weights(gap_of(canonical(mouth)), mouth, available)
    assert max(found, key=found.__getitem__) == viseme
    assert found[viseme] > 0.5


def test_a_lip_under_the_teeth_is_ff_and_an_open_mouth_is_not() -> None:
    tucked = {"jawOpen": 0.12, "mouthRollLower": 0.4, "mouthShrugLower": 0.4, "mouthUpperUp": 0.2}
    assert weights(0.055, tucked)["FF"] > 0.9
    assert weights(0.2, tucked)["FF"] == 0.0


def test_a_jaw_lowered_behind_closed_lips_opens_no_vowel() -> None:
    assert max(weights(0.02, {"jawOpen": 0.4, "mouthClose": 0.4}, FIVE).values()) < 0.01


@pytest.mark.parametrize("expression", [{}, HAPPY])
@pytest.mark.parametrize("jaw", [0.3, 0.5, 0.8])
def test_five_vowels_open_the_mouth_as_far_as_the_lips_part_whatever_the_expression(
    jaw: float, expression: dict[str, float]
) -> None:
    mouth = {"jawOpen": jaw, "mouthUpperUp": 0.1, **expression}
    wanted, rest = gap_of(canonical(mouth)), gap_of(load_basis().neutral)
    found = weights(wanted, mouth, FIVE)
    made = sum(weight * gap_of(visemes_shown(name)) for name, weight in found.items())
    assert made == pytest.approx(wanted - rest, rel=0.06)


def test_the_gaps_of_the_visemes_are_those_of_the_face_basis() -> None:
    table = mapping._viseme_table()
    assert set(table["gaps"]) == set(table["visemes"])
    for name, gap in table["gaps"].items():
        assert gap_of(visemes_shown(name)) == pytest.approx(gap, abs=1e-3)
    assert gap_of(load_basis().neutral) == pytest.approx(table["rest_gap"], abs=1e-4)


def test_the_fit_is_the_bounded_least_squares_solution() -> None:
    rng = np.random.default_rng(1)
    channels = rng.uniform(0, 0.6, (40, len(CHANNELS)))
    channels[:, CHANNEL_INDEX["mouthClose"]] = 0.0
    gap = rng.uniform(0.05, 0.4, 40)
    found = viseme_weights(channels, gap, ("CH", "SS", *FIVE))
    table, wanted = mapping.viseme_features(tuple(found)), mapping.mouth_features(channels, gap)
    ridge = np.sqrt(mapping.RIDGE) * np.diag(np.linalg.norm(table, axis=1))
    for frame in range(40):
        target = np.concatenate([wanted[frame], np.zeros(len(table))])
        exact = lsq_linear(np.concatenate([table.T, ridge]), target, (0.0, 1.0)).x
        np.testing.assert_allclose([curve[frame] for curve in found.values()], exact, atol=0.01)  # of a slider


def test_rows_add_signed_sources_within_their_clamp() -> None:
    rows = [
        Row("one", (("jawOpen", 1.0), ("mouthClose", -0.5))),
        Row("both ways", (("mouthLeft", 1.0), ("mouthRight", -1.0)), clamp=(-1.0, 1.0)),
        Row("resting half", (("cheekPuff", 2.0),), offset=0.5),
    ]
    channels = face({"jawOpen": 0.6, "mouthClose": 0.4, "mouthRight": 0.3, "cheekPuff": 0.4})
    np.testing.assert_allclose(apply_rows(rows, channels, np.ones(1)), [[0.4, -0.3, 1.0]], atol=1e-6)


def test_what_parts_the_lips_yields_to_a_closure() -> None:
    opens = Row("open", (("jawOpen", 1.0),), opens=True)
    values = apply_rows([opens], np.repeat(face({"jawOpen": 0.3}), 3, axis=0), np.array([0.0, 0.02, 0.2]))[:, 0]
    assert values[0] == 0.0 < values[1] < values[2] == pytest.approx(0.3)


def test_openness_rises_with_the_gap() -> None:
    assert np.all(np.diff(openness(np.linspace(0, 0.1, 50))) >= 0)
    np.testing.assert_array_equal(openness(np.array([0.0, 0.01, 0.05])), [0, 0, 1])

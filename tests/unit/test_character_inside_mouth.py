"""What stands behind the lips of the built-in heads: teeth that keep to their place, a tongue that reaches its own."""

from __future__ import annotations

import numpy as np
import pytest

from addon.character.head_mesh import Skin
from addon.character.model import CharacterModel, pose


def both(name: str, value: float = 1.0) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


@pytest.mark.parametrize(
    "weights",
    [{}, {"jawOpen": 1.0}, both("mouthSmile"), {**both("mouthSmile"), "jawOpen": 0.4}, both("mouthStretch"),
     {"mouthRollLower": 1.0, "mouthRollUpper": 1.0}, both("mouthPress"), {"jawLeft": 1.0}, {"jawForward": 1.0},
     {"mouthLeft": 1.0}, {**both("mouthUpperUp"), **both("mouthLowerDown")}, {"mouthPucker": 1.0}],
    ids="+".join,
)  # fmt: skip
def test_teeth_do_not_come_through_lips_and_cheeks(
    model: CharacterModel, skin: Skin, weights: dict[str, float]
) -> None:
    posed = pose(model.part("Head"), weights)[: len(skin.vertices)]
    a, b, c, d = (posed[skin.layout.quads[:, k]] for k in range(4))
    middle, normal = (a + b + c + d) / 4, np.cross(c - a, d - b)
    near = np.linalg.norm(middle - (0.0, -0.075, 0.075), axis=1) < 0.06
    middle, normal = middle[near], normal[near] / np.linalg.norm(normal[near], axis=1, keepdims=True)
    for name in ("TeethUpper", "TeethLower"):
        teeth = pose(model.part(name), weights)
        teeth = teeth[teeth[:, 2] > teeth[:, 2].max() - 0.030]
        closest = ((teeth[:, None] - middle[None]) ** 2).sum(axis=2).argmin(axis=1)
        outside = ((teeth - middle[closest]) * normal[closest]).sum(axis=1)
        assert outside.min() > -0.0006, f"{name} stands {-outside.min() * 1e3:.2f} mm in the flesh"


def test_lower_teeth_and_tongue_follow_the_chin(model: CharacterModel) -> None:
    teeth, tongue = model.part("TeethLower"), model.part("Tongue")
    for part in (teeth, tongue):
        assert {"jawOpen", "jawForward", "jawLeft", "jawRight"} <= set(part.keys)
    assert not model.part("TeethUpper").keys
    front = teeth.vertices[:, 2] > teeth.vertices[:, 2].max() - 0.004
    drop = teeth.keys["jawOpen"][front, 1].mean() / model.iod
    chin = (model.landmark_positions({"jawOpen": 1.0}) - model.landmark_positions())[8, 1] / model.iod
    assert drop == pytest.approx(chin, rel=0.2)
    before = teeth.vertices.astype(float)
    after = pose(teeth, {"jawOpen": 1.0})
    spans = [np.linalg.norm(p[:, None][::97] - p[None, ::97], axis=-1) for p in (before, after)]
    np.testing.assert_allclose(spans[0], spans[1], atol=1e-5, err_msg="teeth are rigid")


def test_lower_teeth_stay_behind_the_lower_lip_as_the_jaw_opens(model: CharacterModel) -> None:
    for opening in (0.3, 0.6, 1.0):
        teeth = pose(model.part("TeethLower"), {"jawOpen": opening})
        lip = model.landmark_positions({"jawOpen": opening})[57]
        assert teeth[:, 2].max() < lip[2]


def test_tongue_out_passes_the_lips(model: CharacterModel) -> None:
    tip = pose(model.part("Tongue"), {"tongueOut": 1.0, "jawOpen": 0.4})[:, 2].max()
    lips = model.landmark_positions({"jawOpen": 0.4})[[62, 66], 2].max()
    assert tip > lips + 0.1 * model.iod


def test_the_tongue_lifts_its_tip_on_the_way_out_and_lies_between_the_teeth_before_it_is_put_out(
    model: CharacterModel,
) -> None:
    tongue, upper = model.part("Tongue"), model.part("TeethUpper").vertices
    front, edge = upper[:, 2].max(), upper[np.abs(upper[:, 0]) < 0.008, 1].min()

    def tip(out: float) -> np.ndarray:
        posed = pose(tongue, {"jawOpen": 0.21, "tongueOut": out})
        return posed[posed[:, 2].argmax()]

    assert tip(0.25)[1] > tip(0.0)[1] + 0.06 * model.iod, "raised"
    assert tip(0.25)[2] < front, "behind the upper teeth"
    assert edge - 0.12 * model.iod < tip(0.75)[1] < edge, "under the upper teeth"
    assert front < tip(0.75)[2] < front + 0.2 * model.iod, "and between them and the lips"
    assert tip(1.0)[2] > tip(0.75)[2] + 0.1 * model.iod

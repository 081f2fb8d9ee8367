"""What the shape keys of the built-in head do: seal, close, stay in their region, mirror."""

from __future__ import annotations

import numpy as np
import pytest

from addon.character.head_mesh import Skin
from addon.character.landmarks import inner_lip_gap, lip_gap_in_iod
from addon.character.layout import CONTACT_RING, LINING_RING, MARGIN_RING
from addon.character.model import CharacterModel, pose
from addon.character.spec import CharacterSpec
from addon.core.channels import CHANNELS
from addon.core.naming import match_channels

FLIP = np.array([-1.0, 1.0, 1.0])


def posed_skin(model: CharacterModel, skin: Skin, **weights: float) -> np.ndarray:
    return pose(model.part("Head"), weights)[: len(skin.vertices)]


def both(name: str, value: float = 1.0) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


def moved(model: CharacterModel, weights: dict[str, float]) -> np.ndarray:
    return (model.landmark_positions(weights) - model.landmark_positions()) / model.iod


def test_the_head_has_the_52_channels_in_order_and_each_one_moves_it(model: CharacterModel) -> None:
    keys = model.part("Head").keys
    assert tuple(keys) == CHANNELS
    for name, delta in keys.items():
        reach = np.abs(delta).max() / model.iod
        assert 0.008 < reach < 0.75, f"{name}: {reach:.3f} IOD"


def test_right_channels_are_left_channels_mirrored(model: CharacterModel, skin: Skin) -> None:
    keys = {name: delta[: len(skin.vertices)] for name, delta in model.part("Head").keys.items()}
    for name in CHANNELS:
        if name.endswith("Left"):
            mirrored = keys[f"{name[:-4]}Right"][skin.layout.mirror] * FLIP
            np.testing.assert_allclose(mirrored, keys[name], atol=1e-7, err_msg=name)
        elif not name.endswith("Right"):
            np.testing.assert_allclose(keys[name][skin.layout.mirror] * FLIP, keys[name], atol=1e-7, err_msg=name)


@pytest.mark.parametrize("opening", [0.25, 0.5, 1.0])
def test_mouth_close_seals_the_open_jaw(model: CharacterModel, skin: Skin, opening: float) -> None:
    weights = {"jawOpen": opening, "mouthClose": opening}
    assert lip_gap_in_iod(model, weights) < 0.01
    contact = posed_skin(model, skin, **weights)[skin.layout.ring("mouth", CONTACT_RING)]
    facing = contact[(-np.arange(len(contact))) % len(contact)]
    assert np.linalg.norm(contact - facing, axis=1).max() < 0.01 * model.iod, "all the way to the corners"


def test_jaw_open_opens_the_mouth_by_half_an_eye_distance_or_a_little_more(model: CharacterModel) -> None:
    assert 0.5 <= lip_gap_in_iod(model, {"jawOpen": 1.0}) <= 0.6


@pytest.mark.parametrize(
    "weights",
    [{"mouthPucker": 1.0}, both("mouthPress"), both("mouthSmile"), both("mouthFrown"), both("mouthStretch"),
     both("mouthDimple"), {"mouthLeft": 1.0}, {"cheekPuff": 1.0}, {"mouthRollLower": 1.0, "mouthRollUpper": 1.0}],
    ids="+".join,
)  # fmt: skip
def test_closed_mouth_shapes_keep_the_lips_together(
    model: CharacterModel, skin: Skin, weights: dict[str, float]
) -> None:
    assert lip_gap_in_iod(model, weights) < 0.01
    contact = posed_skin(model, skin, **weights)[skin.layout.ring("mouth", CONTACT_RING)]
    apart = contact[1 : len(contact) // 2, 1] - contact[: len(contact) // 2 : -1, 1]
    assert np.abs(apart).max() < 1e-5, "metres: a wider crack shows as a line of teeth"


def test_lips_part_for_funnel_upper_lip_up_and_lower_lip_down(model: CharacterModel) -> None:
    for weights in ({"mouthFunnel": 1.0}, both("mouthUpperUp"), both("mouthLowerDown")):
        assert lip_gap_in_iod(model, weights) > 0.05


def test_closed_lids_meet_all_along(model: CharacterModel, skin: Skin) -> None:
    posed = posed_skin(model, skin, **both("eyeBlink"))
    for eye in ("eye+", "eye-"):
        margin = posed[skin.layout.ring(eye, MARGIN_RING)]
        size = len(margin)
        facing = margin[(-np.arange(size)) % size]
        assert np.linalg.norm(margin - facing, axis=1).max() < 0.01 * model.iod


@pytest.mark.parametrize("name", ["eyeBlink", "eyeSquint", "eyeWide", "eyeLookUp", "eyeLookDown"])
@pytest.mark.parametrize("value", [0.25, 0.5, 0.75, 1.0])
def test_lids_stay_outside_the_eyeball(
    spec: CharacterSpec, model: CharacterModel, skin: Skin, name: str, value: float
) -> None:
    posed = posed_skin(model, skin, **{f"{name}Left": value})
    for ring in range(LINING_RING):
        lid = posed[skin.layout.ring("eye+", ring)]
        closest = np.linalg.norm(lid - spec.eye.centre, axis=1).min() / spec.eye.radius
        assert closest > 1.0, f"ring {ring}: {closest:.3f} radii"


@pytest.mark.parametrize(
    "other",
    ["eyeSquint", "cheekSquint", "eyeWide", "eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut", "mouthSmile"],
)
@pytest.mark.parametrize("value", [0.4, 1.0])
def test_shut_lids_stay_shut_and_apart_from_each_other_whatever_else_the_eye_does(
    model: CharacterModel, skin: Skin, other: str, value: float
) -> None:
    upper, lower = lid_margins(skin, posed_skin(model, skin, **both("eyeBlink"), **both(other, value)))
    assert np.abs(upper - lower).max() < 0.01 * model.iod
    assert (upper - lower)[:, 1].min() > -0.0001


def test_lids_never_cross_on_the_way(model: CharacterModel, skin: Skin) -> None:
    for blink in (0.0, 0.3, 0.6, 0.9):
        for squint in (0.0, 0.5, 1.0):
            weights = {**both("eyeBlink", blink), **both("eyeSquint", squint), **both("eyeLookDown", squint)}
            upper, lower = lid_margins(skin, posed_skin(model, skin, **weights))
            assert (upper - lower)[:, 1].min() > -0.0001, weights


@pytest.mark.parametrize("smile", [0.0, 1.0])
def test_no_eyeball_shows_between_shut_lids(
    spec: CharacterSpec, model: CharacterModel, skin: Skin, smile: float
) -> None:
    posed = posed_skin(model, skin, **both("eyeBlink"), **both("mouthSmile", smile))
    centre = np.array(spec.eye.centre)
    across, up = np.meshgrid(np.linspace(-0.8, 0.8, 41), np.linspace(-0.7, 0.7, 41))
    inside = across**2 + up**2 < 0.8**2
    seen = centre[:2] + spec.eye.radius * np.stack([across[inside], up[inside]], -1)
    ball = centre[2] + np.sqrt(spec.eye.radius**2 - ((seen - centre[:2]) ** 2).sum(axis=1))
    assert (foremost(posed, skin, seen) > ball).all()


def foremost(posed: np.ndarray, skin: Skin, seen: np.ndarray) -> np.ndarray:
    """(N,) depth z of the foremost skin at the points (N,2) as seen from the front."""
    corners = posed[skin.layout.quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)]
    near = (np.abs(corners.mean(axis=1)[:, :2] - seen.mean(axis=0)) < 0.04).all(axis=1)
    a, b, c = (corners[near][:, k] for k in range(3))
    u, v, w = b[:, :2] - a[:, :2], c[:, :2] - a[:, :2], seen[:, None] - a[None, :, :2]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (w[..., 0] * v[:, 1] - w[..., 1] * v[:, 0]) / area
        t = (u[:, 0] * w[..., 1] - u[:, 1] * w[..., 0]) / area
        depth = a[:, 2] + s * (b[:, 2] - a[:, 2]) + t * (c[:, 2] - a[:, 2])
    return np.where((s >= -1e-6) & (t >= -1e-6) & (s + t <= 1 + 1e-6), depth, -np.inf).max(axis=1)


def lid_margins(skin: Skin, posed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins of the left upper and lower lid, vertex facing vertex, without the corners."""
    ring = skin.layout.ring("eye+", MARGIN_RING)
    above = np.arange(1, len(ring) // 2)
    return posed[ring[above]], posed[ring[-above]]


MOUTH_KEYS = [name for name in CHANNELS if name.startswith(("mouth", "jaw", "cheekPuff", "noseSneer"))]


def whole(name: str) -> dict[str, float]:
    """A key on both sides, but for shifts to one side."""
    sided = name.endswith(("Left", "Right")) and name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
    return both(name.removesuffix("Left").removesuffix("Right")) if sided else {name: 1.0}


def test_lips_never_pass_through_each_other_in_any_key_or_pair_of_keys(model: CharacterModel, skin: Skin) -> None:
    ring = skin.layout.ring("mouth", CONTACT_RING)
    above = np.arange(1, len(ring) // 2)
    upper, lower = ring[above], ring[-above]
    for first in MOUTH_KEYS:
        for second in MOUTH_KEYS[MOUTH_KEYS.index(first) :]:
            posed = posed_skin(model, skin, **{**whole(first), **whole(second)})
            depth = (posed[upper] - posed[lower])[:, 1].min()
            assert depth > -0.0001, f"{first} + {second}: {depth * 1e3:.2f} mm"


def test_correctives_rest_unless_their_keys_meet_and_no_rig_takes_them_for_arkit(model: CharacterModel) -> None:
    correctives = model.part("Head").correctives
    assert {"jawOpen_mouthPucker", "eyeBlinkLeft_mouthSmileLeft", "mouthClose_mouthSmileRight"} <= set(correctives)
    assert not match_channels(list(correctives))
    for name, corrective in correctives.items():
        keys = {key for key, _ in corrective.factors if isinstance(key, str)}
        assert corrective.value(dict.fromkeys(keys, 0.8)) > 0.0, name
        assert corrective.value(dict.fromkeys(keys, 1.0)) <= 1.0, name
        if len(keys) > 1:
            assert all(corrective.value({key: 1.0}) == 0.0 for key in keys), name
    beyond = correctives["mouthClose_beyond_jawOpen"]
    assert beyond.value({"mouthClose": 0.5, "jawOpen": 0.75}) == 0.0


def test_an_open_puckered_mouth_is_an_oval_not_a_slot(model: CharacterModel) -> None:
    points = model.landmark_positions({"jawOpen": 0.6, "mouthPucker": 1.0})[60:68]
    width, height = np.ptp(points[:, 0]), np.ptp(points[:, 1])
    assert 0.9 < width / height < 1.4
    for upper, lower in ((1, 7), (3, 5)):
        assert points[upper, 1] - points[4, 1] == pytest.approx(points[4, 1] - points[lower, 1], rel=0.15)


def test_both_eyes_and_all_that_rides_on_the_skin_do_the_same(model: CharacterModel) -> None:
    head = model.part("Head")
    sided = {"eyeBlink": 1.0, "eyeSquint": 0.6, "mouthSmile": 0.7}
    left = pose(head, {f"{name}Left": value for name, value in sided.items()})
    right = pose(head, {f"{name}Right": value for name, value in sided.items()}) * FLIP
    order = [np.lexsort(np.round(points, 5).T) for points in (left, right)]
    np.testing.assert_allclose(left[order[0]], right[order[1]], atol=3e-5)


def test_the_upper_lid_does_most_of_the_blink(model: CharacterModel) -> None:
    move = moved(model, both("eyeBlink"))
    assert move[43, 1] < -0.08
    assert 0.0 < move[46, 1] < -0.6 * move[43, 1]


_FAR_FROM_LIDS = ("eyeBlink", "eyeLook", "eyeSquint", "eyeWide", "brow")


def test_every_channel_moves_only_its_own_region(model: CharacterModel, skin: Skin) -> None:
    rest = skin.vertices
    for name, delta in model.part("Head").keys.items():
        touched = rest[np.linalg.norm(delta[: len(rest)], axis=1) > 0.01 * model.iod]
        assert (touched[:, 2] > -0.03).all(), f"{name} moves the back of the head"
        if name.startswith(_FAR_FROM_LIDS):
            assert (touched[:, 1] > -0.035).all(), f"{name} moves the mouth"
            if name.endswith("Left"):
                assert (touched[:, 0] > -0.008).all(), f"{name} moves the other side"
        elif name.startswith(("mouth", "jaw", "tongue")):
            assert (touched[:, 1] < 0.012).all(), f"{name} moves the brows"


@pytest.mark.parametrize(
    ("weights", "landmark", "axis", "sign"),
    [
        (both("mouthSmile"), 54, 1, 1), (both("mouthSmile"), 54, 0, 1), (both("mouthFrown"), 54, 1, -1),
        (both("mouthStretch"), 54, 0, 1), (both("mouthDimple"), 54, 2, -1), ({"mouthPucker": 1}, 54, 0, -1),
        ({"mouthPucker": 1}, 51, 2, 1), ({"mouthFunnel": 1}, 57, 1, -1), ({"mouthFunnel": 1}, 51, 2, 1),
        ({"mouthLeft": 1}, 62, 0, 1), ({"mouthRight": 1}, 62, 0, -1), ({"jawLeft": 1}, 8, 0, 1),
        ({"jawRight": 1}, 8, 0, -1), ({"jawForward": 1}, 8, 2, 1), ({"jawOpen": 1}, 8, 1, -1),
        ({"mouthRollLower": 1}, 57, 2, -1), ({"mouthRollUpper": 1}, 51, 2, -1), ({"mouthShrugLower": 1}, 57, 1, 1),
        ({"mouthShrugUpper": 1}, 51, 1, 1), (both("mouthLowerDown"), 57, 1, -1), (both("mouthUpperUp"), 51, 1, 1),
        (both("mouthPress"), 57, 1, 1), (both("browDown"), 24, 1, -1), ({"browInnerUp": 1}, 22, 1, 1),
        (both("browOuterUp"), 25, 1, 1), (both("noseSneer"), 35, 1, 1), (both("eyeWide"), 43, 1, 1),
        (both("eyeSquint"), 47, 1, 1), (both("eyeLookDown"), 43, 1, -1), (both("eyeLookUp"), 43, 1, 1),
        (both("cheekSquint"), 46, 1, 1),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, dict) else str(v),
)  # fmt: skip
def test_channels_move_the_face_the_way_their_names_say(
    model: CharacterModel, weights: dict[str, float], landmark: int, axis: int, sign: int
) -> None:
    assert sign * moved(model, weights)[landmark, axis] > (0.0005 if "cheekSquintLeft" in weights else 0.01)


def test_displacements_agree_with_the_lips_at_rest(model: CharacterModel) -> None:
    """A sum of closed shapes leaves the gap closed, because touching vertices move alike."""
    weights = {**both("mouthSmile", 0.6), "mouthPucker": 0.5, **both("mouthPress", 0.4)}
    assert inner_lip_gap(model.landmark_positions(weights)) < 0.01 * model.iod


@pytest.mark.parametrize("funnel", [0.2, 0.45])
def test_an_open_mouth_that_funnels_a_little_is_rounder_than_tall(model: CharacterModel, funnel: float) -> None:
    points = model.landmark_positions({"jawOpen": 0.33, "mouthFunnel": funnel, "mouthPucker": 0.15})[60:68]
    width, height = np.ptp(points[:, 0]), np.ptp(points[:, 1])
    assert 1.0 < width / height < 2.6


def test_a_mouth_open_and_rounded_as_far_as_it_goes_stays_open(model: CharacterModel) -> None:
    for value in (0.5, 0.75, 1.0):
        points = model.landmark_positions({"jawOpen": value, "mouthFunnel": value, "mouthPucker": value})[60:68]
        assert np.ptp(points[:, 0]) > 0.18 * model.iod

"""The built-in head as a surface: symmetric, closed where it should be, facing outward, the same every time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from addon.character.character import build_character
from addon.character.head_mesh import Skin, build_skin
from addon.character.landmarks import eye_distance, inner_lip_gap
from addon.character.model import CharacterModel
from addon.character.roster import CHARACTERS
from addon.character.spec import DEFAULT, CharacterSpec, EyeSpec, Sculpt
from addon.core.channels import CHANNELS

FLIP = np.array([-1.0, 1.0, 1.0])


def edges(quads: np.ndarray) -> Counter[tuple[int, int]]:
    pairs = np.sort(np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)]), axis=1)
    return Counter(map(tuple, pairs.tolist()))


def volume(vertices: np.ndarray, quads: np.ndarray) -> float:
    a, b, c, d = (vertices[quads[:, k]].astype(float) for k in range(4))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) + np.einsum("ij,ij->", a, np.cross(c, d))) / 6.0


def test_every_number_is_finite_and_every_face_has_four_different_corners(model: CharacterModel) -> None:
    for part in model.parts:
        assert np.isfinite(part.vertices).all()
        assert all(np.isfinite(delta).all() for delta in part.keys.values())
        assert (np.diff(np.sort(part.quads, axis=1), axis=1) > 0).all(), part.name
        assert part.quads.min() == 0
        assert part.quads.max() == len(part.vertices) - 1
        assert len(np.unique(part.quads)) == len(part.vertices), "no loose vertices"


def test_weights_sum_to_one_and_name_existing_bones(model: CharacterModel) -> None:
    bones = {bone.name for bone in model.bones}
    for part in model.parts:
        assert set(part.weights) <= bones
        np.testing.assert_allclose(sum(part.weights.values()), 1.0, atol=1e-6)


def test_the_skin_is_its_own_mirror_image_to_the_bit(skin: Skin) -> None:
    np.testing.assert_array_equal(skin.vertices[skin.layout.mirror] * FLIP, skin.vertices)
    np.testing.assert_array_equal(skin.layout.mirror[skin.layout.mirror], np.arange(len(skin.vertices)))


def test_the_skin_is_open_only_at_the_neck_and_behind_the_lids(spec: CharacterSpec, skin: Skin) -> None:
    shared = edges(skin.layout.quads)
    assert max(shared.values()) == 2
    rim = {v for edge, count in shared.items() if count == 1 for v in edge}
    kinds = Counter(key[0] for key, number in skin.layout.index.items() if number in rim)
    eye = len(skin.layout.ring("eye+", 0))
    assert kinds == {"grid": spec.grid.columns, "eye+": eye, "eye-": eye}


def test_neighbouring_faces_run_round_the_same_way(model: CharacterModel) -> None:
    for part in model.parts:
        directed = Counter(map(tuple, np.concatenate([part.quads[:, [i, (i + 1) % 4]] for i in range(4)]).tolist()))
        assert max(directed.values()) == 1, part.name


def test_closed_bodies_face_outward(model: CharacterModel) -> None:
    for name in ("EyeLeft", "EyeRight", "TeethUpper", "TeethLower", "GumsUpper", "GumsLower", "Tongue", "Hair"):
        part = model.part(name)
        assert volume(part.vertices - part.vertices.mean(axis=0), part.quads) > 0, name


def test_the_cornea_stands_clear_before_the_iris_and_behind_the_lids(
    spec: CharacterSpec, model: CharacterModel
) -> None:
    eye, cornea = model.part("EyeLeft"), model.part("CorneaLeft")
    away = np.linalg.norm(cornea.vertices - cornea.origin, axis=1)
    assert away.min() > spec.eye.radius
    assert away.max() < 1.03 * spec.eye.radius
    iris = eye.vertices[np.unique(eye.quads[eye.slots == eye.materials.index("iris")])]
    assert np.linalg.norm(iris - eye.origin, axis=1).max() < spec.eye.radius


def test_every_corner_has_a_place_on_the_texture(model: CharacterModel) -> None:
    for part in model.parts:
        assert part.uv.shape == (len(part.quads), 4, 2)
        assert part.uv.min() >= 0.0
        assert part.uv.max() <= 1.0
        u, v = np.moveaxis(part.uv.astype(float), -1, 0)
        area = 0.5 * np.abs((u[:, 2] - u[:, 0]) * (v[:, 3] - v[:, 1]) - (v[:, 2] - v[:, 0]) * (u[:, 3] - u[:, 1]))
        assert np.median(area) > 1e-7, part.name


def test_brows_face_outward_so_that_they_show_where_back_faces_are_culled(model: CharacterModel) -> None:
    head = model.part("Head")
    brows = head.quads[head.slots == head.materials.index("brow")]
    for side in (-1.0, 1.0):
        quads = brows[side * head.vertices[brows].mean(axis=1)[:, 0] > 0]
        assert volume(head.vertices - head.vertices[quads].mean(axis=(0, 1)), quads) > 0


def test_the_skin_faces_away_from_the_head(skin: Skin) -> None:
    plain = np.array([n for k, n in skin.layout.index.items() if k[0] in ("grid", "crown") and k[2] > 12])
    faces = skin.layout.quads[np.isin(skin.layout.quads, plain).all(axis=1)]
    a, b, c, d = (skin.vertices[faces[:, k]] for k in range(4))
    normal = np.cross(c - a, d - b)
    outward = (a + c) / 2 - np.array([0.0, 0.0, -0.005])
    outward[:, 1] *= 0.3
    assert ((normal * outward).sum(axis=1) > 0).mean() > 0.97


def test_hardly_a_quad_is_concave_and_none_has_collapsed(skin: Skin) -> None:
    a, b, c, d = (skin.vertices[skin.layout.quads[:, k]] for k in range(4))
    concave = (np.cross(b - a, c - a) * np.cross(c - a, d - a)).sum(axis=1) <= 0
    assert concave.mean() < 0.0025, f"{concave.sum()} of {len(concave)}"
    assert min(np.linalg.norm(b - a, axis=1).min(), np.linalg.norm(c - b, axis=1).min()) > 5e-5


def test_lips_touch_at_rest_and_eyes_are_open(model: CharacterModel) -> None:
    points = model.landmark_positions()
    assert inner_lip_gap(points) < 1e-4 * model.iod
    opening = np.linalg.norm(points[[43, 44]] - points[[47, 46]], axis=1).mean() / model.iod
    assert 0.12 < opening < 0.25


def test_landmarks_stand_where_ibug_has_them(spec: CharacterSpec, model: CharacterModel) -> None:
    points = model.landmark_positions()
    assert len(model.landmarks) == 70
    assert len(set(model.landmarks)) == 70
    mirrored = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39,
                38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65,
                69, 68]  # fmt: skip
    np.testing.assert_allclose(points[mirrored] * FLIP, points, atol=1e-6)
    assert (np.diff(points[:17, 0]) > -3e-3).all(), "right to left; a square jaw is a little wider than the face above"
    assert (np.diff(points[17:27, 0]) > 0).all()
    assert (np.diff(points[27:31, 1]) < 0).all()
    assert points[8, 1] < points[:68, 1].min() + 0.001, "the chin is lowest, or within a millimetre of it"
    assert points[30, 2] == points[:, 2].max(), "the tip of the nose is foremost"
    assert points[17:27, 1].min() > points[36:48, 1].max(), "brows above eyes"
    assert points[62, 1] <= points[51, 1]
    assert points[66, 1] >= points[57, 1]
    assert eye_distance(points) == pytest.approx(model.iod, rel=0.03)
    np.testing.assert_allclose(points[68, :2], spec.eye.centre[:2], atol=1e-6)


def test_the_mouth_hides_teeth_and_tongue(model: CharacterModel, skin: Skin) -> None:
    for name in ("TeethUpper", "TeethLower", "GumsUpper", "GumsLower", "Tongue"):
        assert (skin.field(model.part(name).vertices.astype(float)) < -0.001).all(), name


def test_the_same_specification_gives_the_same_bytes(spec: CharacterSpec, model: CharacterModel) -> None:
    build_character.cache_clear()
    again = build_character(spec)
    for first, second in zip(model.parts, again.parts, strict=True):
        assert first.vertices.tobytes() == second.vertices.tobytes()
        assert all(first.keys[n].tobytes() == second.keys[n].tobytes() for n in first.keys)


def test_another_specification_gives_another_face_with_the_same_topology() -> None:
    model = build_character(DEFAULT)
    wide = build_character(CharacterSpec(eye=EyeSpec(centre=(0.0335, 0.0, 0.0635), upper=0.36)))
    np.testing.assert_array_equal(wide.part("Head").quads, model.part("Head").quads)
    assert wide.iod == pytest.approx(0.067)
    assert eye_distance(wide.landmark_positions()) > 1.02 * eye_distance(model.landmark_positions())
    assert tuple(wide.part("Head").keys) == CHANNELS


def test_characters_share_topology_and_differ_in_face_and_colours() -> None:
    models = [build_character(spec) for spec in CHARACTERS.values()]
    first = models[0]
    for other in models[1:]:
        assert tuple(other.part("Head").keys) == CHANNELS
        np.testing.assert_array_equal(other.part("Head").quads, first.part("Head").quads)
        apart = np.linalg.norm(other.landmark_positions() - first.landmark_positions(), axis=1)
        assert apart.max() > 0.04 * first.iod
        assert other.palette != first.palette


def test_a_change_to_a_solid_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no solid called antlers"):
        build_skin(CharacterSpec(sculpt=(Sculpt("antlers"),)))

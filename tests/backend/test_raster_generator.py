"""Shots drawn without learning: textures land where their coordinates say, and the registry opens what it lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from addon.core.errors import RequestError
from addon.core.performance import Performance
from addon.core.shot import Shot, Subject, Surface
from backend.face.basis import load_basis
from backend.generator.canonical.head import HEIGHT, MIDDLE, canonical_shot, vertices_of_curves
from backend.generator.canonical.subdivide import subdivided
from backend.generator.interface import Picture, Portrait
from backend.generator.raster import Camera, Look, Mesh, Texturing, render
from backend.generator.raster.scene import PORTRAIT_LENS
from backend.generator.raster.texture import Layout, shrunk
from backend.generator.registry import generators, open_generator

EVEN = Look(lights=(), ambient=(1.0, 1.0, 1.0))
SIZE = 16


def performance(frames: int = 3) -> Performance:
    shapes = {"landmarks": (70, 3), "gaze": (2, 2), "head": (6,), "channels": (52,), "emotion": (9,)}
    return Performance(24.0, **{name: np.zeros((frames, *shape), np.float32) for name, shape in shapes.items()})


def performance_at_rest(frames: int = 1) -> Performance:
    return replace(performance(frames), landmarks=np.repeat(load_basis().neutral[None], frames, axis=0))


def quad(texture: np.ndarray | None, frames: int = 3) -> Shot:
    """A square that fills the picture to its last pixel, one unit before the camera, nearer in later frames."""
    half = np.tan(0.2)
    corners = np.array([[-half, -half, -1], [half, -half, -1], [half, half, -1], [-half, half, -1]])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    subject = Subject(
        faces,
        uv[faces],
        np.zeros(2, np.uint8),
        np.full((4, 3), 0.25, np.float32),
        (Surface("Skin", "skin", (0.25, 0.25, 0.25), texture=texture),),
        np.full(70, -1, np.int32),
    )
    moving = np.stack([corners * (1 - 0.1 * k) for k in range(frames)])
    return Shot(subject, moving, 0.4, SIZE, SIZE, 24.0)


def drawn(shot: Shot, quality: str = "draft") -> list[Picture]:
    generator = open_generator("raster")
    state = generator.prepare(shot, lambda stage, share: None)
    return list(generator.render(state, generator.latents(performance(), state), quality, lambda stage, share: None))


def test_a_texture_as_large_as_the_picture_is_drawn_pixel_for_pixel() -> None:
    """Even light of strength 1 leaves each texel its own colour."""
    texture = np.random.default_rng(1).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    shot = quad(texture)
    mesh = Mesh(
        shot.subject.triangles,
        shot.subject.colours,
        texturing=Texturing(shot.subject.uv, np.zeros(2, int), (texture,)),
    )
    camera = Camera((0, 0, 0), (0, 0, -1), field_of_view=0.4, width=SIZE, height=SIZE)
    picture = next(iter(render(mesh, shot.vertices[:1], camera, look=EVEN)))
    assert np.abs(picture.astype(int) - texture).max() <= 1


def test_only_surfaces_with_a_picture_are_textured() -> None:
    shot = quad(np.full((4, 4, 3), 255, np.uint8))
    texturing = Texturing(shot.subject.uv, np.array([0, -1]), (np.full((4, 4, 3), 255, np.uint8),))
    mesh = Mesh(shot.subject.triangles, shot.subject.colours, texturing=texturing)
    camera = Camera((0, 0, 0), (0, 0, -1), field_of_view=0.4, width=SIZE, height=SIZE)
    picture = next(iter(render(mesh, shot.vertices[:1], camera, look=EVEN)))
    assert picture[-2, -2].min() > 250
    assert picture[1, 1].max() < 150


def test_between_texels_is_their_mean_and_beyond_the_edge_is_the_other_side() -> None:
    layout = Layout.of([(1, 1), (2, 2)])
    table = torch.tensor([[9.0], [0.0], [1.0], [2.0], [3.0]])
    uv = torch.tensor([[0.25, 0.75], [0.5, 0.75], [0.5, 0.5], [1.25, 0.75]])
    index, share = layout.taps(torch.ones(4, dtype=torch.int64), uv)
    assert (table[index].squeeze(-1) * share).sum(dim=1).tolist() == pytest.approx([0.0, 0.5, 1.5, 0.0])
    assert index.min() >= 1


def test_a_large_texture_is_halved_until_it_suits_the_picture() -> None:
    picture = np.zeros((64, 128, 3), np.uint8)
    picture[:, ::2] = 200
    small = shrunk(picture, 40)
    assert small.shape == (16, 32, 3)
    assert (small == 100).all()


def test_frames_have_the_shots_size_straight_alpha_and_their_numbers() -> None:
    shot = quad(None)
    away = replace(shot, vertices=shot.vertices * np.array([1, 1, 4], np.float32))
    pictures = drawn(away, "final")
    assert [picture.number for picture in pictures] == [0, 1, 2]
    assert all(p.rgb.shape == (SIZE, SIZE, 3) and p.alpha.shape == (SIZE, SIZE) for p in pictures)
    assert pictures[0].alpha[0, 0] == 0
    assert pictures[0].alpha[SIZE // 2, SIZE // 2] == 255


def test_holding_a_frame_of_the_track_holds_the_picture() -> None:
    shot, generator = quad(None), open_generator("raster")
    shot = replace(shot, vertices=shot.vertices + np.array([[[0, 0, 0]], [[0.1, 0, 0]], [[0.2, 0, 0]]], np.float32))
    state = generator.prepare(shot, lambda stage, share: None)
    track = generator.latents(performance(), state)
    held = track.with_curve("frame", np.ones((3, 1)))
    pictures = list(generator.render(state, held, "draft", lambda stage, share: None))
    np.testing.assert_array_equal(pictures[0].alpha, pictures[2].alpha)
    np.testing.assert_array_equal(pictures[0].alpha, drawn(shot)[1].alpha)


def test_a_portrait_an_unknown_name_and_learning_are_refused() -> None:
    generator = open_generator("raster")
    with pytest.raises(RequestError, match="portrait"):
        generator.prepare(Portrait(np.zeros((4, 4, 3), np.uint8)), lambda stage, share: None)
    with pytest.raises(RequestError, match="there are raster"):
        open_generator("painting")
    assert generators()[0].name == "raster"


def test_a_quality_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="draft, final"):
        drawn(quad(None), "best")


def test_the_canonical_head_keeps_its_landmarks_near_where_the_performance_has_them() -> None:
    """Subdivision rounds what the landmarks span; the worst of them, the tip of the nose, gives way by a tenth."""
    shot = canonical_shot(performance_at_rest(), SIZE)
    assert (shot.subject.landmarks >= 0).all()
    distance = 0.5 * HEIGHT / np.tan(0.5 * PORTRAIT_LENS)
    placed = shot.vertices[0, shot.subject.landmarks] + np.array([0, MIDDLE, distance])
    away = np.linalg.norm(placed - load_basis().neutral, axis=1)
    assert away.max() < 0.2
    assert np.median(away) < 0.06


def test_the_canonical_heads_curves_are_edited_by_hand() -> None:
    """Lips stilled leave the mouth shut; a turned pose moves the whole face."""
    opened = performance_at_rest(2)
    moved = opened.landmarks.copy()
    moved[:, 48:60] += [0, -0.3, 0]
    opened = replace(opened, landmarks=moved)
    shot, generator = canonical_shot(opened, 64), open_generator("raster")
    state = generator.prepare(shot, lambda stage, share: None)
    track = generator.latents(opened, state)
    assert set(track.curves) == {"lips", "expression", "gaze", "pose"}
    np.testing.assert_allclose(vertices_of_curves(track), shot.vertices, atol=1e-5)
    still = vertices_of_curves(track.with_curve("lips", 0 * track.curves["lips"]))
    np.testing.assert_allclose(still, canonical_shot(performance_at_rest(2), 64).vertices, atol=1e-5)
    pose = track.curves["pose"].copy()
    pose[:, 1] = 0.5
    pictures = list(generator.render(state, track.with_curve("pose", pose), "draft", lambda stage, share: None))
    assert len(pictures) == 2
    assert pictures[0].alpha.any()
    assert (pictures[0].alpha != next(iter(generator.render(state, track, "draft", lambda s, f: None))).alpha).any()


def test_subdivision_keeps_a_flat_sheet_flat_and_its_weights_sum_to_one() -> None:
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.4, 0.6, 0]])
    weights, triangles = subdivided(np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]), 5, 2)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    fine = weights @ corners
    assert len(triangles) == 64
    assert not fine[:, 2].any()
    a, b, c = np.moveaxis(fine[triangles], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()

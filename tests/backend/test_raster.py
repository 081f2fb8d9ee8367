"""The rasteriser: which pixels a triangle covers, what hides what, light from the right side, and a slow twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from backend.generator.raster import Camera, Light, Look, Mesh, render
from backend.generator.raster.shade import hits, vertex_normals
from backend.generator.raster.zbuffer import project, visible_triangles

FLAT = Look(lights=(), ambient=(1.0, 1.0, 1.0))
"""Even light: what is drawn shows its own colour, but for the faint edge that every surface mirrors."""


def reference(screen: np.ndarray, triangles: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Every triangle at every pixel, in float64: the nearest front-facing one (H,W), and where that is a close call."""
    y, x = np.mgrid[:height, :width] + 0.5
    nearest, winner = np.zeros((height, width)), np.full((height, width), -1)
    doubtful = np.zeros((height, width), dtype=bool)
    for number, corners in enumerate(screen[triangles].astype(np.float64)):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0 or corners[:, 2].min() <= 0:
            continue
        wa = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
        wb = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
        wc = 1 - wa - wb
        margin = np.minimum(np.minimum(wa, wb), wc)
        inverse = wa * az + wb * bz + wc * cz
        doubtful |= (np.abs(margin) < 1e-3) & (inverse > nearest - 1e-6)
        doubtful |= (margin >= 0) & (np.abs(inverse - nearest) < 1e-6)
        wins = (margin >= 0) & (inverse > nearest)
        nearest[wins], winner[wins] = inverse[wins], number
    return winner, doubtful


def random_mesh(seed: int, count: int = 150) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-1.2, 1.2, (count, 1, 3))
    corners = centres + rng.normal(0, 1, (count, 3, 3)) * rng.choice([0.02, 0.1, 0.5, 1.5], (count, 1, 1))
    return corners.reshape(-1, 3).astype(np.float32), np.arange(3 * count).reshape(-1, 3)


def shown(mesh: Mesh, vertices: np.ndarray, camera: Camera, **settings: Any) -> np.ndarray:
    return next(iter(render(mesh, vertices[None].astype(np.float32), camera, **settings)))


def ball(rings: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A unit sphere, seam closed, triangles counter-clockwise from outside."""
    columns = 2 * rings
    up, around = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    points = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1)
    row, column = np.meshgrid(np.arange(rings), np.arange(columns), indexing="ij")
    a, b = row * columns + column, row * columns + (column + 1) % columns
    faces = np.stack([np.stack([a, a + columns, b], -1), np.stack([b, a + columns, b + columns], -1)], axis=2)
    return points.reshape(-1, 3).astype(np.float32), faces.reshape(-1, 3)


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_the_slow_reference_on_random_meshes(seed: int) -> None:
    vertices, triangles = random_mesh(seed)
    camera = Camera((0.3, -0.2, 4.0), (0, 0, 0), field_of_view=0.8, width=53, height=37)
    screen = project(torch.from_numpy(vertices)[None], camera)
    fast = visible_triangles(screen, torch.from_numpy(triangles), 37, 53)[0].numpy()
    slow, doubtful = reference(screen[0].numpy(), triangles, 37, 53)
    assert doubtful.mean() < 0.15
    assert (slow >= 0).mean() > 0.3
    np.testing.assert_array_equal(fast[~doubtful], slow[~doubtful])


def test_a_half_square_covers_the_pixel_centres_that_lie_in_it() -> None:
    screen = torch.tensor([[[0.0, 0.0, 1.0], [0.0, 8.0, 1.0], [8.0, 8.0, 1.0]]])
    seen = visible_triangles(screen, torch.tensor([[0, 1, 2]]), 10, 10)[0].numpy()
    y, x = np.mgrid[:10, :10]
    np.testing.assert_array_equal(seen >= 0, (x <= y) & (y < 8))


def test_a_triangle_larger_than_the_picture_fills_it() -> None:
    screen = torch.tensor([[[-4000.0, -4000.0, 1.0], [-4000.0, 9000.0, 1.0], [9000.0, 50.0, 1.0]]])
    assert (visible_triangles(screen, torch.tensor([[0, 1, 2]]), 64, 64) == 0).all()


def test_neighbours_leave_no_crack_between_them() -> None:
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-5, 105, 40), np.linspace(-5, 105, 40)), axis=-1)
    grid[1:-1, 1:-1] += rng.uniform(-0.6, 0.6, grid[1:-1, 1:-1].shape)
    points = np.concatenate([grid.reshape(-1, 2), np.ones((1600, 1))], axis=1).astype(np.float32)
    a = (np.arange(39)[:, None] * 40 + np.arange(39)).reshape(-1)
    faces = np.concatenate([np.stack([a, a + 40, a + 1], 1), np.stack([a + 1, a + 40, a + 41], 1)])
    seen = visible_triangles(torch.from_numpy(points)[None], torch.from_numpy(faces), 100, 100)
    assert (seen >= 0).all()


def test_the_nearer_surface_hides_the_farther_in_any_order() -> None:
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
    vertices = np.concatenate([square, square * 0.5 + [0, 0, 0.5]])
    colours = np.repeat(np.array([[1, 0, 0], [0, 1, 0]], np.float32), 4, axis=0)
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    camera = Camera((0, 0, 5), field_of_view=0.5, width=31, height=31)
    for order in (faces, faces[::-1]):
        picture = shown(Mesh(order, colours), vertices, camera, look=FLAT)
        assert tuple(picture[15, 15] > 128) == (False, True, False)
        assert tuple(picture[15, 6] > 128) == (True, False, False)


def test_intersecting_surfaces_change_places_where_they_meet() -> None:
    tilt = np.array([[-1, -1, -1], [1, -1, 1], [1, 1, 1], [-1, 1, -1]], dtype=np.float32)
    flat = tilt * [1, 1, 0]
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    camera = Camera((0, 0, 9), field_of_view=0.15, width=40, height=40)
    screen = project(torch.from_numpy(np.concatenate([tilt, flat]).astype(np.float32))[None], camera)
    seen = visible_triangles(screen, torch.from_numpy(faces), 40, 40)[0].numpy() // 2
    assert (seen[5:35, 2:19] == 1).all()
    assert (seen[5:35, 21:38] == 0).all()


def test_what_faces_away_is_drawn_only_when_two_sided() -> None:
    vertices = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], dtype=np.float32)
    camera = Camera((0, 0, -5), field_of_view=0.6, width=20, height=20)
    white = np.ones((3, 3), np.float32)
    assert not shown(Mesh(np.array([[0, 1, 2]]), white), vertices, camera, look=FLAT).any()
    assert shown(Mesh(np.array([[0, 1, 2]]), white, two_sided=True), vertices, camera, look=FLAT).any()


def test_geometry_behind_the_camera_is_not_drawn() -> None:
    vertices = np.array([[-1, -1, 9], [1, -1, 9], [0, 1, -9]], dtype=np.float32)
    mesh = Mesh(np.array([[0, 1, 2]]), np.ones((3, 3), np.float32), two_sided=True)
    assert not shown(mesh, vertices, Camera((0, 0, 5), width=20, height=20), look=FLAT).any()


def test_the_characters_left_is_on_the_right_of_the_picture_and_up_is_up() -> None:
    camera = Camera((0, 0, 5), width=100, height=50)
    screen = project(torch.tensor([[[0.5, 0.25, 0.0]]]), camera)[0, 0]
    assert screen[0] > 50
    assert screen[1] < 25
    assert screen[2] == pytest.approx(1 / 5)


def test_attributes_are_perspective_correct() -> None:
    vertices = torch.tensor([[[-1.0, -1.0, 2.0], [1.0, -1.0, -6.0], [1.0, 1.0, -6.0], [-1.0, 1.0, 2.0]]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    camera = Camera((0, 0, 5), field_of_view=0.5, width=64, height=64)
    screen = project(vertices, camera)
    seen = visible_triangles(screen, faces, 64, 64)
    where = torch.nonzero(seen.reshape(-1) >= 0).squeeze(1)
    value = hits(screen, faces, seen, where).of_vertices(vertices)
    again = project(value[None], camera)[0]
    np.testing.assert_allclose(again[:, 0], where % 64 + 0.5, atol=1e-2)
    np.testing.assert_allclose(again[:, 1], torch.div(where, 64, rounding_mode="floor") + 0.5, atol=1e-2)


def test_normals_of_a_ball_point_outwards() -> None:
    points, faces = ball()
    normals = vertex_normals(torch.from_numpy(points)[None], torch.from_numpy(faces))[0].numpy()
    used = np.unique(faces)
    assert ((normals * points).sum(axis=1)[used] > 0.99).all()


def test_light_comes_from_where_the_lamp_stands() -> None:
    points, faces = ball()
    mesh = Mesh(faces, np.full((len(points), 3), 0.8, np.float32))
    camera = Camera((0, 0, 8), field_of_view=0.3, width=64, height=64)
    left = shown(mesh, points, camera, look=Look((Light((-1, 0, 0.3), (1, 1, 1)),))).astype(int)
    above = shown(mesh, points, camera, look=Look((Light((0, 1, 0.3), (1, 1, 1)),))).astype(int)
    assert left[32, 16, 0] > left[32, 48, 0] + 60
    assert above[16, 32, 0] > above[48, 32, 0] + 60


def test_lamps_travel_with_the_camera() -> None:
    points, faces = ball()
    mesh, look = Mesh(faces, np.full((len(points), 3), 0.8, np.float32)), Look((Light((-1, 0.5, 0.5), (1, 1, 1)),))
    front = shown(mesh, points, Camera((0, 0, 8), field_of_view=0.3, width=48, height=48), look=look).astype(int)
    side = shown(mesh, points, Camera((8, 0, 0), field_of_view=0.3, width=48, height=48), look=look).astype(int)
    assert np.abs(front - side).mean() < 2


def test_polish_adds_a_highlight() -> None:
    points, faces = ball()
    colours, lamp = np.full((len(points), 3), 0.2, np.float32), Look((Light((0, 0, 1), (1, 1, 1)),))
    camera = Camera((0, 0, 8), field_of_view=0.3, width=48, height=48)
    matt = shown(Mesh(faces, colours), points, camera, look=lamp)
    polished = shown(Mesh(faces, colours, np.ones(len(points), np.float32)), points, camera, look=lamp)
    assert polished[24, 24].min() > matt[24, 24].max() + 60


def test_background_runs_from_top_to_bottom_colour() -> None:
    look = Look((), background_top=(0, 0, 0), background_bottom=(1, 1, 1))
    mesh = Mesh(np.array([[0, 1, 2]]), np.ones((3, 3), np.float32))
    picture = shown(mesh, np.full((3, 3), 99.0), Camera((0, 0, 5), width=8, height=32), look=look)
    assert picture[0].max() == 0
    assert picture[-1].min() == 255
    assert (np.diff(picture[:, 0, 0].astype(int)) >= 0).all()


def test_linear_half_is_encoded_as_srgb_188() -> None:
    look = Look((), background_top=(0.5, 0.5, 0.5), background_bottom=(0.5, 0.5, 0.5))
    mesh = Mesh(np.array([[0, 1, 2]]), np.ones((3, 3), np.float32))
    picture = shown(mesh, np.full((3, 3), 99.0), Camera((0, 0, 5), width=4, height=4), look=look)
    assert (picture == 188).all()


def test_supersampling_gives_edges_their_true_coverage() -> None:
    points, faces = ball(32)
    mesh = Mesh(faces, np.ones((len(points), 3), np.float32))
    camera = Camera((0, 0, 40), field_of_view=0.08, width=48, height=48)
    area = np.pi * (24 / np.tan(0.04) / np.sqrt(40**2 - 1)) ** 2
    alpha = shown(mesh, points, camera, look=FLAT, supersample=4, alpha=True)[..., 3] / 255
    assert alpha.sum() == pytest.approx(area, rel=0.01)
    assert ((alpha > 0.1) & (alpha < 0.9)).sum() > 30


def test_alpha_keeps_the_subjects_own_colour_at_its_edge() -> None:
    points, faces = ball()
    mesh = Mesh(faces, np.tile(np.array([0.5, 0.2, 0.1], np.float32), (len(points), 1)))
    camera = Camera((0, 0, 8), field_of_view=0.3, width=48, height=48)
    picture = shown(mesh, points, camera, look=Look((), ambient=(1, 1, 1), background_top=(0, 1, 0)), alpha=True)
    assert set(np.unique(picture[..., 3])) == {0, 255}
    edge = (picture[..., 3] == 255) & (picture[..., 0] > 0)
    assert (picture[edge][:, 0].astype(int) - picture[edge][:, 1]).min() > 20


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_frames_are_the_same_however_they_are_batched(batch: int) -> None:
    points, faces = ball(12)
    moving = points[None] + np.linspace(-0.5, 0.5, 7, dtype=np.float32)[:, None, None]
    mesh, camera = Mesh(faces, np.full((len(points), 3), 0.5, np.float32)), Camera((0, 0, 8), width=40, height=24)
    frames = list(render(mesh, moving, camera, batch))
    assert len(frames) == 7
    assert all(frame.shape == (24, 40, 3) and frame.dtype == np.uint8 for frame in frames)
    for frame, alone in zip(frames, moving, strict=True):
        np.testing.assert_array_equal(frame, shown(mesh, alone, camera))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_an_accelerator_draws_the_same_picture() -> None:
    points, faces = ball()
    mesh, camera = Mesh(faces, np.full((len(points), 3), 0.5, np.float32)), Camera((0, 0, 8), field_of_view=0.3)
    here, there = shown(mesh, points, camera), shown(mesh, points, camera, device="cuda")
    assert (np.abs(here.astype(int) - there) > 2).mean() < 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_of_the_input_is_kept(dtype: torch.dtype) -> None:
    points, faces = ball(8)
    vertices, triangles = torch.from_numpy(points).to(dtype)[None], torch.from_numpy(faces)
    screen = project(vertices, Camera((0, 0, 8)))
    seen = visible_triangles(screen, triangles, 16, 16)
    assert screen.dtype == dtype
    assert seen.dtype == torch.int64
    assert vertex_normals(vertices, triangles).dtype == dtype


def test_wrong_meshes_cameras_and_vertices_are_refused() -> None:
    white = np.ones((3, 3), np.float32)
    with pytest.raises(ValueError, match="no colour"):
        Mesh(np.array([[0, 1, 3]]), white)
    with pytest.raises(ValueError, match="specular"):
        Mesh(np.array([[0, 1, 2]]), white, np.ones(2))
    with pytest.raises(ValueError, match="up direction"):
        Camera((0, 5, 0))
    mesh = Mesh(np.array([[0, 1, 2]]), white)
    with pytest.raises(ValueError, match="expected"):
        list(render(mesh, np.zeros((1, 4, 3)), Camera((0, 0, 5))))
    with pytest.raises(ValueError, match="finite"):
        list(render(mesh, np.full((1, 3, 3), np.nan), Camera((0, 0, 5))))

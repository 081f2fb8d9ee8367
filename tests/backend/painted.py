"""A small character and its rendered set: a lit ball with eyes and a mouth that turns its face and speaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from addon.core.rotation import matrix_from_angles
from addon.core.shot import Shot, Subject, Surface
from backend.generator.raster import render
from backend.generator.raster.shots import camera_of, mesh_of

SIZE = 64


def ball(rings: int = 20) -> Subject:
    """A unit ball of three materials, seen from its front (+z): skin, two eyes, a mouth; 70 landmarks on it."""
    columns = 2 * rings
    up, around = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, columns + 1), indexing="ij")
    points = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(rings), np.arange(columns), indexing="ij")
    a = (row * (columns + 1) + column).reshape(-1)
    c = a + columns + 1
    faces = np.concatenate([np.stack([a, c, a + 1], -1), np.stack([a + 1, c, c + 1], -1)])
    places = np.stack([around.reshape(-1) / (2 * np.pi), 1 - up.reshape(-1) / np.pi], axis=-1)
    middle = points[faces].mean(axis=1)
    eye = (np.abs(np.abs(middle[:, 0]) - 0.4) < 0.2) & (np.abs(middle[:, 1] - 0.3) < 0.15) & (middle[:, 2] > 0)
    mouth = (np.abs(middle[:, 0]) < 0.35) & (np.abs(middle[:, 1] + 0.45) < 0.15) & (middle[:, 2] > 0)
    checks = np.indices((32, 32)).sum(axis=0) // 4 % 2
    texture = np.stack([150 + 60 * checks, 110 + 40 * checks, 90 + 20 * checks], axis=-1).astype(np.uint8)
    surfaces = (
        Surface("Skin", "skin", (0.5, 0.3, 0.2), 0.2, texture),
        Surface("Eyes", "eyes", (0.9, 0.9, 0.9)),
        Surface("Teeth", "mouth", (0.6, 0.1, 0.1)),
    )
    number = np.where(eye, 1, np.where(mouth, 2, 0)).astype(np.uint8)
    colours = np.full((len(points), 3), 0.5, np.float32)
    for kind in (1, 2):
        colours[faces[number == kind]] = surfaces[kind].colour
    return Subject(
        faces.astype(np.int32), places[faces].astype(np.float32), number, colours, surfaces, _landmarks(points)
    )


def moving(count: int, seed: int, subject: Subject, spread: float = 0.35, *, rings: int = 20, size: int = SIZE) -> Shot:
    """Poses drawn at random: the ball, of as many `rings`, turns, and opens its mouth downwards; `size` pixels."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, np.pi, rings + 1)
    up, around = np.meshgrid(rows, np.linspace(0, 2 * np.pi, 2 * rings + 1), indexing="ij")
    rest = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1).reshape(-1, 3)
    chin = np.exp(-((rest - [0, -0.7, 0.7]) ** 2).sum(axis=1) / 0.2)
    frames = []
    for _ in range(count):
        opened = rest + rng.uniform(0, 0.25) * chin[:, None] * [0, -1, 0]
        turn = matrix_from_angles(rng.uniform(-spread, spread, 3))
        frames.append(opened @ turn.T + [0, 0, -6])
    return Shot(subject, np.stack(frames), 0.42, size, size, 24.0)


def rendered_set(
    folder: Path,
    train: int = 20,
    test: int = 6,
    seed: int = 1,
    spread: float = 0.35,
    *,
    rings: int = 20,
    size: int = SIZE,
) -> Path:
    """The folder of a set, drawn by the rasteriser: two trained lines, a sweep, and a line to test on."""
    shot = moving(train + test, seed, ball(rings), spread, rings=rings, size=size)
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    camera = camera_of(shot)
    frames = render(mesh_of(shot.subject, size), shot.vertices, camera, supersample=2, alpha=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / "frames" / f"{number:05d}.png")
    (folder / "shot.npz").write_bytes(shot.to_bytes())
    lines = ["sweep"] * (train - 8) + ["first"] * 5 + ["second"] * 3 + ["third"] * test
    described = {"version": 1, "engine": "CYCLES", "size": size, "fps": 24.0, "lines": lines}
    described["splits"] = ["train"] * train + ["test"] * test
    (folder / "set.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def _landmarks(points: np.ndarray) -> np.ndarray:
    """Vertices nearest to where a face has its landmarks, roughly."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    jaw = np.stack([np.linspace(-0.8, 0.8, 17), -0.8 + 0.6 * np.linspace(-1, 1, 17) ** 2], -1)
    brows = np.stack([np.linspace(-0.6, 0.6, 10), np.full(10, 0.5)], -1)
    nose = np.stack([np.linspace(-0.1, 0.1, 9), np.linspace(0.3, -0.1, 9)], -1)
    eyes = [np.stack([x + 0.2 * np.cos(turn[::2]), 0.3 + 0.12 * np.sin(turn[::2])], -1) for x in (-0.4, 0.4)]
    outer = np.stack([0.4 * np.cos(turn), -0.45 + 0.2 * np.sin(turn)], -1)
    inner = np.stack([0.3 * np.cos(turn[:8]), -0.45 + 0.1 * np.sin(turn[:8])], -1)
    places = np.concatenate([jaw, brows, nose, *eyes, outer, inner, [[0.4, 0.3], [-0.4, 0.3]]])
    depth = np.sqrt(np.maximum(1 - (places**2).sum(axis=1), 0.05))
    wanted = np.concatenate([places, depth[:, None]], axis=1)
    return np.argmin(((points[None] - wanted[:, None]) ** 2).sum(axis=-1), axis=1).astype(np.int32)

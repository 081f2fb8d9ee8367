"""A drawn face whose landmarks are known, and a performance to give it."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from addon.core.channels import CHANNEL_INDEX, CHANNELS
from addon.core.performance import Performance
from addon.core.rotation import matrix_from_angles
from backend.face.basis import landmarks_from_channels, load_basis


def portrait_points() -> np.ndarray:
    """Landmarks (70,2) in pixels of the face on `portrait_picture`."""
    return face_points((210.0, 240.0), 70.0, (0.05, 0.2, 0.25))


@cache
def portrait_picture() -> np.ndarray:
    """A face (420,480,3) uint8, turned and tilted, with blotches all over so that every place can be told."""
    picture = draw_face(portrait_points(), (480, 420)).astype(np.float64)
    rng = np.random.default_rng(0)
    for block, strength in ((12, 30.0), (24, 30.0), (48, 20.0)):
        noise = rng.normal(size=(420 // block + 1, 480 // block + 1, 3)) * strength
        picture += np.kron(noise, np.ones((block, block, 1)))[:420, :480]
    return np.clip(picture, 0, 255).astype(np.uint8)


def face_points(centre: tuple[float, float], scale: float, angles: tuple[float, float, float]) -> np.ndarray:
    """Landmarks (70,2) in pixels of the canonical face, `scale` pixels per inter-ocular distance."""
    turned = load_basis().neutral @ matrix_from_angles(np.array(angles)).T
    return turned[:, :2] * np.array([1.0, -1.0]) * scale + np.array(centre)


def draw_face(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture (H,W,3) uint8 of a face with these landmarks (70,2)."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    back = np.stack([60 + 80 * columns / size[0], 70 + 60 * rows / size[1], np.full(rows.shape, 110)], axis=-1)
    image = Image.fromarray(back.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    scale = float(np.linalg.norm(points[69] - points[68]))
    brow = points[17:27].mean(axis=0)
    outline = [*map(tuple, points[:17]), *(tuple(2 * brow - points[k] * 0.5 - brow * 0.5) for k in range(0, 17, 2))]
    pen.polygon(outline, fill=(224, 178, 150))
    for first, last in ((36, 42), (42, 48)):
        pen.polygon(list(map(tuple, points[first:last])), fill=(245, 245, 245))
    for pupil in points[68:70]:
        pen.ellipse([*(pupil - 0.08 * scale), *(pupil + 0.08 * scale)], fill=(40, 60, 90))
    pen.polygon(list(map(tuple, points[48:60])), fill=(170, 70, 80))
    pen.polygon(list(map(tuple, points[60:68])), fill=(70, 20, 30))
    for first, last in ((17, 22), (22, 27), (27, 31), (31, 36)):
        pen.line(list(map(tuple, points[first:last])), fill=(90, 60, 50), width=max(1, round(0.04 * scale)))
    return np.asarray(image)


def performance_of(frames: int = 6) -> Performance:
    """A head that turns and nods, a jaw that opens, lids that close once, eyes that wander."""
    rise = np.linspace(0.0, 1.0, frames)
    channels = np.zeros((frames, len(CHANNELS)), dtype=np.float32)
    channels[:, CHANNEL_INDEX["jawOpen"]] = rise
    channels[frames // 2, [CHANNEL_INDEX["eyeBlinkLeft"], CHANNEL_INDEX["eyeBlinkRight"]]] = 1.0
    head = np.zeros((frames, 6))
    head[:, 0], head[:, 1], head[:, 3] = 0.1 * rise, -0.25 * rise, 0.1 * rise
    gaze = np.tile(np.stack([0.1 * rise, 0.3 * rise], axis=-1)[:, None], (1, 2, 1))
    emotion = np.zeros((frames, 9))
    landmarks = landmarks_from_channels(load_basis(), channels)
    meta = {"visemes": [["PP", 0.0, 0.05], ["aa", 0.05, 0.2]]}
    return Performance(30.0, landmarks, gaze, head, channels, emotion, meta)

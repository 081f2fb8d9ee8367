"""A clip of a face with its landmarks as a training set, where there is no mesh: the canonical mask takes its place.

The mask (`backend.generator.canonical.mask`) is laid over the landmarks of every frame, its depth that of the canonical
face turned as the landmarks are. Only what it covers is learned and painted, softly at its edge; the rest of the
picture stays the clip's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from addon.core.errors import RequestError
from addon.core.npz import NOT_AN_NPZ
from addon.core.performance import LANDMARKS
from addon.core.shot import Shot
from backend.face.basis import load_basis
from backend.face.landmarks import EYES
from backend.generator.canonical.head import CANONICAL, HEAD
from backend.generator.canonical.mask import face_mask
from backend.generator.raster.buffers import draw_buffers
from backend.generator.raster.scene import PORTRAIT_LENS
from backend.generator.raster.shots import camera_of

from .dataset import VERSION

SIZE: Final[int] = 256
ROOM: Final[float] = 1.25
"""The square that is cut out of the clip is this much wider than the face's landmarks."""
TESTED: Final[float] = 0.2
"""Share of the clip, its end, that is kept to test on."""
MOST: Final[int] = 600
"""Frames that are taken of a clip, evenly."""
_SOFT: Final[float] = 3.0
"""Deviation in pixels of the mask's soft edge."""


def set_of_clip(video: Path, landmarks: Path, folder: Path) -> Path:
    """Write a training set (`dataset`) of a clip; `landmarks` is an .npz of `landmarks` (T,68 or 70,2+), pixels.

    Raises RequestError when the clip cannot be read or its frames and landmarks differ in number.
    """
    points = _landmarks(landmarks)
    chosen = np.unique(np.linspace(0, len(points) - 1, min(MOST, len(points))).astype(int))
    square = _square(points[chosen])
    pictures, fps = _cut(video, square, chosen, len(points))
    shot = shot_of_landmarks((points[chosen] - square[:2]) * (SIZE / square[2]), SIZE, SIZE, fps)
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    for number, (picture, alpha) in enumerate(zip(pictures, _covered(shot), strict=True)):
        picture.putalpha(Image.fromarray(alpha))
        picture.save(folder / "frames" / f"{number:05d}.png")
    (folder / "shot.npz").write_bytes(shot.to_bytes())
    learned = round(len(chosen) * (1 - TESTED))
    lines = ["clip"] * learned + ["end of clip"] * (len(chosen) - learned)
    splits = ["train"] * learned + ["test"] * (len(chosen) - learned)
    described = {"version": VERSION, "engine": "clip", "size": SIZE, "fps": fps, "splits": splits, "lines": lines}
    (folder / "set.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def shot_of_landmarks(points: np.ndarray, width: int, height: int, fps: float) -> Shot:
    """The canonical mask over landmarks (T,70,2), pixels from the top left corner.

    Scale, turn and place of each frame's face are the nearest to an affine fit of the canonical face to its landmarks;
    across the picture the landmarks are kept as they are.
    """
    mask, neutral = face_mask(), load_basis().neutral.astype(np.float64)
    distance = 0.5 * height / np.tan(0.5 * PORTRAIT_LENS)
    frames = []
    for frame in points.astype(np.float64):
        flat = np.stack([frame[:, 0] - width / 2, height / 2 - frame[:, 1]], axis=1)
        turn, place = _fitted(neutral, flat)
        solid = np.concatenate([flat, (neutral @ turn.T)[:, 2:]], axis=1)
        origin = np.array([*place, 0.0])
        rest = 1.0 - mask.weights.sum(axis=1)
        vertices = mask.weights @ solid + mask.offset @ turn.T + rest[:, None] * origin
        away = distance - vertices[:, 2:]
        frames.append(np.concatenate([vertices[:, :2] * away / distance, -away], axis=1))
    return Shot(mask.subject, np.stack(frames), PORTRAIT_LENS, width, height, fps, {HEAD: CANONICAL})


def _fitted(neutral: np.ndarray, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scaled rotation (3,3) and place (2,) that carry the canonical face (70,3) onto points (70,2) of the picture."""
    known = np.concatenate([neutral, np.ones((len(neutral), 1))], axis=1)
    affine = np.linalg.lstsq(known, flat, rcond=None)[0].T
    u, size, vt = np.linalg.svd(affine[:, :3], full_matrices=False)
    rows = u @ vt
    return size.mean() * np.stack([*rows, np.cross(*rows)]), affine[:, 3]


def _landmarks(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as data:
            points = np.asarray(data["landmarks"], dtype=np.float64)[..., :2]
    except NOT_AN_NPZ as error:
        raise RequestError("clip.landmarks", "Landmarks are an .npz with an array `landmarks`.", str(path)) from error
    if points.ndim != 3 or points.shape[1] not in (68, LANDMARKS) or not np.isfinite(points).all():
        raise RequestError("clip.landmarks", "Landmarks are (frames, 68 or 70, 2), finite, in pixels.", str(path))
    if points.shape[1] == LANDMARKS:
        return points
    pupils = [points[:, list(EYES[side])].mean(axis=1) for side in ("left", "right")]
    return np.concatenate([points, np.stack(pupils, axis=1)], axis=1)


def _cut(video: Path, square: tuple[int, int, int], chosen: np.ndarray, count: int) -> tuple[list[Image.Image], float]:
    """The `square` of the `chosen` frames, at SIZE, and the frame rate of a clip that must have `count` frames."""
    left, top, side = square
    wanted, pictures, number = set(chosen.tolist()), [], 0
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 25)
            for number, frame in enumerate(container.decode(stream), 1):
                if number - 1 in wanted:
                    part = frame.to_image().crop((left, top, left + side, top + side))
                    pictures.append(part.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise RequestError("clip.video", "The clip cannot be read; save it as MP4 or MOV.", str(video)) from error
    if number != count:
        raise RequestError(
            "clip.frames", f"The clip has {number} frames, the landmarks are of {count}; they must be as many."
        )
    return pictures, rate


def _square(points: np.ndarray) -> tuple[int, int, int]:
    """Left, top and side in whole pixels of the square around the landmarks of all frames."""
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    side = max(2, round(ROOM * float((high - low).max())))
    left, top = np.round((low + high) / 2 - side / 2).astype(int)
    return int(left), int(top), side


def _covered(shot: Shot) -> list[np.ndarray]:
    """(H,W) uint8 for each frame: what the mask covers, softened inwards and outwards."""
    triangles = torch.from_numpy(shot.subject.triangles.astype(np.int64))
    covers = []
    for frame in torch.from_numpy(shot.vertices):
        buffers = draw_buffers(frame[None], triangles, camera_of(shot))
        cover = buffers.spread(torch.ones(len(buffers.where), 1))[0, 0].numpy()
        covers.append(np.round(255 * gaussian_filter(cover, _SOFT)).astype(np.uint8))
    return covers

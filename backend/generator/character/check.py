"""Whether a set's geometry and its pictures show the same: told of another face than it sees, a painter blurs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from scipy.stats import rankdata

from addon.core.errors import RequestError
from addon.core.npz import NOT_AN_NPZ
from backend.generator.quality import composite
from backend.generator.raster.buffers import draw_buffers
from backend.generator.raster.shots import camera_of

from .body import face_vertices, screen_points
from .dataset import RenderedSet
from .pictures import resized

LOOKED_AT: Final[int] = 6
LEAST_OVERLAP: Final[float] = 0.9
"""Of coverage and alpha, intersection over union. The demo character's is 0.997; hair cards and fur cost some."""
MOST_DEPTH: Final[float] = 0.02
"""Median difference of depth, as a share of it."""
MOST_ANGLE: Final[float] = 0.45
"""Median angle between normals, radians; fine relief turns the renderer's by a tenth or two."""
FURTHEST: Final[int] = 12
"""Frames by which pictures may be shifted and it is found out."""
REACH: Final[int] = 4
"""Frames are compared with the one to four before them."""
CELLS: Final[int] = 12
"""Cells of a side whose colours stand for a picture."""
LEAST_LIKENESS: Final[float] = 0.5
CLEARLY: Final[float] = 0.15
"""Rank correlation that pictures must have with the poses of another frame, and how much better than with their own.

Of 230 rendered frames of the demo character it is 0.97 with their own, and at most 0.68 with others'.
"""


def doubts(rendered: RenderedSet, folder: Path) -> tuple[str, ...]:
    """Sentences about what does not agree: in a few frames outline, and depth and normals where passes are there; and
    the order of all frames. Raises RequestError for a pass that cannot be read.
    """
    numbers = np.unique(np.linspace(0, rendered.shot.frame_count - 1, LOOKED_AT).astype(int))
    found = np.array([_compared(rendered, folder, int(number)) for number in numbers])
    said = []
    overlap, depth, angle = (_median(column) for column in found.T)
    if overlap < LEAST_OVERLAP:
        said.append(
            f"The mesh covers what the renders show to {100 * overlap:.0f} % only: is something hidden in the render, "
            "or shown there and not part of the character?"
        )
    if depth > MOST_DEPTH:
        said.append(f"Depth differs by {100 * depth:.0f} %: was the camera moved after the frames were rendered?")
    if angle > MOST_ANGLE:
        said.append(f"Normals differ by {np.degrees(angle):.0f} degrees: are the mesh's normals flipped?")
    if shift := shift_of(rendered):
        said.append(
            f"The picture of frame {max(shift, 0)} shows the pose of frame {max(-shift, 0)}, and so on: were frames "
            "renumbered or left out? Render the set again."
        )
    return tuple(said)


def shift_of(rendered: RenderedSet) -> int:
    """How many frames the pictures come after the poses that they show; 0 where they do not, or it cannot be told.

    Where a pose differs much from those before it, so must its picture: for every shift, the one is ranked against the
    other (Spearman), and the shift is told with which they go together clearly better than as they are.
    """
    shot = rendered.shot
    poses = screen_points(shot)[:, face_vertices(shot.subject)].reshape(shot.frame_count, -1)
    small = [resized(picture, CELLS, CELLS) for picture in rendered.pictures]
    looks = np.stack([composite(picture[..., :3], picture[..., 3]).reshape(-1) for picture in small])
    furthest = min(FURTHEST, shot.frame_count // 3)
    likeness = {shift: _likeness(poses, looks, shift) for shift in range(-furthest, furthest + 1)}
    best = max(likeness, key=lambda shift: likeness[shift])
    clear = likeness[best] > max(LEAST_LIKENESS, likeness[0] + CLEARLY)
    return best if clear else 0


def _likeness(poses: np.ndarray, looks: np.ndarray, shift: int) -> float:
    """Rank correlation of how much poses (T,P) change with how much pictures (T,Q) do, `shift` frames later."""
    count = len(poses) - abs(shift)
    posed, seen = (_changes(part) for part in (poses[max(0, -shift) :][:count], looks[max(0, shift) :][:count]))
    if min(np.ptp(posed), np.ptp(seen)) <= 0:
        return 0.0
    return float(np.corrcoef(rankdata(posed), rankdata(seen))[0, 1])


def _changes(rows: np.ndarray) -> np.ndarray:
    """Distances of each row (T,N) from those one to REACH before it."""
    return np.concatenate([np.linalg.norm(rows[step:] - rows[:-step], axis=1) for step in range(1, REACH + 1)])


def _compared(rendered: RenderedSet, folder: Path, number: int) -> tuple[float, float, float]:
    """Overlap of outlines, relative depth difference, angle of normals of a frame; nan where there is no pass."""
    shot = rendered.shot
    triangles = torch.from_numpy(shot.subject.triangles.astype(np.int64))
    drawn = draw_buffers(torch.from_numpy(shot.vertices[number : number + 1]), triangles, camera_of(shot))
    where = drawn.where.numpy()
    covered = np.zeros(shot.height * shot.width, bool)
    covered[where] = True
    shown = rendered.pictures[number, ..., 3].reshape(-1) > 127
    overlap = float((covered & shown).sum() / max((covered | shown).sum(), 1))
    path = folder / "passes" / f"{number:05d}.npz"
    if not path.is_file():
        return overlap, np.nan, np.nan
    depth, normal = _passes(path, shot.height * shot.width)
    depth, normal = depth[where], normal[where]
    here = drawn.depth.numpy()
    both = np.isfinite(depth) & (depth < 10 * here.max(initial=0.0)) & shown[where]
    cosine = (normal * drawn.normals.numpy()).sum(axis=1)[both].clip(-1, 1)
    return overlap, _median(np.abs(depth[both] / here[both] - 1)), _median(np.arccos(cosine))


def _passes(path: Path, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Depth (pixels,) and normals (pixels,3) of a file."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return data["depth"].reshape(pixels), data["normal"].reshape(pixels, 3)
    except NOT_AN_NPZ as error:
        raise RequestError(
            "set.passes", "A pass of the training set is damaged; delete it, or render the set again.", path.name
        ) from error


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0

"""Whether a set's geometry and its pictures show the same: told of another face than it sees, a painter blurs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch

from backend.generator.raster.buffers import draw_buffers
from backend.generator.raster.shots import camera_of

from .dataset import RenderedSet

LOOKED_AT: Final[int] = 6
LEAST_OVERLAP: Final[float] = 0.9
"""Of coverage and alpha, intersection over union. The demo character's is 0.997; hair cards and fur cost some."""
MOST_DEPTH: Final[float] = 0.02
"""Median difference of depth, as a share of it."""
MOST_ANGLE: Final[float] = 0.45
"""Median angle between normals, radians; fine relief turns the renderer's by a tenth or two."""


def doubts(rendered: RenderedSet, folder: Path) -> tuple[str, ...]:
    """Sentences about what does not agree in a few frames: outline, and depth and normals where passes are there."""
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
    return tuple(said)


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
    with np.load(path, allow_pickle=False) as data:
        depth, normal = data["depth"].reshape(-1)[where], data["normal"].reshape(-1, 3)[where]
    here = drawn.depth.numpy()
    both = np.isfinite(depth) & (depth < 10 * here.max()) & shown[where]
    cosine = (normal * drawn.normals.numpy()).sum(axis=1)[both].clip(-1, 1)
    return overlap, _median(np.abs(depth[both] / here[both] - 1)), _median(np.arccos(cosine))


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0

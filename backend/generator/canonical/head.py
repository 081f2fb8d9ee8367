"""A Performance on the canonical face as a shot, and as curves that can be edited: lips, expression, gaze, pose."""

from __future__ import annotations

from typing import Final

import numpy as np

from addon.core.performance import Performance
from addon.core.rotation import matrix_from_angles
from addon.core.shot import Shot
from backend.face.basis import load_basis
from backend.face.landmarks import GROUPS
from backend.face.normalize import relocate
from backend.generator.interface import LatentTrack
from backend.generator.raster.scene import PORTRAIT_LENS

from .mask import face_mask

HEAD: Final[str] = "head"
CANONICAL: Final[str] = "canonical"
"""A shot whose meta says `head`: `canonical` is of this head."""
HEIGHT: Final[float] = 3.9
MIDDLE: Final[float] = -0.33
"""What the picture shows at the face and how high its middle is, in inter-ocular distances from between the eyes."""
SPEAKING: Final[tuple[int, ...]] = (*GROUPS["jaw"], *GROUPS["lips_outer"], *GROUPS["lips_inner"])
FEELING: Final[tuple[int, ...]] = tuple(k for k in range(68) if k not in SPEAKING)


def canonical_shot(performance: Performance, size: int = 256) -> Shot:
    """The performance on the canonical head, seen from in front in a square picture of `size` pixels."""
    vertices = vertices_of_curves(curves_of(performance))
    return Shot(face_mask().subject, vertices, PORTRAIT_LENS, size, size, performance.fps, {HEAD: CANONICAL})


def curves_of(performance: Performance) -> LatentTrack:
    """The performance as curves of the canonical head.

    lips (T,111) and expression (T,93) are displacements x, y, z from the neutral face of the landmarks SPEAKING and
    FEELING, in inter-ocular distances, so twice a curve is twice the motion and 0 is rest; gaze (T,4); pose (T,6).
    """
    moved = performance.landmarks - load_basis().neutral
    frames = performance.frame_count
    return LatentTrack(
        "raster",
        performance.fps,
        {
            "lips": moved[:, list(SPEAKING)].reshape(frames, -1),
            "expression": moved[:, list(FEELING)].reshape(frames, -1),
            "gaze": performance.gaze.reshape(frames, 4),
            "pose": performance.head,
        },
    )


def vertices_of_curves(track: LatentTrack) -> np.ndarray:
    """(T,V,3) float32 in camera axes: the mask's vertices for the curves of `curves_of`."""
    basis, mask = load_basis(), face_mask()
    frames = track.frame_count
    landmarks = np.repeat(basis.neutral[None], frames, axis=0)
    landmarks[:, list(SPEAKING)] += track.curves["lips"].reshape(frames, -1, 3)
    landmarks[:, list(FEELING)] += track.curves["expression"].reshape(frames, -1, 3)
    pose = track.curves["pose"]
    posed = relocate(landmarks, pose, 1.0, basis, gaze=track.curves["gaze"].reshape(frames, 2, 2))
    turn = matrix_from_angles(pose[:, :3].astype(np.float64))
    # Weights of a row that do not sum to 1 leave the rest to the offset, which must move with the head as well.
    rest = 1.0 - mask.weights.sum(axis=1)
    points = mask.weights @ posed + mask.offset @ turn.swapaxes(-1, -2) + rest[:, None] * pose[:, None, 3:]
    distance = 0.5 * HEIGHT / np.tan(0.5 * PORTRAIT_LENS)
    return (points - [0.0, MIDDLE, distance]).astype(np.float32)

"""Distances between a performance and a reference, point by point: LMD, M-LMD, F-LMD, LVD, LVE, FDD.

Lengths are inter-ocular distances (IOD, about 63 mm on an adult). Every metric says whether it takes a root and how
the faces are aligned, because papers differ in both and their values cannot be carried over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.performance import Performance
from backend.face.basis import load_basis
from backend.face.landmarks import GROUPS
from backend.face.normalize import relocate

from .signals import common_frames

LIPS: Final[list[int]] = [*GROUPS["lips_outer"], *GROUPS["lips_inner"]]
"""Points 48 to 67."""
FACE: Final[list[int]] = list(range(68))
"""All points but the pupils."""
UPPER: Final[list[int]] = [*GROUPS["brow_right"], *GROUPS["brow_left"], *GROUPS["eye_right"], *GROUPS["eye_left"]]
"""Brows and lids: points 17 to 26 and 36 to 47."""


@dataclass(frozen=True)
class Distances:
    """The six distances of one clip: LMD, M-LMD, F-LMD and LVE in IOD, LVD in IOD/s, FDD in squared IOD (signed)."""

    lmd: float
    m_lmd: float
    f_lmd: float
    lvd: float
    lve: float
    fdd: float


def distances(performed: Performance, reference: Performance) -> Distances:
    """All distances over the frames that both performances have."""
    count = common_frames(performed, reference)
    ours, theirs = performed.landmarks[:count].astype(np.float64), reference.landmarks[:count].astype(np.float64)
    return Distances(
        lmd=landmark_distance(_as_seen(performed, count), _as_seen(reference, count)),
        m_lmd=landmark_distance(ours[:, LIPS], theirs[:, LIPS]),
        f_lmd=landmark_distance(ours[:, FACE], theirs[:, FACE]),
        lvd=landmark_velocity_difference(ours[:, FACE], theirs[:, FACE], performed.fps),
        lve=lip_vertex_error(ours[:, LIPS], theirs[:, LIPS]),
        fdd=upper_face_dynamics_deviation(ours[:, UPPER], theirs[:, UPPER], load_basis().neutral[UPPER]),
    )


def landmark_distance(performed: np.ndarray, reference: np.ndarray) -> float:
    """Mean over frames and points of |p - g| (root) after each frame's mean point is taken off both: (T,N,3) each.

    On posed points (head and eyes put back) this is LMD, on the lips M-LMD, on the 68 normalized points F-LMD.
    """
    apart = _centred(performed) - _centred(reference)
    return float(np.linalg.norm(apart, axis=-1).mean())


def landmark_velocity_difference(performed: np.ndarray, reference: np.ndarray, fps: float) -> float:
    """LVD: `landmark_distance` of frame differences times fps, in IOD per second; 0 for a single frame."""
    if len(performed) < 2:
        return 0.0
    return landmark_distance(np.diff(performed, axis=0) * fps, np.diff(reference, axis=0) * fps)


def lip_vertex_error(performed: np.ndarray, reference: np.ndarray) -> float:
    """LVE: per frame the largest |p - g| (root, not squared) over the points, then the mean over frames; no alignment.

    Normalized landmarks are aligned already: the head pose is out of them.
    """
    return float(np.linalg.norm(performed - reference, axis=-1).max(axis=1).mean())


def upper_face_dynamics_deviation(performed: np.ndarray, reference: np.ndarray, neutral: np.ndarray) -> float:
    """FDD: mean over points of std_t(m_g) - std_t(m_p), m the squared distance from `neutral` (N,3), as CodeTalker has.

    In squared IOD, signed: positive when the performance is stiller than the reference.
    """
    ours, theirs = (np.sum((points - neutral) ** 2, axis=-1).std(axis=0) for points in (performed, reference))
    return float(np.mean(theirs - ours))


def _as_seen(performance: Performance, count: int) -> np.ndarray:
    """(T,70,3) landmarks with head pose and eye rotation put back, IOD."""
    basis = load_basis()
    normalized, head, gaze = (a[:count] for a in (performance.landmarks, performance.head, performance.gaze))
    return relocate(normalized, head, 1.0, basis, gaze=gaze).astype(np.float64)


def _centred(points: np.ndarray) -> np.ndarray:
    return points - points.mean(axis=-2, keepdims=True)

"""Taking head pose, gaze, scale and identity out of landmarks, and putting them back in: exact inverses.

Posed landmarks L and normalized landmarks N of frame t are related by

    L_t = s (R_t (G_t(N_t) - canonical + identity) + c_t),    R = Ry(yaw) Rx(pitch) Rz(roll),

where s is one scale for the whole take (units of L per inter-ocular distance), c the head's translation in IOD, the
origin midway between the eye centres is what the head turns about, and G turns each pupil about the centre of its
eyeball by that eye's pitch and yaw, and leaves the 68 other points alone.
"""

from __future__ import annotations

import numpy as np

from addon.core.errors import PerformanceError
from addon.core.performance import LANDMARKS
from addon.core.rotation import angles_from_matrix, matrix_from_angles

from .basis import FaceBasis
from .landmarks import PUPILS, RIGID


def relocate(
    normalized: np.ndarray,
    head: np.ndarray,
    scale: float,
    basis: FaceBasis,
    *,
    gaze: np.ndarray | None = None,
    identity: np.ndarray | None = None,
) -> np.ndarray:
    """Posed landmarks (T,70,3) float32 of normalized ones (T,70,3) and head poses (T,6).

    `gaze` (T,2,2) radians, left and right eye (pitch, yaw), turns the pupils about their eyeballs; without it they
    stay at rest. `identity` (70,3), a speaker's own neutral face in IOD, replaces the canonical one.
    """
    face = _checked(normalized) - basis.neutral
    if gaze is not None:
        face = _turned_pupils(face, basis, np.asarray(gaze, dtype=np.float64), back=False)
    face = face + _identity(basis, identity)
    pose = np.asarray(head, dtype=np.float64)
    rotation = matrix_from_angles(pose[:, :3])
    posed = scale * (face @ rotation.swapaxes(-1, -2) + pose[:, None, 3:])
    return np.ascontiguousarray(posed, dtype=np.float32)


def normalize(
    posed: np.ndarray,
    basis: FaceBasis,
    *,
    gaze: np.ndarray | None = None,
    identity: np.ndarray | None = None,
    head: np.ndarray | None = None,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Normalized landmarks (T,70,3), head poses (T,6) and scale of posed landmarks (T,70,3): `relocate` undone.

    Where `head` (T,6) and `scale` are known, from a head bone say, they are taken as they are. What is not known is
    fitted to the rigid points against the neutral face (`fit_head`); a fit sees the little that expression moves
    those points as pose, but `relocate` with the fitted values still gives back the posed landmarks exactly. `gaze`
    and `identity` are those of `relocate`. Raises PerformanceError when the points do not span a face.
    """
    points = _checked(posed)
    own = _identity(basis, identity)
    if head is None:
        pose, size = fit_head(points, own, scale)
    else:
        pose = np.asarray(head, dtype=np.float64)
        size = _scale_of_known_rotation(points, own, matrix_from_angles(pose[:, :3])) if scale is None else scale
    # The pose is returned as float32, so it is undone as float32: only then does relocate meet the same numbers.
    pose = np.asarray(pose, dtype=np.float32)
    rotation = matrix_from_angles(pose[:, :3].astype(np.float64))
    face = (points / size - pose[:, None, 3:]) @ rotation - own
    if gaze is not None:
        face = _turned_pupils(face, basis, np.asarray(gaze, dtype=np.float64), back=True)
    return np.ascontiguousarray(face + basis.neutral, dtype=np.float32), pose, float(size)


def fit_head(posed: np.ndarray, identity: np.ndarray, scale: float | None = None) -> tuple[np.ndarray, float]:
    """Head poses (T,6) and scale that carry the rigid points of `identity` (70,3) onto `posed` (T,70,3) best.

    Kabsch's rotation per frame (Acta Crystallographica A32, 1976) with Umeyama's guard against mirror images, and,
    unless it is given, one least-squares scale for all frames: a head does not grow while it speaks.
    """
    source, target = _centred(identity[list(RIGID)]), _centred(posed[:, list(RIGID)])
    u, _, vt = np.linalg.svd(np.einsum("ni,tnj->tij", source, target))
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    vt[:, 2] *= sign[:, None]
    rotation = (u @ vt).swapaxes(-1, -2)
    size = _scale_of_known_rotation(posed, identity, rotation) if scale is None else scale
    middle = identity[list(RIGID)].mean(axis=0)
    translation = posed[:, list(RIGID)].mean(axis=1) / size - rotation @ middle
    return np.concatenate([angles_from_matrix(rotation), translation], axis=1), size


def _scale_of_known_rotation(posed: np.ndarray, identity: np.ndarray, rotation: np.ndarray) -> float:
    source, target = _centred(identity[list(RIGID)]), _centred(posed[:, list(RIGID)])
    turned = source @ rotation.swapaxes(-1, -2)
    scale = float(np.sum(turned * target) / (len(posed) * np.sum(source * source))) if len(posed) else 0.0
    if not scale > 0 or not np.isfinite(scale):
        raise PerformanceError("face.points", "The landmarks do not span a face, so its pose and size are unknown.")
    return scale


def _turned_pupils(offsets: np.ndarray, basis: FaceBasis, gaze: np.ndarray, *, back: bool) -> np.ndarray:
    """Offsets from neutral (T,70,3) with each pupil turned about its eyeball by `gaze` (T,2,2), or turned back."""
    rotation = matrix_from_angles(np.concatenate([gaze, np.zeros((*gaze.shape[:-1], 1))], axis=-1))
    if back:
        rotation = rotation.swapaxes(-1, -2)
    arm = (basis.neutral[list(PUPILS)] - basis.eyeballs).astype(np.float64)
    turned = offsets.copy()
    turned[:, list(PUPILS)] = np.einsum("teij,tej->tei", rotation, offsets[:, list(PUPILS)] + arm) - arm
    return turned


def _centred(points: np.ndarray) -> np.ndarray:
    return points - points.mean(axis=-2, keepdims=True)


def _identity(basis: FaceBasis, identity: np.ndarray | None) -> np.ndarray:
    return (basis.neutral if identity is None else np.asarray(identity)).astype(np.float64)


def _checked(landmarks: np.ndarray) -> np.ndarray:
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (LANDMARKS, 3):
        raise PerformanceError("face.shape", f"Landmarks have shape {points.shape}, expected (T, {LANDMARKS}, 3).")
    return points

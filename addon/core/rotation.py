"""Rotations of head and eyes: angles, matrices and quaternions, for arrays of any leading shape.

Axes are right-handed: +X to the character's left, +Y up, +Z out of the face. Angles are (pitch, yaw, roll) in radians,
each by the right-hand rule about X, Y and Z: +pitch looks down, +yaw turns to the character's left, +roll tilts towards
the character's right shoulder. Roll is applied first, then pitch, then yaw, so for column vectors

    R = Ry(yaw) Rx(pitch) Rz(roll).

Quaternions are unit (w, x, y, z). Work is done and returned in the precision of the input: float64 stays float64, all
else becomes float32.
"""

from __future__ import annotations

import numpy as np


def matrix_from_angles(angles: np.ndarray) -> np.ndarray:
    """Rotation matrices (...,3,3) of pitch, yaw, roll (...,3) radians; the product written in the module docstring."""
    value = _floating(angles)
    (sp, sy, sr), (cp, cy, cr) = np.moveaxis(np.sin(value), -1, 0), np.moveaxis(np.cos(value), -1, 0)
    matrices = np.empty((*value.shape[:-1], 3, 3), value.dtype)
    matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 0, 2] = (
        cy * cr + sy * sp * sr,
        sy * sp * cr - cy * sr,
        sy * cp,
    )
    matrices[..., 1, 0], matrices[..., 1, 1], matrices[..., 1, 2] = cp * sr, cp * cr, -sp
    matrices[..., 2, 0], matrices[..., 2, 1], matrices[..., 2, 2] = (
        cy * sp * sr - sy * cr,
        sy * sr + cy * sp * cr,
        cy * cp,
    )
    return matrices


def angles_from_matrix(matrices: np.ndarray) -> np.ndarray:
    """Pitch, yaw, roll (...,3) of rotation matrices (...,3,3): the inverse of `matrix_from_angles`.

    Pitch lies in -pi/2..pi/2, yaw and roll in -pi..pi. Looking straight up or down, where only the sum or difference
    of yaw and roll is fixed, the rotation that comes back is still the same one, though its angles may differ.
    """
    r = _floating(matrices)
    pitch = np.arctan2(-r[..., 1, 2], np.hypot(r[..., 1, 0], r[..., 1, 1]))
    yaw = np.arctan2(r[..., 0, 2], r[..., 2, 2])
    # Roll is read after yaw is undone (first row of Ry(-yaw) R is cos roll, -sin roll): unlike atan2(r10, r11) this
    # stays defined where the cosine of pitch vanishes.
    cy, sy = np.cos(yaw), np.sin(yaw)
    roll = np.arctan2(sy * r[..., 2, 1] - cy * r[..., 0, 1], cy * r[..., 0, 0] - sy * r[..., 2, 0])
    return np.stack([pitch, yaw, roll], axis=-1)


def quaternion_from_matrix(matrices: np.ndarray) -> np.ndarray:
    """Unit quaternions (...,4) as w, x, y, z with w >= 0, of rotation matrices (...,3,3).

    A rotation matrix gives all sixteen products 4 q_i q_j (Shepperd, J. Guidance and Control 1(3), 1978); the row of
    the largest square is the one with the least cancellation, and is the quaternion once it is scaled to length 1.
    """
    r = _floating(matrices)
    xx, yy, zz = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    wx, wy, wz = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    xy, xz, yz = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    rows = (
        (1 + xx + yy + zz, wx, wy, wz),
        (wx, 1 + xx - yy - zz, xy, xz),
        (wy, xy, 1 - xx + yy - zz, yz),
        (wz, xz, yz, 1 - xx - yy + zz),
    )
    products = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    largest = np.argmax(np.diagonal(products, axis1=-2, axis2=-1), axis=-1)
    row = np.take_along_axis(products, largest[..., None, None], axis=-2)[..., 0, :]
    row = row / np.linalg.norm(row, axis=-1, keepdims=True)
    return np.where(row[..., :1] < 0, -row, row)


def matrix_from_quaternion(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (...,3,3) of quaternions (...,4) as w, x, y, z; their length is divided out.

    Raises ValueError when a quaternion has no length.
    """
    value = _floating(quaternions)
    squared = np.sum(value * value, axis=-1)
    if np.any(squared == 0):
        raise ValueError("a quaternion of length zero is no rotation")
    w, x, y, z = np.moveaxis(value, -1, 0)
    s = 2 / squared
    rows = (
        (1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)),
        (s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)),
        (s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations over time (T,4), each with the sign nearest to the one before it.

    q and -q are one rotation, but curves drawn through both swing the head around; the first keeps its sign.
    """
    value = _floating(quaternions)
    turns = np.where(np.sum(value[1:] * value[:-1], axis=-1) < 0, -1, 1)
    signs = np.concatenate([np.ones(min(len(value), 1), dtype=turns.dtype), np.cumprod(turns)])
    return value * signs[:, None].astype(value.dtype)


def _floating(array: np.ndarray) -> np.ndarray:
    value = np.asarray(array)
    return value if value.dtype == np.float64 else value.astype(np.float32)

"""Where a rig's own axes meet the contract's: +X to the character's left, +Y up, +Z out of the face.

Blender's characters stand along +Z and face -Y; imported ones may stand along +Y and face +Z. Whichever it is shows in
where the joints lie: from the right eye to the left is X, from the root of the skeleton to the head joint is up.
"""

from __future__ import annotations

import itertools
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from ..core.naming import BoneGuess
from ..core.rotation import continuous, matrix_from_quaternion, quaternion_from_matrix

FACES_MINUS_Y: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Columns: the contract's X, Y and Z in the space of a character that stands along +Z and faces -Y."""
FACES_PLUS_Z: Final = np.eye(3)


def _axis_rotations() -> np.ndarray:
    """(24,3,3): every rotation that takes axes to axes."""
    found = [
        np.diag(signs)[:, list(order)]
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1.0, -1.0), repeat=3)
    ]
    return np.stack([m for m in found if np.linalg.det(m) > 0])


_AXIS_ROTATIONS: Final = _axis_rotations()


def character_axes(armature: bpy.types.Object, bones: BoneGuess) -> np.ndarray:
    """(3,3) rotation whose columns are the contract's X, Y and Z in the armature's own space.

    The armature's place and turn in the scene do not matter, nor do rolls of bones. The estimate from the joints is
    brought to the nearest of the 24 turns between axes, since skulls are never quite symmetric.
    """
    rest = armature.data.bones
    conventional = _by_convention(armature)
    up = _up(rest, bones)
    up = conventional[:, 1] if up is None else up
    if not (bones.eye_left and bones.eye_right):
        return conventional if up @ conventional[:, 1] > 0.7 else FACES_PLUS_Z if up[1] > 0.7 else FACES_MINUS_Y
    left = _joint(rest, bones.eye_left) - _joint(rest, bones.eye_right)
    if np.linalg.norm(left) < 1e-6:
        return conventional
    left = left / np.linalg.norm(left)
    out = np.cross(left, up)
    estimate = np.stack([left, np.cross(out, left), out], axis=1)
    return _AXIS_ROTATIONS[np.argmax(np.einsum("nij,ij->n", _AXIS_ROTATIONS, estimate))]


def joint(armature: bpy.types.Object, name: str) -> np.ndarray:
    """(3,) where a bone starts at rest, in armature space."""
    return _joint(armature.data.bones, name)


def inter_ocular(armature: bpy.types.Object, bones: BoneGuess) -> float:
    """The rig's own inter-ocular distance, in armature units: between the eye bones, else by the size of the head.

    A head bone from the neck to the crown is about two inter-ocular distances long on Rigify's human.
    """
    rest = armature.data.bones
    if bones.eye_left and bones.eye_right:
        apart = float(np.linalg.norm(_joint(rest, bones.eye_left) - _joint(rest, bones.eye_right)))
        if apart > 1e-6:
            return apart
    return float(rest[bones.head].length) / 2.0 if bones.head else 1.0


def basis_quaternions(rest: np.ndarray, axes: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Local rotations (N,4) that turn a bone with rest matrix `rest` (3,3) by `rotations` (N,3,3) in contract axes.

    With A the axes and R the rest matrix, the bone's turn in armature space is A M A^T and its local one
    R^T A M A^T R; parents multiply on the left, so a turn shared along a chain of bones adds up to the whole.
    """
    local = rest.T @ axes
    return continuous(quaternion_from_matrix(local @ rotations @ local.T))


def local_turn(pose: bpy.types.PoseBone, axes: np.ndarray, rotations: np.ndarray) -> tuple[str, np.ndarray]:
    """A bone's rotation property and its values (N,4 or N,3), for `rotations` (N,3,3) in contract axes."""
    return in_mode(basis_quaternions(rest_matrix(pose.bone), axes, rotations), pose.rotation_mode)


def local_shift(pose: bpy.types.PoseBone, moved: np.ndarray) -> np.ndarray:
    """A bone's location (...,3) for moves (...,3) in armature space.

    It stands in the bone's own rest axes, unless the bone is told to stand in the armature's.
    """
    return moved @ rest_matrix(pose.bone) if pose.bone.use_local_location else moved


def rest_matrix(bone: bpy.types.Bone) -> np.ndarray:
    """(3,3) float64 rest orientation of a bone in armature space."""
    matrix: Matrix = bone.matrix_local.to_3x3().normalized()
    return np.array(matrix, dtype=np.float64)


def part_of(quaternions: np.ndarray, share: float) -> np.ndarray:
    """(N,3,3): the rotations (N,4) done only by `share` of their angle, about the same axes."""
    value = np.asarray(quaternions, dtype=np.float64)
    value = np.where(value[:, :1] < 0, -value, value)
    length = np.linalg.norm(value[:, 1:], axis=1, keepdims=True)
    half = np.arctan2(length, value[:, :1]) * share
    axis = np.divide(value[:, 1:], length, out=np.zeros_like(value[:, 1:]), where=length > 0)
    return matrix_from_quaternion(np.concatenate([np.cos(half), np.sin(half) * axis], axis=1))


def in_mode(quaternions: np.ndarray, mode: str) -> tuple[str, np.ndarray]:
    """A bone's rotation property and its values (N,4 or N,3) in the bone's own rotation mode, continuous in time."""
    if mode == "QUATERNION":
        return "rotation_quaternion", quaternions
    if mode == "AXIS_ANGLE":
        return "rotation_axis_angle", _axis_angles(quaternions)
    angles = np.empty((len(quaternions), 3))
    previous = Quaternion(quaternions[0].tolist()).to_euler(mode)
    for frame, quaternion in enumerate(quaternions.tolist()):
        previous = Quaternion(quaternion).to_euler(mode, previous)
        angles[frame] = previous
    return "rotation_euler", angles


def _axis_angles(quaternions: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
    upright = np.tile([[0.0, 1.0, 0.0]], (len(quaternions), 1))  # Blender's own axis for no rotation
    axis = np.divide(quaternions[:, 1:], length, out=upright, where=length > 1e-9)
    return np.concatenate([2 * np.arctan2(length, quaternions[:, :1]), axis], axis=1)


def _by_convention(armature: bpy.types.Object) -> np.ndarray:
    """The axes by which of the armature's own axes points up in the scene: +Y as importers leave it, else +Z."""
    up = np.array(armature.matrix_world.to_3x3().normalized(), dtype=np.float64)[2]
    return FACES_PLUS_Z if int(np.argmax(np.abs(up))) == 1 and up[1] > 0 else FACES_MINUS_Y


def _up(rest: bpy.types.ArmatureBones, bones: BoneGuess) -> np.ndarray | None:
    if not bones.head:
        return None
    above = [bone.name for bone in rest[bones.head].parent_recursive]
    for name in reversed(above):
        rise = _joint(rest, bones.head) - _joint(rest, name)
        if np.linalg.norm(rise) > 1e-6:
            return rise / np.linalg.norm(rise)
    return None


def _joint(rest: bpy.types.ArmatureBones, name: str) -> np.ndarray:
    return np.array(rest[name].head_local, dtype=np.float64)

"""Keys for bones: head, neck and eyes from the performed turns, bones of the face from channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import bpy
import numpy as np

from ..core.baking import SceneCurves
from ..core.layers import layer_of
from ..core.mapping import apply_rows
from ..core.profiles import SHIFTS, TURNS
from ..core.rotation import matrix_from_angles
from . import axes
from .actions import Track
from .fitting import Solved
from .parts import Character

NECK_SHARE: Final[float] = 0.4
"""Part of a head turn that the neck does. The joint between the first two vertebrae, just below the skull, gives some
60 % of the neck's axial rotation (White and Panjabi, Clinical Biomechanics of the Spine, 2nd ed., 1990)."""


def bone_tracks(
    character: Character, curves: SceneCurves, solved: Solved, group: Callable[[str], str]
) -> Iterator[Track]:
    """The tracks of every bone that a performance moves, each curve once, in the `group` of its layer."""
    armature = character.armature
    if armature is None:
        return
    frame = axes.character_axes(armature, character.bones)
    turns = dict(_turns(character, armature, curves))
    shifts = dict(_aimed_eyes(character, armature, frame, curves))
    for bone, angles, shift in (*_face(character, armature, frame, curves), *_moved(solved.bones, frame, solved.unit)):
        if angles is not None and bone not in turns:
            turns[bone] = matrix_from_angles(angles)
        if shift is not None:
            shifts[bone] = shift
    for bone, rotations in turns.items():
        named = group(solved.layers.get(bone) or _layer(character, bone, TURNS))
        yield from _turn_tracks(armature.pose.bones[bone], frame, rotations, curves.frames, named)
    for bone, moved in shifts.items():
        named = group(solved.layers.get(bone) or _layer(character, bone, SHIFTS))
        pose = armature.pose.bones[bone]
        yield from _tracks(pose, "location", axes.local_shift(pose, moved), curves.frames, named)


def _layer(character: Character, bone: str, axes_of_kind: tuple[str, ...]) -> str:
    if bone in (character.bones.head, character.bones.neck):
        return "head"
    if bone in (character.bones.eye_left, character.bones.eye_right):
        return "gaze"
    rows = [m for m in character.face.matches if m.key == bone and m.row.axis in axes_of_kind]
    return layer_of(source for match in rows for source in match.sources)


def _turns(character: Character, armature: bpy.types.Object, curves: SceneCurves) -> Iterator[tuple[str, np.ndarray]]:
    """Head, neck and turning eyes, each with its rotations (N,3,3) in contract axes.

    The head's translation is not keyed: a head bone moved off its neck tears the mesh of most rigs.
    """
    bones = character.bones
    # A head that does not inherit the neck's turn has to do all of it by itself.
    inherits = bool(bones.head) and armature.data.bones[bones.head].use_inherit_rotation
    neck_share = (NECK_SHARE if inherits else 0.0) if bones.head else 1.0
    if bones.neck and neck_share:
        yield bones.neck, axes.part_of(curves.head, neck_share)
    if bones.head:
        yield bones.head, axes.part_of(curves.head, 1.0 - neck_share if bones.neck else 1.0)
    for eye, name, centre in _eyes(character):
        if name and not centre:
            yield name, _gaze(curves, eye)


def _aimed_eyes(
    character: Character, armature: bpy.types.Object, frame: np.ndarray, curves: SceneCurves
) -> Iterator[tuple[str, np.ndarray]]:
    """Targets of eyes that look at them, each with its displacements (N,3) in armature space: turned about the eye."""
    for eye, name, centre in _eyes(character):
        if name and centre in armature.data.bones:
            ahead = axes.joint(armature, name) - axes.joint(armature, centre)
            turned = frame @ _gaze(curves, eye) @ frame.T
            yield name, turned @ ahead - ahead


def _eyes(character: Character) -> Iterator[tuple[int, str, str]]:
    names = (character.bones.eye_left, character.bones.eye_right)
    for eye, (name, centre) in enumerate(zip(names, character.face.centres, strict=True)):
        yield eye, name, centre


def _gaze(curves: SceneCurves, eye: int) -> np.ndarray:
    return matrix_from_angles(np.pad(curves.gaze[:, eye].astype(np.float64), ((0, 0), (0, 1))))


def _face(
    character: Character, armature: bpy.types.Object, frame: np.ndarray, curves: SceneCurves
) -> Iterator[tuple[str, np.ndarray | None, np.ndarray | None]]:
    """Each face bone with its angles (N,3) in radians and its displacements (N,3) in armature space, or None."""
    matches = character.face.matches
    values = apply_rows([match.row for match in matches], curves.channels, curves.gap)
    columns: dict[str, dict[str, np.ndarray]] = {}
    for match, column in zip(matches, values.T.astype(np.float64), strict=True):
        columns.setdefault(match.key, {})[match.row.axis] = column
    unit = axes.inter_ocular(armature, character.bones) if matches else 1.0
    yield from _moved(columns, frame, unit)


def _moved(
    columns: Mapping[str, Mapping[str, np.ndarray]], frame: np.ndarray, unit: float
) -> Iterator[tuple[str, np.ndarray | None, np.ndarray | None]]:
    for bone, by_axis in columns.items():
        angles, shift = _stacked(by_axis, TURNS), _stacked(by_axis, SHIFTS)
        yield bone, angles, None if shift is None else unit * shift @ frame.T


def _stacked(by_axis: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    if not set(names) & set(by_axis):
        return None
    still = np.zeros(len(next(iter(by_axis.values()))))
    return np.stack([by_axis.get(name, still) for name in names], axis=1)


def _turn_tracks(
    pose: bpy.types.PoseBone, frame: np.ndarray, rotations: np.ndarray, frames: np.ndarray, group: str
) -> Iterator[Track]:
    name, values = axes.local_turn(pose, frame, rotations)
    yield from _tracks(pose, name, values, frames, group)


def _tracks(pose: bpy.types.PoseBone, name: str, values: np.ndarray, frames: np.ndarray, group: str) -> Iterator[Track]:
    path = pose.path_from_id(name)
    for index in range(values.shape[1]):
        yield Track(path, index, group, frames, values[:, index].astype(np.float32))

"""What bones do to a face, measured: the free bones of the head are moved from rest one by one, and all is put back.

Names say nothing here. The head is the bone that carries the crown and the least besides; the bones of the face are
those that move some of what the head carries, and not all of it. A bone that swings what it moves about a far joint, as
a jaw does, is turned; one that lies in the middle of it, as a control on the lips, is shifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..core.errors import RigError
from ..core.profiles import SHIFTS, TURNS
from ..core.rotation import matrix_from_angles
from . import actions, axes
from .controls import driver_paths
from .parts import Character
from .structure import mesh_axes

STEP: Final[dict[str, float]] = {**dict.fromkeys(TURNS, 0.4), **dict.fromkeys(SHIFTS, 0.15)}
"""How far an axis is moved either way: radians and units, about what speech asks of a jaw and of lips, so that the
straight line through both ends is true where it matters."""
HEAD_BREADTH: Final[float] = 2.4
"""Breadth of a human head in inter-ocular distances (152 mm by 63 mm; ANSUR II, men and women)."""
CROWN: Final[float] = 0.03
"""Part of the mesh's height that counts as its crown."""
RIGID: Final[float] = 0.1
"""Part of its motion by which a vertex may stray and still count as carried along whole."""
SEEN: Final[float] = 1e-4
"""Part of the mesh's size that a vertex must move to count as moved."""
INSIDE: Final[float] = 0.6
"""Part of its whole motion that a bone of the face makes within what the head carries."""
_POSE: Final = {
    "location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3,
}  # fmt: skip
_ROTATION_PATHS: Final = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle", "location")


@dataclass(frozen=True)
class FaceBones:
    """The axes (bone, axis) to probe, the bone that carries the head ("" without one), and the length of a shift."""

    axes: tuple[tuple[str, str], ...]
    head: str
    unit: float


def face_bones(armature: bpy.types.Object, owner: bpy.types.Object, character: Character) -> FaceBones:
    """Which bones move the face of a mesh, and by which kind of axis."""
    frame = axes.character_axes(armature, character.bones)
    with _at_rest(armature):
        look = _Look(armature, owner)
        rest = look.points()
        unit = float(np.ptp(rest @ frame[:, 0])) / HEAD_BREADTH
        tried = {pose.name: _tried(look, pose, frame, unit) - rest for pose in _free(armature)}
    head, region = _head(armature, character, rest, tried, frame, unit)
    size = float(np.ptp(rest, axis=0).max())
    unit = float(np.ptp(rest[region] @ frame[:, 0])) / HEAD_BREADTH
    above = {bone.name for bone in armature.data.bones[head].parent_recursive} | {head} if head else set()
    eyes = {character.bones.eye_left, character.bones.eye_right}
    found: list[tuple[str, str]] = []
    for name, moved in tried.items():
        length = np.linalg.norm(moved, axis=1)
        some = length > SEEN * size
        if name in above | eyes or not some[region].any() or some[region].all():
            continue
        if length[region].sum() >= INSIDE * length.sum():
            found += [(name, axis) for axis in _kind(armature.pose.bones[name], rest, length)]
    return FaceBones(tuple(found), head, unit)


def measure(armature: bpy.types.Object, owner: bpy.types.Object, character: Character, bones: FaceBones) -> np.ndarray:
    """(A,2,V,3) float32: what each axis of `bones` does to a mesh at a step ahead and a step back.

    In contract axes and the mesh's own lengths.
    """
    frame, turned = axes.character_axes(armature, character.bones), mesh_axes(owner, character)
    into = np.array((owner.matrix_world.inverted() @ armature.matrix_world).to_3x3()).T @ turned
    with _at_rest(armature):
        look = _Look(armature, owner)
        rest = look.points()
        found = np.empty((len(bones.axes), 2, len(rest), 3), dtype=np.float32)
        for row, (name, axis) in enumerate(bones.axes):
            for column, way in enumerate((1.0, -1.0)):
                angles, shift = np.zeros(3), np.zeros(3)
                if axis in TURNS:
                    angles[TURNS.index(axis)] = way * STEP[axis]
                else:
                    shift[SHIFTS.index(axis)] = way * STEP[axis] * bones.unit
                found[row, column] = (look.posed(armature.pose.bones[name], frame, angles, shift) - rest) @ into
    return found


class _Look:
    """A mesh as the dependency graph shows it, in the space of the armature."""

    def __init__(self, armature: bpy.types.Object, owner: bpy.types.Object) -> None:
        self.armature, self.owner, self.count = armature, owner, len(owner.data.vertices)

    def points(self) -> np.ndarray:
        """(V,3) float64. Modifiers that add vertices put them after the mesh's own."""
        bpy.context.view_layer.update()
        shown = self.owner.evaluated_get(bpy.context.evaluated_depsgraph_get())
        mesh = shown.to_mesh()
        if len(mesh.vertices) < self.count:
            shown.to_mesh_clear()
            raise RigError(
                "probe.vertices", "A modifier takes vertices of the face away; switch it off to bind.", self.owner.name
            )
        flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
        mesh.vertices.foreach_get("co", flat)
        shown.to_mesh_clear()
        into = np.array(self.armature.matrix_world.inverted() @ shown.matrix_world)
        return flat.reshape(-1, 3)[: self.count] @ into[:3, :3].T + into[:3, 3]

    def posed(self, pose: bpy.types.PoseBone, frame: np.ndarray, angles: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """(V,3) with one bone turned by `angles` (3,) and moved by `shift` (3,), both in contract axes."""
        name, values = axes.local_turn(pose, frame, matrix_from_angles(angles[None]))
        setattr(pose, name, values[0].tolist())
        pose.location = axes.local_shift(pose, frame @ shift).tolist()
        shown = self.points()
        pose.location = (0.0, 0.0, 0.0)
        setattr(pose, name, axes.in_mode(np.array([[1.0, 0.0, 0.0, 0.0]]), pose.rotation_mode)[1][0].tolist())
        return shown


@contextmanager
def _at_rest(armature: bpy.types.Object) -> Iterator[None]:
    """Every bone at rest meanwhile; afterwards the pose is the same again, bit for bit."""
    if armature.mode == "EDIT":
        raise RigError("probe.mode", f"{armature.name} is in edit mode; leave it (Tab) to bind.", armature.name)
    bones = armature.pose.bones
    before = {name: np.empty(len(bones) * width, dtype=np.float32) for name, width in _POSE.items()}
    for name, values in before.items():
        bones.foreach_get(name, values)
    for pose in bones:
        pose.matrix_basis = Matrix()
    try:
        yield
    finally:
        for name, values in before.items():
            bones.foreach_set(name, values)
        armature.update_tag()
        bpy.context.view_layer.update()


def _free(armature: bpy.types.Object) -> list[bpy.types.PoseBone]:
    """The bones that an animator could take: seen in the viewport, not driven, not all locked."""
    driven = driver_paths(armature)
    return [
        pose
        for pose in armature.pose.bones
        if actions.bone_is_shown(pose)
        and not any(pose.path_from_id(path) in driven for path in _ROTATION_PATHS)
        and not (all(pose.lock_rotation) and all(pose.lock_location))
    ]


def _tried(look: _Look, pose: bpy.types.PoseBone, frame: np.ndarray, unit: float) -> np.ndarray:
    """(V,3) the mesh with one bone both turned and shifted a little, so that whatever it can move moves."""
    return look.posed(pose, frame, np.full(3, 0.5 * STEP["pitch"]), np.full(3, 0.1 * unit))


def _head(
    armature: bpy.types.Object,
    character: Character,
    rest: np.ndarray,
    tried: dict[str, np.ndarray],
    frame: np.ndarray,
    unit: float,
) -> tuple[str, np.ndarray]:
    """The bone that carries the crown and least besides, and the vertices that it carries (V,) bool; "" and all."""
    height = rest @ frame[:, 1]
    crown = height > height.max() - CROWN * np.ptp(height)
    turn = frame @ matrix_from_angles(np.full((1, 3), 0.5 * STEP["pitch"]))[0] @ frame.T
    carried: dict[str, np.ndarray] = {}
    for name, moved in tried.items():
        pose = armature.pose.bones[name]
        local = rest - axes.joint(armature, name)
        whole = local @ turn.T - local
        if not pose.bone.use_connect:
            whole = whole + frame @ np.full(3, 0.1 * unit)
        stray = np.linalg.norm(moved - whole, axis=1)
        carried[name] = stray < RIGID * np.linalg.norm(whole, axis=1)
    known = character.bones.head
    able = [name for name in carried if carried[name][crown].mean() > 0.9]
    if known in carried and carried[known].any():
        return known, carried[known]
    if not able:
        return "", np.ones(len(rest), dtype=bool)
    depth = {name: len(armature.data.bones[name].parent_recursive) for name in able}
    head = min(able, key=lambda name: (int(carried[name].sum()), -depth[name]))
    return head, carried[head]


def _kind(pose: bpy.types.PoseBone, rest: np.ndarray, length: np.ndarray) -> Sequence[str]:
    """Turns for a bone whose joint lies further from what it moves than that spreads, else shifts; as locks allow."""
    centre = np.average(rest, axis=0, weights=length)
    spread = float(np.sqrt(np.average(((rest - centre) ** 2).sum(axis=1), weights=length)))
    swings = float(np.linalg.norm(np.array(pose.bone.head_local) - centre)) > spread
    fixed = pose.bone.use_connect or all(pose.lock_location)
    return SHIFTS if not fixed and (not swings or all(pose.lock_rotation)) else TURNS

"""Binding a character by geometry: landmarks placed on its mesh, kept as a note there, and read back for each bake.

Both what shape keys and what bones do to them is measured; of bones, which must be moved for that, a note is kept too.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..core.errors import RigError
from ..core.eyeballs import Ball, ball_of, eye_pair, surfaces
from ..core.geometry import FaceFit, usable_landmarks
from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_of, landmarks_text
from ..core.performance import LANDMARKS
from ..core.placement import place_landmarks
from ..core.probes import LIMITS, PROBES_PROPERTY, Probe, Probed, probes_text
from ..core.shapes import Shapes
from . import actions
from .notes import FIT_PROPERTY, probed_of
from .parts import Character, Fit
from .probe import STEP, FaceBones, face_bones, measure
from .structure import key_points, mesh_axes, rest_points

LEAST_KEYS: Final[int] = 4
"""Fewer keys than this make no face that a fit could work with."""
LEAST_SWING: Final[float] = 0.05
"""Inter-ocular distances that an axis must move some landmark, for each radian or unit, to be worth keys."""
IN_EYE: Final[float] = 0.6
"""Part of an eyeball's radius from its centre within which the bone that turns it starts."""


def candidates(character: Character) -> list[bpy.types.Object]:
    """Meshes that could be fitted: the one with the most relative shape keys first, then those that bones deform."""
    meshes = [thing for thing in character.objects if thing.type == "MESH" and len(thing.data.vertices)]
    keyed = [thing for thing in meshes if len(_blocks(thing)) >= LEAST_KEYS]
    keyed.sort(key=lambda thing: -len(_blocks(thing)))
    skinned = [thing for thing in meshes if thing not in keyed and _is_skinned(thing, character)]
    return [*keyed, *sorted(skinned, key=lambda thing: -len(thing.data.vertices))]


def place(owner: bpy.types.Object, character: Character) -> None:
    """Find the landmarks on a mesh and have its keys and bones fitted by them.

    Raises RigError, before anything is noted, when there is no face on it.
    """
    if not owner.is_editable:
        raise RigError(
            "rig.linked",
            f"{owner.name} is linked, so that no landmarks can be kept on it; make a library override of the character "
            "first.",
            owner.name,
        )
    frame = mesh_axes(owner, character)
    rest, surface = rest_points(owner) @ frame, surfaces(len(owner.data.vertices), _edges(owner))
    blocks = _blocks(owner)
    moves = np.zeros((len(blocks), len(rest), 3))
    for row, block in enumerate(blocks):
        moves[row] = (key_points(block) - key_points(block.relative_key)) @ frame
    armature = character.armature if _is_skinned(owner, character) else None
    bones = face_bones(armature, owner, character) if armature is not None else FaceBones((), "", 1.0)
    swung = measure(armature, owner, character, bones) if armature is not None else np.zeros((0, 2, len(rest), 3))
    eyes = _eyeballs(owner, character, frame, surface)
    placed = place_landmarks(Shapes(rest, moves, swung.reshape(-1, len(rest), 3), eyes, surface))
    marks = {number: int(vertex) for number, vertex in enumerate(placed) if vertex >= 0}
    probes = _probes(bones, swung, marks, rest)
    note(owner, marks)
    if armature is not None:
        in_mesh = tuple(Ball(frame @ ball.centre, ball.radius) for ball in eyes or ())
        roles = _roles(armature, character, bones, probes, in_mesh, owner)
        owner[PROBES_PROPERTY] = probes_text(Probed(bones.unit, probes, roles))


def measure_again(owner: bpy.types.Object, character: Character) -> None:
    """Measure what the noted bones do to the landmarks of a mesh, which have been moved."""
    probed = probed_of(owner)
    if not probed.probes or character.armature is None:
        return
    bones = FaceBones(tuple((probe.bone, probe.axis) for probe in probed.probes), "", probed.unit)
    swung = measure(character.armature, owner, character, bones)
    marks, rest = dict(landmarks_of(owner[LANDMARKS_PROPERTY])), rest_points(owner) @ mesh_axes(owner, character)
    probes = _probes(bones, swung, marks, rest, least=0.0)
    owner[PROBES_PROPERTY] = probes_text(Probed(probed.unit, probes, probed.roles))


def _probes(
    bones: FaceBones, swung: np.ndarray, marks: dict[int, int], rest: np.ndarray, least: float = LEAST_SWING
) -> tuple[Probe, ...]:
    """The axes that move some landmark by at least `least` IOD for each radian or unit."""
    points = np.full((LANDMARKS, 3), np.nan)
    points[list(marks)] = rest[list(marks.values())]
    unit = usable_landmarks(points)[1]
    found: list[Probe] = []
    for (bone, axis), (ahead, back) in zip(bones.axes, swung, strict=True):
        moves = np.zeros((LANDMARKS, 3))
        moves[list(marks)] = (ahead - back)[list(marks.values())] / (2.0 * STEP[axis] * unit)
        if np.linalg.norm(moves, axis=1).max() >= least:
            found.append(Probe(bone, axis, moves))
    return tuple(found)


def _roles(
    armature: bpy.types.Object,
    character: Character,
    bones: FaceBones,
    probes: tuple[Probe, ...],
    eyes: tuple[Ball, ...],
    owner: bpy.types.Object,
) -> dict[str, str]:
    """Head and eyes, where names do not say: an eye's bone starts in the eyeball and moves no landmark of the skin.

    `eyes` are the right and the left eyeball in the mesh's own space, or nothing.
    """
    roles = {"head": bones.head} if bones.head and not character.bones.head else {}
    if character.bones.eye_left or character.bones.eye_right:
        return roles
    of_skin = {probe.bone for probe in probes}
    into = np.array(armature.matrix_world.inverted() @ owner.matrix_world)
    scale = float(np.cbrt(abs(np.linalg.det(into[:3, :3]))))
    for role, ball in zip(("eye_right", "eye_left"), eyes, strict=False):
        centre = into[:3, :3] @ ball.centre + into[:3, 3]
        inside = [
            bone
            for bone in armature.data.bones
            if bone.name not in of_skin
            and actions.bone_is_shown(armature.pose.bones[bone.name])
            and np.linalg.norm(np.array(bone.head_local) - centre) < IN_EYE * ball.radius * scale
        ]
        if inside:
            roles[role] = max(inside, key=lambda bone: len(bone.parent_recursive)).name
    return roles


def _eyeballs(
    owner: bpy.types.Object, character: Character, frame: np.ndarray, surface: np.ndarray
) -> tuple[Ball, Ball] | None:
    """The right and left eyeball in contract axes and the mesh's own lengths, whichever mesh has them.

    `frame` (3,3) are the axes and `surface` (V,) the surfaces of `owner`; see `mesh_axes` and `surfaces`.
    """
    balls = []
    for thing in character.objects:
        if thing.type != "MESH" or not len(thing.data.vertices):
            continue
        into = np.array(owner.matrix_world.inverted() @ thing.matrix_world)
        points = (rest_points(thing) @ into[:3, :3].T + into[:3, 3]) @ frame
        label = surface if thing == owner else surfaces(len(points), _edges(thing))
        order = np.argsort(label, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
            if (ball := ball_of(points[part])) is not None:
                balls.append(ball)
    own = rest_points(owner) @ frame
    return eye_pair(balls, float(own[:, 0].max() + own[:, 0].min()) / 2)


def _is_skinned(thing: bpy.types.Object, character: Character) -> bool:
    return character.armature is not None and any(
        m.type == "ARMATURE" and m.object == character.armature and m.show_viewport for m in thing.modifiers
    )


def _blocks(thing: bpy.types.Object) -> list[bpy.types.ShapeKey]:
    """The shape keys of a mesh but for the first, when they are relative."""
    key = thing.data.shape_keys
    return list(key.key_blocks)[1:] if key is not None and key.use_relative else []


def _edges(thing: bpy.types.Object) -> np.ndarray:
    flat = np.empty(2 * len(thing.data.edges), dtype=np.int32)
    thing.data.edges.foreach_get("vertices", flat)
    return flat.reshape(-1, 2)


def note(owner: bpy.types.Object, marks: dict[int, int]) -> None:
    """Keep landmarks (number: vertex) on a mesh, and fit its keys by them from now on."""
    owner[LANDMARKS_PROPERTY] = landmarks_text(marks.items())
    owner[FIT_PROPERTY] = True


def forget(owner: bpy.types.Object) -> None:
    """Bind a mesh by names again."""
    for name in (FIT_PROPERTY, PROBES_PROPERTY):
        if name in owner:
            del owner[name]


def face_fit(fit: Fit, character: Character) -> FaceFit:
    """What the free keys and bones of a fitted mesh do to its landmarks, the keys first.

    Raises RigError when the note fits the mesh no more.
    """
    marks, rest = landmarks_of(fit.owner[LANDMARKS_PROPERTY]), rest_points(fit.owner)
    if any(vertex >= len(rest) for _, vertex in marks):
        raise RigError(
            "fit.vertices", "The mesh has changed since its landmarks were placed; bind it again.", fit.owner.name
        )
    numbers, vertices = [number for number, _ in marks], [vertex for _, vertex in marks]
    frame = mesh_axes(fit.owner, character)
    points = np.full((LANDMARKS, 3), np.nan)
    points[numbers] = rest[vertices] @ frame
    points, unit = usable_landmarks(points)
    blocks = [fit.owner.data.shape_keys.key_blocks[name] for name in fit.keys]
    effects = np.zeros((len(blocks) + len(fit.bones), LANDMARKS, 3))
    for row, block in enumerate(blocks):
        moved = key_points(block)[vertices] - key_points(block.relative_key)[vertices]
        effects[row, numbers] = moved @ frame / unit
    for row, probe in enumerate(fit.bones, len(blocks)):
        effects[row] = probe.moves
    far = [LIMITS[probe.axis] for probe in fit.bones]
    low = np.array([*(min(block.slider_min, 0.0) for block in blocks), *(-limit for limit in far)])
    high = np.array([*(max(block.slider_max, 0.0) for block in blocks), *far])
    return FaceFit(points, effects, low, high, len(fit.bones))

"""Small characters and performances for the tests: real meshes, keys, bones and curves, as few as tell something."""

from __future__ import annotations

import math

import bpy
import numpy as np

from addon.core.channels import CHANNELS
from addon.core.performance import Performance

FACE = np.array([(0.1, -0.5, 1.5), (-0.1, -0.5, 1.5), (0.0, -0.6, 1.6), (0.0, 0.4, 2.0)])
"""A face in Blender's axes that looks along -Y: two points beside the mouth, the nose, the back of the head."""
NOSE = 2


def add_mesh(name: str, keys: tuple[str, ...] = CHANNELS, points: np.ndarray = FACE) -> bpy.types.Object:
    """A mesh with a basis and one shape key per name; key i moves point 0 down by 0.01 (i + 1)."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], [(0, 1, 2), (1, 0, 3)])
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    if keys:
        made.shape_key_add(name="Basis")
    for position, key in enumerate(keys):
        block = made.shape_key_add(name=key, from_mix=False)
        block.value = 0.0  # some versions add keys at their full value
        block.data[0].co.z -= 0.01 * (position + 1)
    return made


def add_armature(roll: float = 0.0, mode: str = "QUATERNION", y_up: bool = False) -> bpy.types.Object:
    """Spine > neck > head > two eyes, standing along +Z and facing -Y; with `y_up` along +Y, facing +Z, as imported."""
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    joints = {
        "spine": ((0, 0, 0), (0, 0, 1), None),
        "neck": ((0, 0.05, 1.2), (0, 0, 1.45), "spine"),
        "head": ((0, 0, 1.45), (0, 0, 2), "neck"),
        "eye.L": ((0.06, -0.4, 1.7), (0.06, -0.5, 1.7), "head"),
        "eye.R": ((-0.061, -0.4, 1.7), (-0.061, -0.5, 1.7), "head"),
    }
    for name, (head, tail, parent) in joints.items():
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = (_y_up(head), _y_up(tail)) if y_up else (head, tail)
        bone.roll = roll
        bone.parent = data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    if y_up:
        rig.rotation_euler.x = math.pi / 2
    for pose in rig.pose.bones:
        pose.rotation_mode = mode
    return rig


def add_character(roll: float = 0.0, mode: str = "QUATERNION", y_up: bool = False) -> bpy.types.Object:
    """An armature with a head mesh of 52 keys that follows its head bone, and eye meshes on the eye bones."""
    rig = add_armature(roll, mode, y_up)
    points = np.array([_y_up(p) for p in FACE]) if y_up else FACE
    bind(add_mesh("Face", CHANNELS, points), rig, "head")
    for bone in ("eye.L", "eye.R"):
        centre = np.array(rig.data.bones[bone].head_local)
        ahead = np.array(_y_up((0, -0.1, 0)) if y_up else (0, -0.1, 0))
        ball = np.stack([centre, centre + 0.01, centre + ahead, centre - 0.01])
        bind(add_mesh(f"Ball {bone}", (), ball), rig, bone)
    bpy.context.view_layer.update()
    return rig


def bind(mesh: bpy.types.Object, rig: bpy.types.Object, bone: str) -> None:
    """Let one bone carry the whole mesh, by a vertex group and an armature modifier."""
    mesh.parent = rig
    mesh.modifiers.new("Armature", "ARMATURE").object = rig
    mesh.vertex_groups.new(name=bone).add(range(len(mesh.data.vertices)), 1.0, "REPLACE")


def performance(
    seconds: float = 2.0,
    fps: float = 24.0,
    head: tuple[float, float, float] | None = None,
    gaze: tuple[float, float] | None = None,
    seed: int = 0,
) -> Performance:
    """A lively line: every channel moves, lips close at whole half seconds; or a constant head turn or gaze."""
    count = max(1, round(seconds * fps))
    rng = np.random.default_rng(seed)
    time = np.arange(count) / fps
    phase, speed = rng.uniform(0, 6.3, len(CHANNELS)), rng.uniform(1, 9, len(CHANNELS))
    channels = 0.5 + 0.45 * np.sin(time[:, None] * speed + phase)
    closed = np.isclose(np.mod(time, 0.5), 0, atol=0.4 / fps)
    channels[:, CHANNELS.index("jawOpen")] = 0.4
    channels[:, CHANNELS.index("mouthClose")] = np.where(closed, 0.4, 0.0)
    pose = np.zeros((count, 6))
    pose[:, :3] = head if head is not None else 0.3 * np.sin(time[:, None] * (1.0, 1.7, 2.3))
    eyes = np.zeros((count, 2, 2))
    eyes[:] = gaze if gaze is not None else 0.2 * np.sin(time[:, None, None] * [[3.0, 4.0], [3.0, 4.1]])
    landmarks = np.zeros((count, 70, 3))
    landmarks[:, (61, 62, 63), 1] = np.where(closed, 0.0, 0.1)[:, None]
    emotion = np.tile(np.eye(9)[5], (count, 1))
    return Performance(fps, landmarks, eyes, pose, channels, emotion, {"engine": "test"})


def evaluated_points(mesh: bpy.types.Object) -> np.ndarray:
    """(V,3) world positions of a mesh as the dependency graph shows it on the current frame."""
    graph = bpy.context.evaluated_depsgraph_get()
    shown = mesh.evaluated_get(graph)
    data = shown.to_mesh()
    points = np.array([shown.matrix_world @ v.co for v in data.vertices])
    shown.to_mesh_clear()
    return points


def _y_up(point: tuple[float, float, float] | np.ndarray) -> tuple[float, float, float]:
    """A point of Blender's axes in those of a Y-up file: an object turned by +90 degrees about X shows it back."""
    x, y, z = point
    return (x, z, -y)

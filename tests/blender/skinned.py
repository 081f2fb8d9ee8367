"""A head without keys: its own keys become the weights of bones whose names say nothing, as on a game's skeleton."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from tests.blender import test_conventions

SHARES = {
    "eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0, "mouthUpperUpLeft": 0.6, "mouthUpperUpRight": 0.6,
    "mouthLowerDownLeft": 0.6, "mouthLowerDownRight": 0.6, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6,
    "browOuterUpLeft": 0.6, "browOuterUpRight": 0.6, "browInnerUp": 0.6, "jawOpen": 1.0,
}  # fmt: skip
"""The key that each bone takes the place of, and how much of a vertex it may take from those after it."""
STEEPER = 1.3
"""Weights are the length of the key's move, as a share of its largest, times this, and 1 at most."""


def skinned(head: bpy.types.Object) -> tuple[bpy.types.Object, Mapping[str, str]]:
    """Skin a head that faces -Y to an armature and take its keys away; the armature, and its bones by what they do."""
    matrix = np.array(head.matrix_world)
    rest, moved = _by_key(head, matrix[:3, :3])
    rest = rest + matrix[:3, 3]
    weights = {key: np.clip(STEEPER * moved[key] / moved[key].max(), 0.0, 1.0) for key in SHARES}
    places = _places(rest, weights)
    numbers = np.random.default_rng(5).permutation(len(places))
    names = {part: f"bone {number:02d}" for part, number in zip(places, numbers, strict=True)}
    head.shape_key_clear()
    rig = _armature(places, names)
    left = np.ones(len(rest))
    for key, share in SHARES.items():
        part = share * left * weights[key]
        left = left - part
        _paint(head, names[key], part)
    _paint(head, names["head"], left)
    head.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.context.view_layer.update()
    return rig, names


def carry(rig: bpy.types.Object, names: Mapping[str, str], meshes: list[bpy.types.Object]) -> None:
    """Hang eyeballs that are objects of their own on the eye bones, where they are."""
    for ball in meshes:
        matrix = ball.matrix_world.copy()
        points = np.array([matrix @ vertex.co for vertex in ball.data.vertices])
        ends = {part: rig.data.bones[names[part]].head_local for part in ("eye left", "eye right")}
        nearest = min(ends, key=lambda part: abs(ends[part].x - float(points[:, 0].mean())))
        ball.parent, ball.parent_type, ball.parent_bone = rig, "BONE", names[nearest]
        bpy.context.view_layer.update()
        ball.matrix_world = matrix
    bpy.context.view_layer.update()


def _by_key(head: bpy.types.Object, turn: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    blocks = head.data.shape_keys.key_blocks
    rest = test_conventions._points(blocks[0])
    spelled = {block.name.replace("_L", "Left").replace("_R", "Right"): block for block in blocks}
    found = {key: (test_conventions._points(spelled[key]) - rest) @ turn.T for key in SHARES}
    return rest @ turn.T, {key: np.linalg.norm(move, axis=1) for key, move in found.items()}


def _places(rest: np.ndarray, weights: Mapping[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Head and tail of each bone: jaw and lids swing about far joints, all else lies where it moves the skin."""
    middle = {key: rest[weight > 0.9].mean(axis=0) for key, weight in weights.items()}
    left, right = middle["eyeBlinkLeft"], middle["eyeBlinkRight"]
    apart = float(np.linalg.norm(left - right))
    between = (left + right) / 2
    neck = between + apart * np.array([0.0, 0.9, -1.2])
    eyes = {"Left": left + apart * np.array([0.0, 0.2, -0.05]), "Right": right + apart * np.array([0.0, 0.2, -0.05])}
    ahead = apart * np.array([0.0, -0.15, 0.0])
    found = {
        "neck": (neck - apart * np.array([0.0, 0.0, 1.0]), neck),
        "head": (neck, neck + apart * np.array([0.0, 0.0, 2.5])),
        "eye left": (eyes["Left"], eyes["Left"] + ahead),
        "eye right": (eyes["Right"], eyes["Right"] + ahead),
    }
    for key, place in middle.items():
        joint = eyes[key.removeprefix("eyeBlink")] if key.startswith("eyeBlink") else place - ahead / 2
        joint = between + apart * np.array([0.0, 1.0, -0.35]) if key == "jawOpen" else joint
        found[key] = (joint, place + ahead / 2)
    return found


def _armature(places: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Mapping[str, str]) -> bpy.types.Object:
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for part, (start, end) in places.items():
        bone = data.edit_bones.new(names[part])
        bone.head, bone.tail, bone.roll = start, end, 0.1 * len(part)
    for part in places:
        above = {"neck": "", "head": "neck"}.get(part, "jawOpen" if part.startswith("mouthLower") else "head")
        data.edit_bones[names[part]].parent = data.edit_bones[names[above]] if above else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def _paint(head: bpy.types.Object, bone: str, weights: np.ndarray) -> None:
    group = head.vertex_groups.new(name=bone)
    for vertex in np.flatnonzero(weights > 1e-3):
        group.add([int(vertex)], float(weights[vertex]), "REPLACE")

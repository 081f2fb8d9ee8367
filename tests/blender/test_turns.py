"""Head and eyes turn the right way on the evaluated mesh, whatever the bones' rolls, modes and axes are."""

from __future__ import annotations

import math

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from addon.core.rotation import matrix_from_angles
from addon.rig import keyer
from addon.rig.discover import find_character
from tests.blender import scenes

MODES = ("QUATERNION", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")
IN_BLENDER = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Contract axes of a character that faces -Y, written out here and not taken from the code under test."""


def bake(rig: bpy.types.Object, **pose: tuple[float, ...]) -> None:
    rest = {"head": (0.0, 0.0, 0.0), "gaze": (0.0, 0.0)}
    line = scenes.performance(seconds=0.2, **(rest | pose))  # pyright: ignore[reportArgumentType]
    keyer.bake(find_character(rig), line, keyer.scene_timeline(bpy.context.scene, 1), "line")
    bpy.context.scene.frame_set(2)


def clear_keys(name: str = "Face") -> None:
    for block in bpy.data.objects[name].data.shape_keys.key_blocks:
        block.mute = True


def nose_moves(rig: bpy.types.Object, **pose: tuple[float, ...]) -> np.ndarray:
    clear_keys()
    before = scenes.evaluated_points(bpy.data.objects["Face"])[scenes.NOSE]
    bake(rig, **pose)
    return scenes.evaluated_points(bpy.data.objects["Face"])[scenes.NOSE] - before


def test_pitch_lowers_the_nose() -> None:
    move = nose_moves(scenes.add_character(), head=(0.3, 0, 0))
    assert move[2] < -0.1
    assert abs(move[0]) < 1e-5


def test_yaw_takes_the_nose_to_the_characters_left() -> None:
    move = nose_moves(scenes.add_character(), head=(0, 0.3, 0))
    assert move[0] > 0.1  # a character that faces -Y has its left at +X
    assert abs(move[2]) < 1e-5


def test_roll_tilts_the_crown_to_the_characters_right_shoulder() -> None:
    rig = scenes.add_character()
    clear_keys()
    bake(rig, head=(0, 0, 0.3))
    crown = rig.matrix_world @ rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["head"].tail
    assert crown.x < -0.1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("roll", "y_up"), [(0.0, False), (1.1, False), (-2.7, False), (0.6, True), (0.0, True)])
def test_neck_and_head_together_make_exactly_the_performed_turn(mode: str, roll: float, y_up: bool) -> None:
    rig = scenes.add_character(roll, mode, y_up)
    clear_keys()
    angles = (0.25, -0.4, 0.2)
    at_rest = scenes.evaluated_points(bpy.data.objects["Face"])
    bake(rig, head=angles)
    turned = scenes.evaluated_points(bpy.data.objects["Face"])
    turn = IN_BLENDER @ matrix_from_angles(np.array(angles)) @ IN_BLENDER.T
    np.testing.assert_allclose(turned - turned[3], (at_rest - at_rest[3]) @ turn.T, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("roll", "y_up"), [(0.0, False), (2.2, False), (-0.8, True)])
def test_eyes_look_down_and_left_within_a_turned_head(mode: str, roll: float, y_up: bool) -> None:
    rig = scenes.add_character(roll, mode, y_up)
    clear_keys()
    bake(rig, head=(0.2, 0.3, -0.1), gaze=(0.15, 0.35))
    head = matrix_from_angles(np.array((0.2, 0.3, -0.1)))
    eye = matrix_from_angles(np.array((0.15, 0.35, 0.0)))
    expected = IN_BLENDER @ head @ eye @ (0, 0, 1)
    for ball in ("Ball eye.L", "Ball eye.R"):
        points = scenes.evaluated_points(bpy.data.objects[ball])
        direction = (points[2] - points[0]) / np.linalg.norm(points[2] - points[0])
        np.testing.assert_allclose(direction, expected, atol=1e-5)


def test_gaze_alone_points_down_and_to_the_characters_left() -> None:
    rig = scenes.add_character()
    bake(rig, gaze=(0.2, 0.3))
    points = scenes.evaluated_points(bpy.data.objects["Ball eye.L"])
    ahead = points[2] - points[0]
    assert ahead[0] > 0.02
    assert ahead[2] < -0.015
    assert ahead[1] < 0


@pytest.mark.parametrize("turn", [(0, 0, 1.2), (0.4, 0, 0), (math.pi / 2, 0.2, -2.0), (0, math.pi, 0)])
def test_a_character_turned_in_the_scene_nods_about_its_own_axes(turn: tuple[float, float, float]) -> None:
    rig = scenes.add_character(roll=0.5)
    rig.rotation_euler = turn
    rig.location = (3, -2, 1)
    bpy.context.view_layer.update()
    clear_keys()
    rest = scenes.evaluated_points(bpy.data.objects["Face"])
    bake(rig, head=(0.3, 0.2, 0.1))
    turned = scenes.evaluated_points(bpy.data.objects["Face"])
    to_world = np.array(Matrix(rig.matrix_world).to_3x3())
    own = IN_BLENDER @ matrix_from_angles(np.array((0.3, 0.2, 0.1))) @ IN_BLENDER.T
    whole = to_world @ own @ to_world.T
    np.testing.assert_allclose(turned - turned[3], (rest - rest[3]) @ whole.T, atol=1e-5)


def test_the_neck_does_its_share() -> None:
    rig = scenes.add_character()
    bake(rig, head=(0, 0.5, 0))
    assert rig.pose.bones["neck"].rotation_quaternion.angle == pytest.approx(0.2, abs=1e-4)
    assert rig.pose.bones["head"].rotation_quaternion.angle == pytest.approx(0.3, abs=1e-4)


def test_a_head_that_does_not_inherit_the_neck_turns_whole() -> None:
    rig = scenes.add_character()
    rig.data.bones["head"].use_inherit_rotation = False
    clear_keys()
    rest = scenes.evaluated_points(bpy.data.objects["Face"])
    bake(rig, head=(0, 0.5, 0))
    turned = scenes.evaluated_points(bpy.data.objects["Face"])
    turn = IN_BLENDER @ matrix_from_angles(np.array((0, 0.5, 0))) @ IN_BLENDER.T
    np.testing.assert_allclose(turned - turned[3], (rest - rest[3]) @ turn.T, atol=1e-5)


def test_euler_curves_do_not_jump_when_the_head_turns_far() -> None:
    rig = scenes.add_character(roll=3.0, mode="ZYX")
    line = scenes.performance(seconds=3)
    keyer.bake(find_character(rig), line, keyer.scene_timeline(bpy.context.scene, 1), "line")
    from addon.rig import actions

    for (path, _), track in actions.read_tracks(rig).items():
        if "rotation_euler" in path:
            assert np.abs(np.diff(track.values)).max() < 0.3

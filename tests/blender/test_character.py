"""The built-in character in Blender: objects, keys, armature. Runs on every Blender wheel from 4.2 to 5.2."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from addon.character.build import add_character, to_blender  # noqa: E402
from addon.character.character import build_character  # noqa: E402
from addon.character.landmarks import eye_distance, inner_lip_gap  # noqa: E402
from addon.character.model import pose  # noqa: E402
from addon.character.studio import add_studio, set_render  # noqa: E402
from addon.core.channels import CHANNELS  # noqa: E402
from addon.core.landmarks import LANDMARKS_PROPERTY, landmarks_of  # noqa: E402
from addon.rig.discover import find_character  # noqa: E402
from addon.rig.dump import read_meshes  # noqa: E402


@pytest.fixture
def rig() -> object:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return add_character(bpy.context)


def child(rig: object, name: str) -> object:
    return next(thing for thing in rig.children if thing.name == name)


def evaluated(thing: object) -> np.ndarray:
    """Vertices in the world after shape keys and armature."""
    bpy.context.view_layer.update()
    final = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = final.to_mesh()
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    final.to_mesh_clear()
    matrix = np.array(thing.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def landmarks(rig: object) -> np.ndarray:
    points = np.full((70, 3), np.nan)
    for thing in rig.children:
        if LANDMARKS_PROPERTY in thing:
            vertices = evaluated(thing)
            for number, vertex in landmarks_of(thing[LANDMARKS_PROPERTY]):
                points[number] = vertices[vertex]
    assert np.isfinite(points).all()
    return points


def turn(rig: object, bone: str, axis: tuple[float, float, float], degrees: float) -> None:
    """Turn a bone about an axis of the world at rest."""
    from mathutils import Quaternion

    pose = rig.pose.bones[bone]
    rest = pose.bone.matrix_local.to_quaternion()
    pose.rotation_mode = "QUATERNION"
    pose.rotation_quaternion = rest.inverted() @ Quaternion(axis, math.radians(degrees)) @ rest


def test_the_character_has_its_objects_and_bones(rig: object) -> None:
    assert rig.type == "ARMATURE"
    assert rig.name == "Soliloquy"
    assert {thing.name for thing in rig.children} == {
        "Head", "EyeLeft", "EyeRight", "CorneaLeft", "CorneaRight", "TeethUpper", "GumsUpper", "TeethLower",
        "GumsLower", "Tongue", "Hair",
    }  # fmt: skip
    parents = {bone.name: bone.parent.name if bone.parent else None for bone in rig.data.bones}
    assert parents == {
        "root": None, "neck": "root", "head": "neck", "jaw": "head", "eye_left": "head", "eye_right": "head",
    }  # fmt: skip
    assert set(bpy.data.collections["Soliloquy"].objects) == {rig, *rig.children}


def test_head_keys_are_the_basis_and_the_52_channels_and_start_at_zero(rig: object) -> None:
    blocks = child(rig, "Head").data.shape_keys.key_blocks
    correctives = tuple(build_character().part("Head").correctives)
    assert tuple(block.name for block in blocks) == ("Basis", *CHANNELS, *correctives)
    assert all(block.value == 0.0 for block in blocks[1:])
    assert all((block.slider_min, block.slider_max) == (0.0, 1.0) for block in blocks)
    for name in ("TeethLower", "Tongue"):
        assert {"jawOpen", "jawForward", "jawLeft", "jawRight"} <= set(
            child(rig, name).data.shape_keys.key_blocks.keys()
        )
    assert "tongueOut" in child(rig, "Tongue").data.shape_keys.key_blocks


def test_the_mesh_is_valid_and_smooth(rig: object) -> None:
    for thing in rig.children:
        assert not thing.data.validate(verbose=False), f"{thing.name} needed repair"
        assert all(polygon.use_smooth for polygon in thing.data.polygons)
        assert all(len(polygon.vertices) == 4 for polygon in thing.data.polygons)
        assert all(slot.material for slot in thing.material_slots)


def test_the_face_looks_along_minus_y_with_its_left_at_plus_x(rig: object) -> None:
    points = landmarks(rig)
    model = build_character()
    assert points[30, 1] < points[[0, 16], 1].min() - 0.05, "the nose is in front of the ears"
    assert points[68, 0] > 0 > points[69, 0]
    assert points[68, 2] == pytest.approx(model.eye_height, abs=1e-5)
    assert eye_distance(points) == pytest.approx(model.iod, rel=0.03)


def test_shape_keys_move_the_landmarks_as_the_geometry_says(rig: object) -> None:
    model = build_character()
    blocks = child(rig, "Head").data.shape_keys.key_blocks
    blocks["jawOpen"].value = 1.0
    opened = inner_lip_gap(landmarks(rig))
    assert opened == pytest.approx(inner_lip_gap(model.landmark_positions({"jawOpen": 1.0})), abs=1e-5)
    blocks["mouthClose"].value = 1.0
    assert inner_lip_gap(landmarks(rig)) < 0.01 * model.iod


def test_correctives_follow_the_keys_that_they_meet(rig: object) -> None:
    model = build_character()
    weights = {"eyeBlinkLeft": 1.0, "eyeSquintLeft": 0.8, "jawOpen": 0.7, "mouthPucker": 1.0, "mouthClose": 0.2}
    head = child(rig, "Head")
    for name, value in weights.items():
        head.data.shape_keys.key_blocks[name].value = value
    expected = to_blender(pose(model.part("Head"), weights), model.eye_height)
    np.testing.assert_allclose(evaluated(head), expected, atol=2e-6)
    assert all(driver.driver.is_simple_expression for driver in head.data.shape_keys.animation_data.drivers)


def test_the_add_on_drives_the_channels_and_leaves_the_correctives_alone(rig: object) -> None:
    found = find_character(rig)
    assert found.channels == CHANNELS
    assert {match.key for target in found.keys for match in target.matches} <= set(CHANNELS)
    assert not [note for note in found.notes if "driver" in note]
    assert found.bones.head == "head"
    assert found.bones.neck == "neck"


def test_face_landmarks_are_named_vertices(rig: object) -> None:
    model = build_character()
    for number, mark in enumerate(model.landmarks):
        thing = child(rig, mark.part)
        group = thing.vertex_groups[f"landmark_{number:02d}"]
        members = [v.index for v in thing.data.vertices if any(g.group == group.index for g in v.groups)]
        assert members == [mark.vertex]


def test_the_jaw_bone_opens_the_mouth(rig: object) -> None:
    closed, teeth = inner_lip_gap(landmarks(rig)), evaluated(child(rig, "TeethLower"))
    upper = evaluated(child(rig, "TeethUpper"))
    turn(rig, "jaw", (1.0, 0.0, 0.0), 15.0)
    assert inner_lip_gap(landmarks(rig)) > closed + 0.012
    assert evaluated(child(rig, "TeethLower"))[:, 2].min() < teeth[:, 2].min() - 0.012
    np.testing.assert_allclose(evaluated(child(rig, "TeethUpper")), upper, atol=1e-6)


def test_a_portrait_renders_the_face_before_its_background(rig: object, tmp_path: Path) -> None:
    eye, height = build_character().part("EyeLeft").origin, build_character().eye_height
    scene = bpy.context.scene
    add_studio(bpy.context, "Studio", (0.0, -eye[2], height))
    assert {light.name for light in bpy.data.lights} == {"Key", "Fill", "Rim"}
    set_render(scene, "CYCLES", 24, 2)
    scene.render.filepath = str(tmp_path / "portrait.png")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    red, green, blue = np.array(image.pixels[:]).reshape(24, 24, 4)[12, 12, :3]
    assert red > green > blue, "skin in the middle"
    assert max(np.ptp(np.array(image.pixels[:]).reshape(24, 24, 4)[23, 0, :3]), 0.0) < 0.05, "grey in the corner"


def test_every_material_is_a_node_tree_and_the_eye_is_covered_by_a_clear_one(rig: object) -> None:
    for thing in rig.children:
        assert thing.data.uv_layers
        for slot in thing.material_slots:
            assert any(
                node.type == "OUTPUT_MATERIAL" and node.inputs[0].is_linked for node in slot.material.node_tree.nodes
            )
    skin = bpy.data.materials["skin"].node_tree.nodes["Principled BSDF"]
    assert skin.inputs["Subsurface Weight"].default_value > 0.1
    assert [m.name for m in read_meshes(bpy.context, rig.children, [1])] == [
        o.name for o in rig.children if not o.name.startswith("Cornea")
    ]


@pytest.mark.parametrize("side", ["left", "right"])
def test_eye_bones_turn_the_eyes_about_their_centres(rig: object, side: str) -> None:
    eye = child(rig, f"Eye{side.capitalize()}")
    bone = rig.data.bones[f"eye_{side}"]
    centre = np.array(bone.head_local)
    np.testing.assert_allclose(centre, np.array(eye.matrix_world.translation), atol=1e-6)
    before, marks = evaluated(eye), landmarks(rig)
    turn(rig, f"eye_{side}", (0.0, 0.0, 1.0), 30.0)
    after = evaluated(eye)
    np.testing.assert_allclose(
        np.linalg.norm(before - centre, axis=1), np.linalg.norm(after - centre, axis=1), atol=1e-6
    )
    pupil = landmarks(rig)[68 if side == "left" else 69]
    assert pupil[0] > centre[0] + 0.006, "30 degrees about +Z look to the character's left"
    np.testing.assert_allclose(landmarks(rig)[:68], marks[:68], atol=1e-6)


def test_the_head_bone_carries_face_eyes_and_teeth_but_not_the_foot_of_the_neck(rig: object) -> None:
    rest = {thing.name: evaluated(thing) for thing in rig.children}
    points = landmarks(rig)
    turn(rig, "head", (0.0, 0.0, 1.0), 40.0)
    for thing in rig.children:
        shift = np.linalg.norm(evaluated(thing) - rest[thing.name], axis=1)
        assert shift.max() > 0.03, thing.name
    turned = landmarks(rig)
    spans = [np.linalg.norm(p[17:][:, None] - p[17:][None], axis=-1) for p in (points, turned)]
    np.testing.assert_allclose(spans[0], spans[1], atol=2e-4, err_msg="the face turns as one")
    head = child(rig, "Head")
    foot = rest["Head"][:, 2] < rest["Head"][:, 2].min() + 0.005
    np.testing.assert_allclose(evaluated(head)[foot], rest["Head"][foot], atol=1e-6)


def test_two_characters_stand_side_by_side_without_sharing_data(rig: object) -> None:
    second = add_character(bpy.context, name="Other")
    assert second.name == "Other"
    first_head = child(rig, "Head")
    other_head = next(thing for thing in second.children if thing.name.startswith("Head"))
    assert first_head.data != other_head.data
    assert first_head.data.shape_keys != other_head.data.shape_keys
    assert all(thing.modifiers["Armature"].object == second for thing in second.children)


def test_the_active_object_and_mode_are_left_as_they_were() -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.view_layer.objects.active
    add_character(bpy.context)
    assert bpy.context.view_layer.objects.active == cube
    assert bpy.context.mode == "OBJECT"

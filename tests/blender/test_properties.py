"""Faces whose controls are custom properties that drive keys, and jaws that are bones: what is keyed, what rests."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from addon.core.channels import CHANNELS, GROUPS
from addon.core.profiles import profiles
from addon.rig import actions, take
from addon.rig.discover import find_character
from tests.blender import scenes

METAHUMAN = next(p for p in profiles() if p.name == "MetaHuman")


def bake(rig: bpy.types.Object) -> None:
    bpy.context.scene.render.fps = 24
    take.apply(bpy.context.scene, rig, scenes.performance(1.0), take.Take("line", None, 1))


@pytest.fixture
def metahuman() -> bpy.types.Object:
    """A rig with all MetaHuman controls as properties, one of which drives a key of its face."""
    rig = scenes.add_armature()
    scenes.bind(scenes.add_mesh("Face", ("open",)), rig, "head")
    for row in METAHUMAN.rows:
        rig[row.target] = 0.0
    rig["CTRL_expressions_jawOpen"] = 0.125
    driver = bpy.data.objects["Face"].data.shape_keys.key_blocks["open"].driver_add("value").driver
    driver.expression = "jaw"
    variable = driver.variables.new()
    variable.name = "jaw"
    variable.targets[0].id, variable.targets[0].data_path = rig, '["CTRL_expressions_jawOpen"]'
    return rig


def test_a_metahuman_is_bound_by_its_properties(metahuman: bpy.types.Object) -> None:
    character = find_character(metahuman)
    assert character.profiles == ("MetaHuman",)
    assert "52 of 52 channels on properties" in character.coverage


def test_properties_are_keyed_move_what_they_drive_and_come_back(metahuman: bpy.types.Object) -> None:
    bake(metahuman)
    bpy.context.scene.frame_set(5)
    line = scenes.performance(1.0)
    assert metahuman["CTRL_expressions_jawOpen"] == pytest.approx(line.channels[4, CHANNELS.index("jawOpen")], abs=1e-4)
    shown = bpy.data.objects["Face"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert shown.data.shape_keys.key_blocks["open"].value == pytest.approx(0.4, abs=1e-4)
    take.remove(bpy.context.scene, metahuman)
    assert metahuman["CTRL_expressions_jawOpen"] == 0.125
    assert not bpy.data.actions


def test_many_channels_reach_one_control_and_one_channel_many(metahuman: bpy.types.Object) -> None:
    bake(metahuman)
    tracks = {path: track for (path, _), track in actions.read_tracks(metahuman).items()}
    line = scenes.performance(1.0).channels
    funnel, pucker = (line[:, CHANNELS.index(n)] for n in ("mouthFunnel", "mouthPucker"))
    for corner in ("UL", "UR", "DL", "DR"):
        values = tracks[f'["CTRL_expressions_mouthFunnel{corner}"]'].values
        np.testing.assert_allclose(values, np.clip(funnel + 0.75 * pucker, 0, 1), atol=1e-5)


def add_jaw(rig: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("jaw")
    bone.head, bone.tail, bone.parent = (0, -0.1, 1.6), (0, -0.5, 1.5), rig.data.edit_bones["head"]
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_jaw_bone_alone_opens_and_is_shut_where_lips_are_sealed() -> None:
    rig = scenes.add_armature()
    add_jaw(rig)
    assert "4 of 52 channels on 1 face bones" in find_character(rig).coverage
    assert "no gaze" not in find_character(rig).coverage  # its eye bones look
    bake(rig)
    turned = []
    for frame in range(1, 25):
        bpy.context.scene.frame_set(frame)
        turned.append(rig.pose.bones["jaw"].rotation_quaternion.to_euler().x)
    closed = scenes.performance(1.0).channels[:, CHANNELS.index("mouthClose")] > 0
    assert np.ptp(turned) == pytest.approx(0.16, abs=0.04)  # 0.4 of jawOpen, 0.4 radians
    assert np.abs(np.array(turned)[closed]).max() < 0.06  # what is left is the jaw going sideways


def test_a_jaw_bone_rests_where_the_mesh_that_it_carries_has_keys_for_it_and_moves_teeth_that_have_none() -> None:
    rig = scenes.add_armature()
    add_jaw(rig)
    scenes.bind(scenes.add_mesh("Teeth", ()), rig, "jaw")
    scenes.bind(scenes.add_mesh("Face"), rig, "head")
    assert [m.key for m in find_character(rig).face.matches] == ["jaw", "jaw"]
    bpy.data.objects["Face"].vertex_groups.new(name="jaw")
    character = find_character(rig)
    assert not character.face.matches
    assert any("jaw rest" in note for note in character.notes)


def test_a_few_properties_of_any_rig_are_no_face() -> None:
    rig = scenes.add_character()
    rig["jawOpen"] = 0.0
    assert not find_character(rig).properties
    assert set(GROUPS["mouth"]) <= set(find_character(rig).channels)


def test_the_limits_of_a_property_hold_or_are_raised_and_put_back(metahuman: bpy.types.Object) -> None:
    name = "CTRL_expressions_jawOpen"
    metahuman.id_properties_ui(name).update(min=0.0, max=0.25, soft_max=0.2)
    before = metahuman.id_properties_ui(name).as_dict()
    line = scenes.performance(1.0)

    def bake_with(raised: bool) -> tuple[str, float]:
        report = take.apply(bpy.context.scene, metahuman, line, take.Take("line", None, 1, raise_ranges=raised))
        track = actions.read_tracks(metahuman)[f'["{name}"]', 0]
        return next(note for note in report.notes if name in note), float(track.values.max())

    said, most = bake_with(raised=False)
    assert "limited" in said
    assert most == 0.25
    assert metahuman.id_properties_ui(name).as_dict() == before
    said, most = bake_with(raised=True)
    assert "raised" in said
    assert most == pytest.approx(0.4)
    assert metahuman.id_properties_ui(name).as_dict()["max"] == pytest.approx(0.4)
    take.remove(bpy.context.scene, metahuman)
    assert metahuman.id_properties_ui(name).as_dict() == before

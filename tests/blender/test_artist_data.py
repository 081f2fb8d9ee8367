"""What the artist made is the same, bit for bit, before and after everything that Soliloquy does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
import pytest

from addon.core.errors import RigError
from addon.rig import actions, keyer, ownership, take
from tests.blender import scenes


def bake(rig: bpy.types.Object, line: str = "line", seconds: float = 1.0) -> keyer.BakeReport:
    return take.apply(bpy.context.scene, rig, scenes.performance(seconds), take.Take(line, None, 1))


def curves_of(action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def plain(thing: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """All simple properties of a Blender value."""
    found = {}
    for prop in thing.bl_rna.properties:
        if prop.identifier in ("rna_type", *skip):
            continue
        if prop.type in ("BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"):
            value = getattr(thing, prop.identifier)
            found[prop.identifier] = tuple(value) if getattr(prop, "is_array", False) else value
        elif prop.type == "POINTER" and isinstance(getattr(thing, prop.identifier), bpy.types.ID):
            found[prop.identifier] = getattr(thing, prop.identifier).name
    return found


def snapshot_action(action: bpy.types.Action) -> list[Any]:
    return [(plain(curve, ("is_valid",)), [plain(key) for key in curve.keyframe_points]) for curve in curves_of(action)]


def snapshot(datablock: bpy.types.ID) -> list[Any]:
    """Animation of a datablock but for its active Action: the NLA stack, and drivers with their variables."""
    data = datablock.animation_data
    tracks = [(plain(t), [plain(s) for s in t.strips]) for t in data.nla_tracks]
    drivers = [
        (plain(d), plain(d.driver), [(plain(v), [plain(t) for t in v.targets]) for v in d.driver.variables])
        for d in data.drivers
    ]
    return [tracks, drivers]


def give_action(datablock: bpy.types.ID, path: str, name: str) -> bpy.types.Action:
    """An Action such as an artist makes: Bezier keys by hand."""
    for frame, value in ((1, 0.1), (9, 0.8), (20, 0.3)):
        owner, _, attribute = path.rpartition(".")
        setattr(datablock.path_resolve(owner), attribute, value)
        datablock.keyframe_insert(path, frame=frame)
    datablock.animation_data.action.name = name
    return datablock.animation_data.action


@pytest.fixture
def animated() -> bpy.types.Object:
    """A character with Actions, NLA strips and a driver of the artist's own."""
    rig = scenes.add_character()
    key = bpy.data.objects["Face"].data.shape_keys
    pushed = give_action(key, 'key_blocks["cheekPuff"].value', "Pushed")
    track = key.animation_data.nla_tracks.new()
    track.strips.new("pushed", 1, pushed)
    key.animation_data.action = None
    give_action(key, 'key_blocks["jawOpen"].value', "Hand jaw")
    driver = key.key_blocks["tongueOut"].driver_add("value").driver
    driver.expression = "var * 2"
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = rig, "location.x"
    rig.pose.bones["spine"].rotation_quaternion.x = 0.2
    rig.pose.bones["spine"].keyframe_insert("rotation_quaternion", frame=5)
    rig.animation_data.action.name = "Hand body"
    return rig


def everything(rig: bpy.types.Object) -> list[Any]:
    key = bpy.data.objects["Face"].data.shape_keys
    return [
        *(snapshot_action(bpy.data.actions[name]) for name in ("Pushed", "Hand jaw", "Hand body")),
        snapshot(key),
        snapshot(rig),
    ]


def test_actions_nla_and_drivers_are_untouched_by_bakes_and_removal(animated: bpy.types.Object) -> None:
    before = everything(animated)
    bake(animated)
    assert everything(animated) == before
    bake(animated)
    bake(animated, "another line", 2.0)
    assert everything(animated) == before
    take.remove(bpy.context.scene, animated)
    assert everything(animated) == before


def test_the_artists_action_is_put_aside_safely_and_the_artist_is_told(animated: bpy.types.Object) -> None:
    report = bake(animated)
    assert any("Hand jaw" in note for note in report.notes)
    assert any("Hand body" in note for note in report.notes)
    assert bpy.data.actions["Hand jaw"].use_fake_user
    assert ownership.is_ours(animated.animation_data.action)


def test_removal_puts_the_artists_actions_back_and_leaves_nothing_of_ours(animated: bpy.types.Object) -> None:
    key = bpy.data.objects["Face"].data.shape_keys
    slots = [actions.slot_handle(d) for d in (key, animated)]
    bake(animated)
    bake(animated, "another line")
    told = take.remove(bpy.context.scene, animated)
    assert any("Hand jaw" in sentence for sentence in told)
    assert key.animation_data.action.name == "Hand jaw"
    assert animated.animation_data.action.name == "Hand body"
    assert [actions.slot_handle(d) for d in (key, animated)] == slots
    assert not bpy.data.actions["Hand jaw"].use_fake_user
    assert {a.name for a in bpy.data.actions} == {"Pushed", "Hand jaw", "Hand body"}
    assert ownership.BEFORE not in key
    assert ownership.BEFORE not in animated


def test_the_artists_animation_plays_again_after_removal(animated: bpy.types.Object) -> None:
    scene, block = bpy.context.scene, bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"]
    scene.frame_set(5)
    before = block.value
    bake(animated)
    scene.frame_set(5)
    assert block.value != pytest.approx(before, abs=1e-3)
    take.remove(scene, animated)
    scene.frame_set(5)
    assert block.value == before


def test_renaming_the_put_aside_action_does_not_lose_it(animated: bpy.types.Object, tmp_path: object) -> None:
    bake(animated)
    bpy.data.actions["Hand jaw"].name = "Renamed by hand"
    bpy.ops.wm.save_as_mainfile(filepath=f"{tmp_path}/a.blend")
    bpy.ops.wm.open_mainfile(filepath=f"{tmp_path}/a.blend")
    take.remove(bpy.context.scene, bpy.data.objects["Rig"])
    assert bpy.data.objects["Face"].data.shape_keys.animation_data.action.name == "Renamed by hand"


def test_driven_keys_and_bones_are_left_to_their_drivers(animated: bpy.types.Object) -> None:
    animated.pose.bones["eye.L"].driver_add("rotation_quaternion", 1)
    report = bake(animated)
    assert any("tongueOut" in note for note in report.notes)
    assert any("eye.L" in note for note in report.notes)
    paths = {path for path, _ in actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)}
    assert len(paths) == 51
    assert not any("tongueOut" in path for path in paths)
    assert not any("eye.L" in path for path, _ in actions.read_tracks(animated))


def test_values_set_by_hand_come_back_when_there_was_no_animation() -> None:
    rig = scenes.add_character(mode="XYZ")
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["mouthLeft"]
    block.value = 0.31
    rig.pose.bones["head"].rotation_euler = (0.1, 0.2, 0.3)
    bake(rig)
    bpy.context.scene.frame_set(7)
    take.remove(bpy.context.scene, rig)
    assert block.value == pytest.approx(0.31)
    np.testing.assert_allclose(rig.pose.bones["head"].rotation_euler, (0.1, 0.2, 0.3), atol=1e-6)
    assert block.id_data.animation_data is None
    assert rig.animation_data is None
    assert not bpy.data.actions


def test_an_action_the_artist_assigned_since_stays_active_when_ours_are_removed() -> None:
    rig = scenes.add_character()
    key = bpy.data.objects["Face"].data.shape_keys
    bake(rig)
    key.animation_data.action = bpy.data.actions.new("Newer")
    take.remove(bpy.context.scene, rig)
    assert key.animation_data.action.name == "Newer"


def test_a_take_that_plays_in_the_nla_is_not_deleted() -> None:
    rig = scenes.add_character()
    (name, *_) = bake(rig).actions
    key = bpy.data.objects["Face"].data.shape_keys
    key.animation_data.nla_tracks.new().strips.new("take", 1, bpy.data.actions[name])
    take.remove(bpy.context.scene, rig)
    assert name in bpy.data.actions


def test_blending_of_the_active_action_does_not_weaken_ours_and_comes_back(animated: bpy.types.Object) -> None:
    key = bpy.data.objects["Face"].data.shape_keys
    key.animation_data.action_blend_type, key.animation_data.action_influence = "ADD", 0.25
    bake(animated)
    assert (key.animation_data.action_blend_type, key.animation_data.action_influence) == ("REPLACE", 1.0)
    take.remove(bpy.context.scene, animated)
    assert (key.animation_data.action_blend_type, key.animation_data.action_influence) == ("ADD", 0.25)


def test_nothing_is_changed_when_the_bake_is_refused(animated: bpy.types.Object) -> None:
    before = everything(animated)
    lone = scenes.add_mesh("Lone", ("smile",))
    with pytest.raises(RigError, match="ARKit"):
        bake(lone)
    assert everything(animated) == before
    assert len(bpy.data.actions) == 3

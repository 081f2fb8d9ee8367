"""Layers are baked, silenced and baked again one by one; the artist's keys on top survive; takes can lie in the NLA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
import pytest

from addon.core.channels import CHANNELS
from addon.core.layers import LAYERS, layer_of
from addon.ops.base import sentences_of
from addon.rig import actions, keyer, nla, take
from addon.rig.discover import find_character
from addon.rig.plan import group_name
from tests.blender import scenes, test_artist_data

animated = test_artist_data.animated  # a fixture: a character with Actions, NLA strips and a driver of the artist's own


def bake(rig: bpy.types.Object, layers: Sequence[str] = LAYERS, seed: int = 0, **how: Any) -> keyer.BakeReport:
    line = scenes.performance(1.0, seed=seed, head=(0.1 * seed, 0.1, 0.0))
    return take.apply(bpy.context.scene, rig, line, take.Take("line", None, 1, layers=tuple(layers), **how))


def face_key() -> bpy.types.Key:
    return bpy.data.objects["Face"].data.shape_keys


def curves(rig: bpy.types.Object) -> dict[str, dict[str, bytes]]:
    """All keys that play, by layer and curve, bit for bit."""
    found: dict[str, dict[str, bytes]] = {}
    for datablock in (face_key(), rig):
        for (path, index), track in actions.read_tracks(datablock).items():
            found.setdefault(track.group, {})[f"{path}{index}"] = track.values.tobytes() + track.frames.tobytes()
    return found


def test_every_channel_is_in_one_layer_and_mixed_rows_in_the_one_that_matters() -> None:
    assert {layer_of([name]) for name in CHANNELS} == {"speech", "expression", "blink", "gaze"}
    assert layer_of(["eyeBlinkLeft", "eyeWideLeft"]) == "blink"
    assert layer_of(["viseme:aa"]) == layer_of(["jawOpen", "noseSneerLeft"]) == "speech"


def test_a_bake_has_all_five_layers_as_groups() -> None:
    rig = scenes.add_character()
    bake(rig)
    assert set(curves(rig)) == {group_name(layer) for layer in LAYERS}


@pytest.mark.parametrize("layer", LAYERS)
def test_baking_one_layer_again_leaves_the_others_bit_for_bit(layer: str) -> None:
    rig = scenes.add_character()
    bake(rig)
    before = curves(rig)
    bake(rig, [layer], seed=5)
    after = curves(rig)
    assert after[group_name(layer)] != before[group_name(layer)]
    assert {g: c for g, c in after.items() if g != group_name(layer)} == {
        g: c for g, c in before.items() if g != group_name(layer)
    }


def test_a_layer_baked_alone_can_be_joined_by_another_and_all_is_removed() -> None:
    rig = scenes.add_character()
    block = face_key().key_blocks["browInnerUp"]
    block.value = 0.4
    bake(rig, ["speech"])
    assert set(curves(rig)) == {group_name("speech")}
    bake(rig, ["expression"])
    assert set(curves(rig)) == {group_name("speech"), group_name("expression")}
    take.remove(bpy.context.scene, rig)
    assert block.value == pytest.approx(0.4)
    assert not bpy.data.actions


@pytest.mark.usefixtures("registered")
def test_a_silenced_layer_rests_and_stays_silenced_when_another_is_baked(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    scene.soliloquy.character = rig
    bake(rig)
    block = face_key().key_blocks["jawOpen"]
    block.value = 0.0
    bpy.ops.soliloquy.mute_layer(layer="speech")
    block.value = 0.0
    scene.frame_set(9)
    assert block.value == 0.0
    assert face_key().key_blocks["browInnerUp"].value != 0.0
    bake(rig, ["head"], seed=2)
    assert all(group_name("speech") in actions.muted_groups(a) for a in bpy.data.actions if "KEY" in a.name) or (
        actions.HAS_SLOTS and group_name("speech") in actions.muted_groups(bpy.data.actions[0])
    )
    bpy.ops.soliloquy.mute_layer(layer="speech", mute="OFF")
    scene.frame_set(9)
    assert block.value == pytest.approx(0.4, abs=1e-5)


def test_the_artists_additive_track_on_top_survives_every_bake(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    bake(rig, push=True)
    own = bpy.data.actions.new("Own")
    data = face_key().animation_data
    assert data.action is None
    data.action = own
    test_artist_data.give_action(face_key(), 'key_blocks["jawOpen"].value', "Own")
    data.action_blend_type = "ADD"
    mine = test_artist_data.snapshot_action(data.action)
    scene.frame_set(9)
    block = face_key().key_blocks["jawOpen"]
    assert block.value == pytest.approx(0.4 + 0.8, abs=0.21)  # the slider ends at 1
    bake(rig, ["speech"], seed=3)
    assert data.action.name.startswith("Own")
    assert data.action_blend_type == "ADD"
    assert test_artist_data.snapshot_action(data.action) == mine
    take.remove(scene, rig)
    assert test_artist_data.snapshot_action(data.action) == mine
    assert not [t for t in data.nla_tracks if nla.is_ours(t)]


def test_a_pushed_take_plays_what_it_played_before(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    bake(rig)

    def pose() -> list[float]:
        scene.frame_set(13)
        blocks = face_key().key_blocks
        return [*(b.value for b in blocks), *rig.pose.bones["head"].rotation_quaternion]

    before = pose()
    assert nla.push(find_character(rig)) == 2
    assert {t.name for d in (face_key(), rig) for t in d.animation_data.nla_tracks} == {"Soliloquy: line"}
    np.testing.assert_allclose(pose(), before, atol=1e-5)


def test_actions_nla_and_drivers_are_bit_equal_after_push_rebake_and_removal(animated: bpy.types.Object) -> None:
    before = test_artist_data.everything(animated)
    active = [d.animation_data.action.name for d in (face_key(), animated)]
    bake(animated, push=True)
    assert [d.animation_data.action.name for d in (face_key(), animated)] == active
    bake(animated, ["speech"], seed=4)
    bake(animated, ["gaze", "head"], seed=4)
    take.remove(bpy.context.scene, animated)
    assert test_artist_data.everything(animated) == before
    assert [d.animation_data.action.name for d in (face_key(), animated)] == active


def test_thinning_is_told_in_keys_and_error() -> None:
    rig = scenes.add_character()
    assert bake(rig).keys == bake(rig).dense
    thin = bake(rig, tolerance=0.02)
    assert thin.keys < 0.9 * thin.dense
    assert 0.0 < thin.error <= 0.02 + 1e-6
    assert sentences_of(thin)[1] == (
        f"Kept {thin.keys} of {thin.dense} keys; no curve is off by more than {thin.error:.4f}."
    )

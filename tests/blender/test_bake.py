"""What is baked is what was performed: on the curves, on the evaluated mesh, in every Blender version."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from addon.core.baking import scene_curves
from addon.core.channels import CHANNEL_INDEX, CHANNELS
from addon.core.timeline import Timeline
from addon.rig import actions, keyer, ranges, take
from addon.rig.discover import find_character
from tests.blender import scenes


def bake(rig: bpy.types.Object, line: scenes.Performance, start: int = 1, **options: object) -> keyer.BakeReport:
    scene = bpy.context.scene
    return keyer.bake(find_character(rig), line, keyer.scene_timeline(scene, start), "line", **options)


def test_every_key_of_every_frame_equals_the_performance(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    line = scenes.performance(fps=scene.render.fps)
    report = bake(rig, line, start=11)
    assert (report.frames.first, report.frames.last) == (11, 10 + line.frame_count)
    tracks = actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)
    for name in CHANNELS:
        track = tracks[f'key_blocks["{name}"].value', 0]
        np.testing.assert_array_equal(track.frames, np.arange(11, 11 + line.frame_count))
        np.testing.assert_allclose(track.values, line.channels[:, CHANNEL_INDEX[name]], atol=1e-6)


def test_the_evaluated_keys_follow_the_performance_through_every_closure(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    line = scenes.performance(fps=scene.render.fps)
    bake(rig, line)
    blocks = bpy.data.objects["Face"].data.shape_keys.key_blocks
    shown = np.zeros((line.frame_count, len(CHANNELS)))
    for frame in range(line.frame_count):
        scene.frame_set(1 + frame)
        shown[frame] = [blocks[name].value for name in CHANNELS]
    np.testing.assert_allclose(shown, line.channels, atol=1e-4)
    gap = shown[:, CHANNEL_INDEX["jawOpen"]] - shown[:, CHANNEL_INDEX["mouthClose"]]
    assert (np.abs(gap) < 1e-6).sum() == 4  # at 0, 0.5, 1 and 1.5 s


@pytest.mark.parametrize(("fps", "base"), [(24, 1.001), (30, 1.001), (25, 1.0)])
def test_closures_of_a_60_fps_performance_show_in_slower_scenes(scene: bpy.types.Scene, fps: int, base: float) -> None:
    scene.render.fps, scene.render.fps_base = fps, base
    bake(scenes.add_character(), scenes.performance(fps=60))
    tracks = actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)
    gap = tracks['key_blocks["jawOpen"].value', 0].values - tracks['key_blocks["mouthClose"].value', 0].values
    assert (np.abs(gap) < 1e-4).sum() == 4


def test_thinned_keys_stay_within_tolerance_and_keep_closures(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    line = scenes.performance(seconds=4, fps=scene.render.fps)
    full = bake(rig, line).keys
    thin = bake(rig, line, tolerance=0.01).keys
    assert thin < 0.8 * full
    curves = scene_curves(line, Timeline(scene.render.fps, start=1))
    for track in actions.read_tracks(bpy.data.objects["Face"].data.shape_keys).values():
        name = track.path.split('"')[1]
        expected = curves.channels[:, CHANNEL_INDEX[name]]
        assert np.abs(np.interp(curves.frames, track.frames, track.values) - expected).max() <= 0.01 + 1e-6
        assert np.isin(curves.frames[curves.moments], track.frames).all()


def test_keys_are_joined_by_straight_lines(scene: bpy.types.Scene) -> None:
    bake(scenes.add_character(), scenes.performance(fps=scene.render.fps))
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["mouthClose"]
    scene.frame_set(13)
    closed = block.value
    scene.frame_set(13, subframe=0.5)
    assert block.value == pytest.approx(closed / 2, abs=1e-5)


def test_one_slotted_action_serves_the_whole_character_or_one_each_before_slots() -> None:
    rig = scenes.add_character()
    scenes.bind(scenes.add_mesh("Tongue", ("jawOpen", "tongueOut")), rig, "head")
    report = bake(rig, scenes.performance())
    used = {d.animation_data.action.name for d in find_character(rig).datablocks}
    assert used == set(report.actions)
    assert len(report.actions) == (1 if actions.HAS_SLOTS else 3)
    assert len(actions.read_tracks(bpy.data.objects["Tongue"].data.shape_keys)) == 2


def test_meshes_that_share_one_key_datablock_are_keyed_once() -> None:
    rig = scenes.add_character()
    face = bpy.data.objects["Face"]
    twin = bpy.data.objects.new("Twin", face.data)
    bpy.context.scene.collection.objects.link(twin)
    twin.parent = rig
    character = find_character(rig)
    assert [target.key for target in character.keys] == [face.data.shape_keys]
    assert bake(rig, scenes.performance()).curves == 52 + 4 * 4


def test_values_beyond_a_slider_are_cut_there_and_the_artist_is_told(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["mouthSmileLeft"]
    block.slider_max = 0.5
    report = bake(rig, scenes.performance(fps=scene.render.fps))
    assert any("mouthSmileLeft" in note and "slider" in note for note in report.notes)
    track = actions.read_tracks(block.id_data)[block.path_from_id("value"), 0]
    assert track.values.max() == 0.5


def test_a_range_is_raised_when_the_artist_wants_it_and_put_back_when_the_take_is_removed(
    scene: bpy.types.Scene,
) -> None:
    rig = scenes.add_character()
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["mouthSmileLeft"]
    block.slider_min, block.slider_max, block.value = -0.25, 0.5, 0.125
    line = scenes.performance(fps=scene.render.fps)
    # what the range was is not forgotten when the line is baked again
    report, _ = (
        keyer.bake(find_character(rig), line, keyer.scene_timeline(scene, 1), "line", raise_ranges=True)
        for _ in range(2)
    )
    assert any("mouthSmileLeft" in note and "raised" in note for note in report.notes)
    track = actions.read_tracks(block.id_data)[block.path_from_id("value"), 0]
    assert track.values.max() == pytest.approx(line.channels[:, CHANNEL_INDEX["mouthSmileLeft"]].max(), abs=1e-4)
    assert (block.slider_min, block.slider_max) == pytest.approx((-0.25, track.values.max()))
    keyer.remove(find_character(rig))
    assert (block.slider_min, block.slider_max, block.value) == (-0.25, 0.5, 0.125)
    assert ranges.RANGES_PROPERTY not in block.id_data


def test_raised_ranges_outlive_a_push_to_the_nla_and_are_put_back_with_it(scene: bpy.types.Scene) -> None:
    rig = scenes.add_character()
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["mouthSmileLeft"]
    block.slider_max = 0.5
    wanted = take.Take("line", None, 1, push=True, raise_ranges=True)
    take.apply(scene, rig, scenes.performance(fps=scene.render.fps), wanted)
    assert block.slider_max > 0.8
    take.remove(scene, rig)
    assert block.slider_max == 0.5


def test_a_key_with_quotes_in_its_name_is_keyed() -> None:
    scenes.add_mesh("Odd", ('"odd" jawOpen',))
    bake(bpy.data.objects["Odd"], scenes.performance())
    (track,) = actions.read_tracks(bpy.data.objects["Odd"].data.shape_keys).values()
    assert track.values.max() == pytest.approx(0.4)


def test_baking_again_replaces_the_take_and_another_line_is_another_take() -> None:
    rig = scenes.add_character()
    first = bake(rig, scenes.performance(seed=1))
    again = bake(rig, scenes.performance(seconds=1, seed=2))
    assert again.actions == first.actions
    tracks = actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)
    assert {len(t.frames) for t in tracks.values()} == {24}
    scene = bpy.context.scene
    other = keyer.bake(find_character(rig), scenes.performance(), keyer.scene_timeline(scene, 1), "other line")
    assert not set(other.actions) & set(first.actions)
    assert all(bpy.data.actions[name].use_fake_user for name in first.actions)
    assert len(bpy.data.actions) == 2 * len(first.actions)


def test_a_bake_survives_saving_and_loading(tmp_path: object, scene: bpy.types.Scene) -> None:
    line = scenes.performance(fps=scene.render.fps)
    bake(scenes.add_character(), line)
    bpy.ops.wm.save_as_mainfile(filepath=f"{tmp_path}/line.blend")
    bpy.ops.wm.open_mainfile(filepath=f"{tmp_path}/line.blend")
    bpy.context.scene.frame_set(20)
    block = bpy.data.objects["Face"].data.shape_keys.key_blocks["jawLeft"]
    assert block.value == pytest.approx(line.channels[19, CHANNEL_INDEX["jawLeft"]], abs=1e-4)

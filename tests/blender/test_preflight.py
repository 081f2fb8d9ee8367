"""Before a bake the artist reads what stands in its way and what to do; after it, whether the face moved."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from addon import runtime
from addon.core.channels import CHANNELS
from addon.rig import take
from addon.rig.discover import find_character
from addon.rig.preflight import preflight
from tests.blender import scenes

SIDED = np.array([(0.1, -0.5, 1.5), (-0.1, -0.5, 1.5), (0.05, -0.6, 1.6), (-0.05, 0.4, 2.0)])


def sound_character() -> bpy.types.Object:
    """A character whose keys for the right side move the point on the right."""
    rig = scenes.add_character()
    rest = key().reference_key.data
    for block in key().key_blocks:
        if block.name.endswith("Right"):
            block.data[1].co.z += block.data[0].co.z - rest[0].co.z
            block.data[0].co = rest[0].co
    return rig


def texts(rig: bpy.types.Object, level: str = "") -> list[str]:
    return [f.text for f in preflight(find_character(rig)).findings if level in ("", f.level)]


def key() -> bpy.types.Key:
    return bpy.data.objects["Face"].data.shape_keys


def test_a_sound_character_has_nothing_in_its_way() -> None:
    report = preflight(find_character(sound_character()))
    assert not report.blocked
    assert not [f for f in report.findings if f.level != "INFO"]


def test_drivers_mutes_pins_and_lost_masks_are_found_with_what_to_do() -> None:
    rig = scenes.add_character()
    key().key_blocks["tongueOut"].driver_add("value")
    key().key_blocks["jawOpen"].mute = True
    key().key_blocks["jawLeft"].vertex_group = "gone"
    bpy.data.objects["Face"].show_only_shape_key = True
    found = texts(rig, "WARNING")
    for words in (
        "tongueOut of Face follow drivers",
        "jawOpen of Face are muted",
        "jawLeft of Face are masked",
        "unpin",
    ):
        assert any(words in text for text in found)


def test_a_solo_track_and_edit_mode_are_found() -> None:
    rig = scenes.add_character()
    track = key().animation_data_create().nla_tracks.new()
    track.name, track.is_solo = "Mine", True
    bpy.context.view_layer.objects.active = bpy.data.objects["Face"]
    bpy.ops.object.mode_set(mode="EDIT")
    found = texts(rig, "WARNING")
    bpy.ops.object.mode_set(mode="OBJECT")
    assert any("NLA track Mine" in text and "solo" in text for text in found)
    assert any("Face is in edit mode" in text for text in found)


def test_keys_that_move_nothing_and_keys_on_the_wrong_side_lower_the_score() -> None:
    scenes.add_mesh("Head", ("mouthSmileLeft", "mouthSmileRight", "jawOpen"), SIDED)
    head = bpy.data.objects["Head"]
    still = head.shape_key_add(name="cheekPuff", from_mix=False)
    report = preflight(find_character(head))
    assert still.name in " ".join(f.text for f in report.findings if "move nothing" in f.text)
    assert any(
        "mouthSmileRight of Head move the other side" in f.text for f in report.findings
    )  # point 0 is at its left
    assert report.score == pytest.approx(0.5)


def test_locked_bones_and_missing_regions_are_mentioned() -> None:
    rig = scenes.add_armature()
    scenes.bind(scenes.add_mesh("Face", tuple(n for n in CHANNELS if not n.startswith("brow"))), rig, "head")
    rig.pose.bones["head"].lock_rotation[0] = True
    found = texts(rig, "INFO")
    assert any("head are locked" in text for text in found)
    assert any("Nothing here shows brows" in text for text in found)


def test_linked_data_blocks_a_bake_and_an_override_does_not(tmp_path: Path) -> None:
    scenes.add_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (source, target):
        target.objects = source.objects
    for thing in target.objects:
        bpy.context.scene.collection.objects.link(thing)
    rig = bpy.data.objects["Rig"]
    report = preflight(find_character(rig))
    assert report.blocked
    assert "library.blend" in report.findings[0].text


@pytest.mark.usefixtures("registered")
def test_binding_is_one_click_and_says_what_was_found(scene: bpy.types.Scene) -> None:
    rig = sound_character()
    bpy.context.view_layer.objects.active = bpy.data.objects["Face"]
    assert bpy.ops.soliloquy.bind() == {"FINISHED"}
    assert scene.soliloquy.character == rig
    said = runtime.get().messages[-1].text
    assert "52 of 52 channels" in said
    assert "100% of its named keys" in said


def test_a_face_that_moved_is_seen_to_have_moved() -> None:
    rig = scenes.add_character()
    report = take.apply(bpy.context.scene, rig, scenes.performance(1.0), take.Take("line", None, 1))
    assert report.moved


def test_a_face_that_does_not_move_is_reported_with_the_reason() -> None:
    face = scenes.add_mesh("Face", CHANNELS)
    for block in key().key_blocks[1:]:
        block.mute = True
    report = take.apply(bpy.context.scene, face, scenes.performance(1.0), take.Take("line", None, 1))
    assert not report.moved
    assert any("does not move" in note and "unmute" in note for note in report.notes)

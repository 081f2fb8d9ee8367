"""A character is found from any of its parts, and what cannot be driven is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from addon.core.channels import CHANNELS
from addon.core.errors import RigError
from addon.rig import keyer, take
from addon.rig.discover import find_character
from tests.blender import scenes


@pytest.mark.parametrize("part", ["Rig", "Face", "Ball eye.L"])
def test_any_part_of_a_character_leads_to_the_whole(part: str) -> None:
    scenes.add_character()
    character = find_character(bpy.data.objects[part])
    assert character.root.name == "Rig"
    assert {o.name for o in character.objects} == {"Rig", "Face", "Ball eye.L", "Ball eye.R"}
    assert (character.bones.head, character.bones.neck) == ("head", "neck")
    assert (character.bones.eye_left, character.bones.eye_right) == ("eye.L", "eye.R")
    assert character.coverage == "52 of 52 channels on 1 meshes; bones: head, neck, eyes"


def test_meshes_deformed_from_elsewhere_belong_to_the_character() -> None:
    rig = scenes.add_character()
    loose = scenes.add_mesh("Beard", ("jawOpen",))
    loose.modifiers.new("Armature", "ARMATURE").object = rig
    owners = [target.owner.name for target in find_character(rig).keys]
    assert owners == ["Face", "Beard"]
    assert find_character(loose).root == rig


def test_two_characters_in_one_scene_are_not_mixed() -> None:
    one, two = scenes.add_character(), scenes.add_character()
    assert {o.name for o in find_character(one).objects}.isdisjoint(o.name for o in find_character(two).objects)


def test_a_mesh_without_an_armature_is_a_character_of_its_own() -> None:
    face = scenes.add_mesh("Face", CHANNELS)
    character = find_character(face)
    assert character.armature is None
    report = take.apply(bpy.context.scene, face, scenes.performance(1.0), take.Take("line", None, 1))
    assert report.curves == 52
    assert any("no head bone" in note for note in report.notes)


def test_siblings_under_one_parent_are_one_character() -> None:
    holder = bpy.data.objects.new("Holder", None)
    bpy.context.scene.collection.objects.link(holder)
    for name in ("Head", "Teeth"):
        scenes.add_mesh(name, ("jawOpen",)).parent = holder
    assert len(find_character(bpy.data.objects["Teeth"]).keys) == 2


def test_a_head_by_another_name_is_the_bone_that_carries_both_eyes() -> None:
    rig = scenes.add_character()
    rig.data.bones["head"].name = "spine.006"
    character = find_character(rig)
    assert character.bones.head == "spine.006"
    assert character.bones.neck == "neck"


def test_the_neck_is_one_that_carries_the_head() -> None:
    rig = scenes.add_character()
    rig.data.bones["neck"].name = "lower"
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    stray = rig.data.edit_bones.new("necklace neck")
    stray.head, stray.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert find_character(rig).bones.neck == ""


def test_eye_look_keys_rest_on_meshes_that_eye_bones_turn_and_still_drive_lids() -> None:
    rig = scenes.add_character()
    scenes.bind(scenes.add_mesh("Iris", ("eyeLookUpLeft", "eyeBlinkLeft")), rig, "eye.L")
    character = find_character(rig)
    driven = {target.owner.name: {m.key for m in target.matches} for target in character.keys}
    assert driven["Iris"] == {"eyeBlinkLeft"}
    assert "eyeLookUpLeft" in driven["Face"]
    assert any("Iris" in note for note in character.notes)


def test_absolute_and_muted_keys_and_constraints_are_spoken_of() -> None:
    rig = scenes.add_character()
    bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"].mute = True
    odd = scenes.add_mesh("Odd", ("jawOpen",))
    odd.parent = rig
    odd.data.shape_keys.use_relative = False
    rig.pose.bones["eye.R"].constraints.new("DAMPED_TRACK")
    notes = " ".join(find_character(rig).notes)
    assert "jawOpen" in notes
    assert "Odd" in notes
    assert "eye.R has constraints" in notes


def test_nothing_selected_and_nothing_to_drive_are_told_apart() -> None:
    with pytest.raises(RigError, match="Select"):
        find_character(None)
    with pytest.raises(RigError, match="no shape keys named after"):
        find_character(scenes.add_mesh("Cube", ("smile", "frown")))


def link_character(library: Path) -> None:
    """Save a character, and link it into an empty file."""
    scenes.add_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(library), link=True) as (source, target):
        target.objects = list(source.objects)
    for linked in target.objects:
        bpy.context.scene.collection.objects.link(linked)


def bake(rig: bpy.types.Object) -> keyer.BakeReport:
    return take.apply(bpy.context.scene, rig, scenes.performance(1.0), take.Take("line", None, 1))


def test_a_linked_character_is_refused_with_the_way_out(tmp_path: Path) -> None:
    link_character(tmp_path / "library.blend")
    with pytest.raises(RigError, match=r"linked from .*library\.blend.*library override") as refusal:
        bake(bpy.data.objects["Face"])
    assert refusal.value.code == "rig.linked"
    assert not bpy.data.actions


def test_an_override_is_refused_until_its_mesh_data_is_overridden_too(tmp_path: Path) -> None:
    link_character(tmp_path / "library.blend")
    linked = bpy.data.objects["Rig"]
    scene, layer = bpy.context.scene, bpy.context.view_layer
    rig = linked.override_hierarchy_create(scene, layer, do_fully_editable=True)
    with pytest.raises(RigError, match="linked"):
        bake(rig)
    face = next(o for o in rig.children if o.name == "Face")
    face.data.override_create(remap_local_usages=True)
    assert bake(rig).curves == 68


def test_a_strip_in_tweak_mode_is_refused() -> None:
    rig = scenes.add_character()
    key = bpy.data.objects["Face"].data.shape_keys
    data = key.animation_data_create()
    track = data.nla_tracks.new()
    action = bpy.data.actions.new("Strip")
    key.key_blocks[1].keyframe_insert("value", frame=1)
    action = data.action
    track.strips.new("strip", 1, action)
    data.action = None
    track.select = True
    track.strips[0].select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    if not data.use_tweak_mode:
        pytest.skip("this Blender does not enter tweak mode without an NLA editor")
    with pytest.raises(RigError, match="tweak"):
        keyer.bake(find_character(rig), scenes.performance(), keyer.scene_timeline(bpy.context.scene, 1), "line")


def test_the_built_in_character_is_found_whole() -> None:
    from addon.character.build import add_character

    character = find_character(add_character(bpy.context))
    assert len(character.channels) == 52
    assert all(vars(character.bones).values())

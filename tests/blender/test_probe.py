"""Heads of bones alone, with names that say nothing, are bound by what each bone is measured to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon import registry, runtime
from addon.core.landmarks import LANDMARKS_PROPERTY, landmarks_of
from addon.core.performance import Performance
from addon.rig import actions, landmark_empties, take
from addon.rig.discover import find_character
from addon.rig.notes import is_fitted, probed_of
from tests.blender import scenes, skinned, test_conventions, test_geometry

line = test_geometry.line  # a fixture: the shipped line
ICT, FACECAP = test_geometry.ICT, test_geometry.FACECAP
EYE_VERTICES = 530


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    registry.register()
    yield
    registry.unregister()


def facecap(shared_data: Path) -> tuple[bpy.types.Object, bpy.types.Object, dict[str, str]]:
    head = test_conventions.load(shared_data, FACECAP)
    rig, names = skinned.skinned(head)
    balls = [o for o in bpy.data.objects if o.type == "MESH" and len(o.data.vertices) == EYE_VERTICES]
    skinned.carry(rig, names, balls)
    return head, rig, dict(names)


def opening(head: bpy.types.Object, pair: tuple[int, int]) -> float:
    """Vertical distance of the lips as the dependency graph shows it, as the head bone sees it where there is one."""
    shown = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    apart = np.subtract(*(np.array(shown.matrix_world @ shown.data.vertices[vertex].co) for vertex in pair))
    character = find_character(head)
    if character.armature is not None:
        pose = character.armature.pose.bones[character.bones.head]
        apart = np.array((pose.bone.matrix_local @ pose.matrix.inverted()).to_3x3()) @ apart
    return float(apart[2])


def bare_pose(rig: bpy.types.Object) -> list[tuple[float, ...]]:
    return [(*p.location, *p.rotation_quaternion, *p.rotation_euler, *p.scale) for p in rig.pose.bones]


def test_a_head_of_nameless_bones_performs_within_15_percent_of_the_same_head_by_its_keys(
    shared_data: Path, line: Performance, record_property: Callable[[str, object], None]
) -> None:
    head = test_conventions.load(shared_data, ICT)
    named_closed, named_open = test_conventions.measure(head, "jawOpen", line)
    take.remove(bpy.context.scene, head)
    pair = test_conventions.lips(head, "jawOpen")
    block = head.data.shape_keys.key_blocks["jawOpen"]
    rest = opening(head, pair)
    block.value = 1.0
    bpy.context.view_layer.update()
    full = opening(head, pair) - rest
    rig, _ = skinned.skinned(head)
    test_geometry.bind(head)
    assert "bones by geometry" in runtime.get().messages[-1].text
    closed, wide = test_conventions.play(rig, line, lambda: (opening(head, pair) - rest) / full)
    record_property("named", (max(named_closed.values()), min(named_open.values())))
    record_property("bones", (max(closed.values()), min(wide.values())))
    test_conventions.check("bones alone", closed, wide, record_property)
    for at, value in wide.items():
        assert value == pytest.approx(named_open[at], rel=test_geometry.WITHIN)


def test_jaw_lids_lips_brows_head_and_eyes_are_found_and_keyed_in_their_layers(
    shared_data: Path, line: Performance
) -> None:
    head, rig, names = facecap(shared_data)
    test_geometry.bind(head)
    bones = find_character(head).bones
    assert (bones.head, bones.eye_left, bones.eye_right) == (names["head"], names["eye left"], names["eye right"])
    found = {probe.bone for probe in probed_of(head).probes}
    assert {names[key] for key in skinned.SHARES} == found
    take.apply(bpy.context.scene, head, line, take.Take("line", None, 1))
    layers = {
        part: {t.group for (path, _), t in actions.read_tracks(rig).items() if f'"{names[part]}"' in path}
        for part in ("jawOpen", "eyeBlinkLeft", "browInnerUp", "head", "eye left")
    }
    assert layers == {
        "jawOpen": {"Soliloquy speech"}, "eyeBlinkLeft": {"Soliloquy blink"}, "head": {"Soliloquy head"},
        "browInnerUp": {"Soliloquy expression"}, "eye left": {"Soliloquy gaze"},
    }  # fmt: skip


def test_binding_leaves_the_pose_as_it_was_bit_for_bit(shared_data: Path) -> None:
    head, rig, names = facecap(shared_data)
    posed = rig.pose.bones[names["jawOpen"]]
    posed.rotation_mode, posed.rotation_euler, posed.location = "XZY", (0.1, 0.2, 0.3), (0.01, 0.0, 0.02)
    rig.pose.bones[names["head"]].scale = (1.1, 1.0, 0.9)
    before = bare_pose(rig)
    test_geometry.bind(head)
    assert is_fitted(head)
    assert bare_pose(rig) == before
    assert rig.animation_data is None


def test_what_is_measured_does_not_hang_on_the_pose_that_the_artist_left(shared_data: Path) -> None:
    head, rig, names = facecap(shared_data)
    test_geometry.bind(head)
    still = probed_of(head).probes
    rig.pose.bones[names["head"]].rotation_mode = "XYZ"
    rig.pose.bones[names["head"]].rotation_euler = (0.4, 0.3, 0.2)
    test_geometry.bind(head)
    again = probed_of(head).probes
    assert [(p.bone, p.axis) for p in again] == [(p.bone, p.axis) for p in still]
    for one, other in zip(again, still, strict=True):
        np.testing.assert_allclose(one.moves, other.moves, atol=1e-4)


def test_bones_are_measured_again_at_landmarks_that_were_moved(shared_data: Path) -> None:
    head, _, names = facecap(shared_data)
    test_geometry.bind(head)

    def chin() -> float:
        return max(float(np.linalg.norm(p.moves[8])) for p in probed_of(head).probes if p.bone == names["jawOpen"])

    before = chin()
    landmark_empties.show(bpy.context, head)
    empty = next(e for e in head.children if e.get(landmark_empties.EMPTY_PROPERTY) == 8)
    empty.location = head.data.vertices[dict(landmarks_of(head[LANDMARKS_PROPERTY]))[30]].co
    bpy.context.scene.soliloquy.character = head
    assert bpy.ops.soliloquy.landmarks(what="TAKE") == {"FINISHED"}
    assert chin() < 0.2 * before  # the nose stays where it is when the jaw drops


def test_a_body_without_a_face_is_bound_by_its_head_bone_alone() -> None:
    rig = scenes.add_armature()
    scenes.bind(scenes.add_mesh("Body", ()), rig, "head")
    test_geometry.bind(rig)
    assert find_character(rig).bones.head == "head"
    assert find_character(rig).fit is None


def test_a_linked_head_is_refused_with_the_way_out_and_its_override_is_bound(
    shared_data: Path, tmp_path: Path, line: Performance
) -> None:
    facecap(shared_data)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (source, target):
        target.objects = source.objects
    for linked in target.objects:
        bpy.context.scene.collection.objects.link(linked)
    rig = bpy.data.objects["Rig"]
    with pytest.raises(RuntimeError, match="library override"):
        test_geometry.bind(rig)
    own = rig.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    test_geometry.bind(own)
    before = bare_pose(own)
    take.apply(bpy.context.scene, own, line, take.Take("line", None, 1))
    assert own.animation_data.action is not None
    take.remove(bpy.context.scene, own)
    assert bare_pose(own) == before

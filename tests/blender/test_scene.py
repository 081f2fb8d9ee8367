"""The scene around a bake: range, sound strip, and what the moving meshes look like from outside."""

from __future__ import annotations

import wave
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon.core.timeline import FrameRange
from addon.rig import dump, sound, take
from tests.blender import scenes


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.sin(np.arange(32_000) / 20) * 8000).astype("<i2").tobytes())
    return path


def has_sound(scene: bpy.types.Scene, voice: Path) -> bool:
    """The 4.2 wheel is built without Audaspace; a Blender that artists use never is."""
    note = sound.place_sound(scene, voice, FrameRange(1, 48), "probe")
    sound.remove_sound(scene, "probe")
    return not note


def strips(scene: bpy.types.Scene) -> list[object]:
    editor = scene.sequence_editor
    return list(editor.strips if hasattr(editor, "strips") else editor.sequences) if editor else []


@pytest.mark.parametrize(
    ("before", "start", "after"),
    [((1, 250), 1, (1, 250)), ((1, 20), 1, (1, 48)), ((30, 40), 10, (10, 57)), ((1, 250), -20, (-20, 250)),
     ((100, 200), 300, (100, 347))],
)  # fmt: skip
def test_the_scenes_range_grows_to_hold_the_line_and_never_shrinks(
    scene: bpy.types.Scene, before: tuple[int, int], start: int, after: tuple[int, int]
) -> None:
    scene.frame_start, scene.frame_end = before
    sound.extend_range(scene, FrameRange(start, start + 47))
    expected = (max(0, after[0]), after[1])  # Blender's own range does not go below 0 unless allowed to
    assert (scene.frame_start, scene.frame_end) in (after, expected)


def test_the_frame_that_the_artist_looks_at_stays(scene: bpy.types.Scene) -> None:
    scene.frame_set(17)
    take.apply(scene, scenes.add_character(), scenes.performance(), take.Take("line", None, 1))
    assert scene.frame_current == 17


def test_a_missing_sound_or_one_that_blender_cannot_place_is_told_and_the_bake_stands(
    scene: bpy.types.Scene, tmp_path: Path
) -> None:
    rig = scenes.add_character()
    report = take.apply(scene, rig, scenes.performance(), take.Take("line", tmp_path / "gone.wav", 1))
    assert any("gone.wav" in note for note in report.notes)
    assert report.keys > 0


def test_the_strip_starts_with_the_line_and_is_replaced_when_baked_again(scene: bpy.types.Scene, voice: Path) -> None:
    if not has_sound(scene, voice):
        pytest.skip("this bpy wheel is built without Audaspace")
    rig = scenes.add_character()
    for start in (5, 12):
        take.apply(scene, rig, scenes.performance(), take.Take("voice", voice, start))
    (strip,) = strips(scene)
    assert strip.frame_final_start == 12
    assert strip[sound.OWNER] == "Rig"
    assert scene.sync_mode == "AUDIO_SYNC"
    assert len(bpy.data.sounds) == 1


def test_strips_of_the_artist_are_left_alone_and_not_covered(scene: bpy.types.Scene, voice: Path) -> None:
    if not has_sound(scene, voice):
        pytest.skip("this bpy wheel is built without Audaspace")
    editor = scene.sequence_editor or scene.sequence_editor_create()
    own = (editor.strips if hasattr(editor, "strips") else editor.sequences).new_sound("music", str(voice), 1, 20)
    rig = scenes.add_character()
    take.apply(scene, rig, scenes.performance(), take.Take("voice", voice, 1))
    ours = next(s for s in strips(scene) if s.get(sound.OWNER))
    assert ours.channel == 2
    take.remove(scene, rig)
    assert [s.name for s in strips(scene)] == ["music"]
    assert (own.channel, own.frame_final_start) == (1, 20)


def test_meshes_are_read_as_the_dependency_graph_shows_them(scene: bpy.types.Scene, tmp_path: Path) -> None:
    rig = scenes.add_character(roll=0.4)
    rig.location.x = 2.0
    take.apply(scene, rig, scenes.performance(), take.Take("line", None, 1))
    objects = [rig, *rig.children]
    frames = (1, 9, 30)
    meshes = dump.read_meshes(bpy.context, objects, frames)
    assert {m.name for m in meshes} == {"Face", "Ball eye.L", "Ball eye.R"}
    face = next(m for m in meshes if m.name == "Face")
    assert face.vertices.shape == (3, 4, 3)
    for position, frame in enumerate(frames):
        scene.frame_set(frame)
        seen = scenes.evaluated_points(bpy.data.objects["Face"])
        np.testing.assert_allclose(face.vertices[position], seen[face.source], atol=1e-5)
    path = tmp_path / "meshes.npz"
    dump.save_meshes(path, meshes, frames, 24.0)
    with np.load(path) as data:
        index = list(data["names"]).index("Face")
        np.testing.assert_array_equal(data[f"vertices_{index}"], face.vertices)


def test_two_materials_keep_a_sharp_border_and_their_own_colours() -> None:
    mesh = scenes.add_mesh("Two")
    for name, colour in (("red", (1, 0, 0, 1)), ("blue", (0, 0, 1, 1))):
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = colour
        mesh.data.materials.append(material)
    mesh.data.polygons[1].material_index = 1
    (read,) = dump.read_meshes(bpy.context, [mesh], (1,))
    assert read.vertices.shape[1] == 6  # the two shared corners are doubled
    for triangle, colour in zip(read.triangles, ((1, 0, 0), (0, 0, 1)), strict=True):
        np.testing.assert_allclose(read.colours[triangle], [colour] * 3, atol=1e-6)

"""Where pictures of ours lie in a file: strips of several characters, and images that the artist uses too."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from addon.preview.pictures import GROWING, OWNER, remove_growing, sequence_image, show_growing
from addon.preview.sequence import place_frames, remove_frames
from addon.rig.strips import end_of, start_of, strips_of
from tests.wire.previews import picture


def frames_in(folder: Path, count: int = 3) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number + 1:05d}.png" for number in range(count)]
    for file in files:
        file.write_bytes(picture(8, 8))
    return files


def used_in_a_material(image: bpy.types.Image) -> bpy.types.ShaderNodeTexImage:
    material = bpy.data.materials.new("Billboard")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    return node


def test_frames_of_an_unsaved_file_are_placed_where_they_lie(tmp_path: Path) -> None:
    scene = bpy.context.scene
    assert place_frames(scene, "Rig", "hello", frames_in(tmp_path), 7) == ""
    (strip,) = (strip for strip in strips_of(scene) if OWNER in strip)
    assert (start_of(strip), end_of(strip)) == (7, 10)
    assert remove_frames(scene, "Rig") == 1


@pytest.mark.parametrize("renders_sequencer", [True, False])
@pytest.mark.parametrize("order", [("Anna", "Ben"), ("Ben", "Anna")])
def test_the_scene_renders_its_sequencer_again_when_the_last_preview_goes(
    renders_sequencer: bool, order: tuple[str, str], tmp_path: Path
) -> None:
    scene, files = bpy.context.scene, frames_in(tmp_path)
    scene.render.use_sequencer = renders_sequencer
    for character in ("Anna", "Ben", "Anna"):
        place_frames(scene, character, "hello", files, 1)
        assert not scene.render.use_sequencer
    assert remove_frames(scene, order[0]) == 1
    assert not scene.render.use_sequencer
    (left,) = strips_of(scene)
    assert (left[OWNER], left.mute) == (order[1], False)
    assert remove_frames(scene, order[1]) == 1
    assert scene.render.use_sequencer == renders_sequencer


def test_a_sequencer_that_the_artist_has_switched_off_stays_off(tmp_path: Path) -> None:
    scene, files = bpy.context.scene, frames_in(tmp_path)
    own = strips_of(scene).new_image("mine", str(files[0]), 1, 1)
    assert "muted" in place_frames(scene, "Rig", "hello", files, 1)
    assert scene.render.use_sequencer
    scene.render.use_sequencer = False
    remove_frames(scene, "Rig")
    assert not scene.render.use_sequencer
    assert list(strips_of(scene)) == [own]


def test_one_image_plays_every_preview_of_a_character(tmp_path: Path) -> None:
    first = sequence_image("Rig", frames_in(tmp_path / "a")[0])
    place_frames(bpy.context.scene, "Rig", "b", frames_in(tmp_path / "b"), 1)
    assert sequence_image("Rig", tmp_path / "b" / "00001.png") == first
    assert Path(first.filepath) == tmp_path / "b" / "00001.png"
    remove_frames(bpy.context.scene, "Rig")
    assert not bpy.data.images


def test_an_image_that_the_artist_uses_is_neither_changed_nor_removed(tmp_path: Path) -> None:
    scene, (file, *_) = bpy.context.scene, frames_in(tmp_path / "a")
    node = used_in_a_material(sequence_image("Rig", file))
    kept = sequence_image("Ben", file)
    kept.use_fake_user = True
    for character in ("Rig", "Ben"):
        place_frames(scene, character, "b", frames_in(tmp_path / "b"), 1)
        assert sequence_image(character, tmp_path / "b" / "00001.png") not in (node.image, kept)
        remove_frames(scene, character)
    assert Path(node.image.filepath) == Path(kept.filepath) == file
    assert len(bpy.data.images) == 2


def test_a_picture_that_grows_is_shown_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "preview.png"
    for size in (8, 16):
        path.write_bytes(picture(size, size))
        image = show_growing(bpy.context, path)
        assert tuple(image.size) == (size, size)
    assert len(bpy.data.images) == 1


def test_pictures_of_a_training_go_with_it_unless_the_artist_uses_them(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(picture(8, 8))
        image = show_growing(bpy.context, tmp_path / name)
    node = used_in_a_material(image)
    remove_growing()
    assert [image[GROWING] for image in bpy.data.images] == [str(tmp_path / "two.png")]
    assert node.image is not None

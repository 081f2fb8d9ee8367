"""Paths that begin with // : Blender is told where they are understood, and they lead on when a project is moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import bpy
import pytest

from addon import ops, preferences, properties
from addon.ops import training
from addon.paths import absolute, relative
from addon.preview import settings as preview_settings
from addon.preview.settings import points_of, preview_of, set_points
from tests.wire.previews import picture

PLACES = ((0.25, 0.5), (0.75, 0.5), (0.5, 0.625), (0.375, 0.75), (0.625, 0.75), (0.5, 0.875))


def path_properties(classes: tuple[type, ...]) -> list[bpy.types.Property]:
    return [
        described
        for cls in classes
        for described in rna_of(cls).properties
        if getattr(described, "subtype", "") in ("FILE_PATH", "DIR_PATH")
    ]


def rna_of(cls: type) -> bpy.types.Struct:
    """What Blender knows of a class; an operator's own properties stand with the call alone."""
    if issubclass(cls, bpy.types.Operator):
        return getattr(bpy.ops.soliloquy, cls.bl_idname.partition(".")[2]).get_rna_type()
    return cls.bl_rna  # pyright: ignore[reportAttributeAccessIssue]


def test_every_path_of_a_file_may_be_relative_to_it_and_none_of_the_machine(registered: None) -> None:
    in_files = path_properties((*properties.CLASSES, *preview_settings.CLASSES, *ops.CLASSES))
    of_machine = path_properties(preferences.CLASSES)
    assert {p.identifier for p in in_files} == {"sound", "folder", "portrait", "training_folder", "filepath"}
    assert len(of_machine) == 3
    if "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties:  # from 4.5 on
        assert all(p.is_path_supports_blend_relative for p in in_files)
        assert not any(p.is_path_supports_blend_relative for p in of_machine)


def test_a_path_is_kept_from_the_files_own_folder(tmp_path: Path) -> None:
    assert relative(tmp_path / "a.png") == str(tmp_path / "a.png")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert relative(tmp_path / "a.png") == "//a.png"
    assert absolute("//a.png") == tmp_path / "a.png"


@pytest.mark.parametrize("written", ["//face.png", "{folder}/face.png"])
def test_the_points_of_a_portrait_move_with_the_project(registered: None, written: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "face.png").write_bytes(picture(64, 64))
    bpy.ops.wm.save_as_mainfile(filepath=str(old / "scene.blend"))
    settings = preview_of(bpy.context.scene)
    settings.portrait = written.format(folder=old)
    set_points(settings, PLACES)
    bpy.ops.wm.save_as_mainfile(filepath=str(old / "scene.blend"))
    shutil.copytree(old, new)
    bpy.ops.wm.open_mainfile(filepath=str(new / "scene.blend"))
    settings = preview_of(bpy.context.scene)
    assert points_of(settings) == PLACES
    settings.portrait = "//other.png"
    assert points_of(settings) == ()


def test_points_stay_when_the_same_portrait_is_written_otherwise(registered: None, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    settings = preview_of(bpy.context.scene)
    settings.portrait = str(tmp_path / "face.png")
    set_points(settings, PLACES)
    settings.portrait = "//face.png"
    assert points_of(settings) == PLACES


def test_the_folder_of_a_trained_character_is_kept_as_the_artist_wrote_it(registered: None, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert training._folder(bpy.context) == tmp_path / "soliloquy_character"
    preview_of(bpy.context.scene).training_folder = "//mine"
    assert training._folder(bpy.context) == tmp_path / "mine"
    assert absolute(training._learned_folder(bpy.context)) == tmp_path / "mine" / "learned"
    assert training._learned_folder(bpy.context).startswith("//mine")

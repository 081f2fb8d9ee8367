"""The mapping table binds the character as it is edited; rows can be tried, mirrored, saved, loaded and reset."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from addon.mapping import rows_in, table_in
from addon.rig import actions, notes, take
from addon.rig.discover import find_character
from addon.ui.mapping import SOLILOQUY_PT_mapping
from tests.blender import scenes
from tests.blender.test_panel import Paper

pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture
def rig(registered: None) -> bpy.types.Object:
    made = scenes.add_character()
    bpy.context.scene.soliloquy.character = made
    bpy.ops.soliloquy.table_fill()
    return made


def row_of(target: str) -> Any:
    return next(row for row in table_in(bpy.context.scene).rows if row.target == target)


def face_key() -> bpy.types.Key:
    return bpy.data.objects["Face"].data.shape_keys


def test_the_table_shows_what_was_found(rig: bpy.types.Object) -> None:
    assert len(rows_in(bpy.context.scene)) == 52
    assert row_of("jawOpen").source == "jawOpen"
    assert notes.MAP_PROPERTY not in rig  # looking changes nothing


def test_an_edit_is_what_the_next_bake_does(rig: bpy.types.Object) -> None:
    row_of("jawOpen").gain = 0.5
    row_of("cheekPuff").source = "mouthSmileLeft"
    take.apply(bpy.context.scene, rig, scenes.performance(1.0), take.Take("line", None, 1))
    tracks = {path: track for (path, _), track in actions.read_tracks(face_key()).items()}
    assert tracks['key_blocks["jawOpen"].value'].values.max() == pytest.approx(0.2)
    smile = tracks['key_blocks["mouthSmileLeft"].value'].values
    assert tracks['key_blocks["cheekPuff"].value'].values == pytest.approx(smile)


def test_rows_are_added_for_bones_and_removed(rig: bpy.types.Object) -> None:
    bpy.ops.soliloquy.table_edit(what="ADD")
    row = table_in(bpy.context.scene).rows[-1]
    row.axis, row.gain, row.low, row.target = "pitch", 0.3, -1.0, "spine"
    assert [m.key for m in find_character(rig).face.matches] == ["spine"]
    take.apply(bpy.context.scene, rig, scenes.performance(1.0), take.Take("line", None, 1))
    assert any("spine" in path for path, _ in actions.read_tracks(rig))
    bpy.ops.soliloquy.table_edit(what="REMOVE")
    assert not find_character(rig).face.matches


def test_the_test_slider_moves_the_target_and_gives_everything_back(rig: bpy.types.Object) -> None:
    block = face_key().key_blocks["jawOpen"]
    block.value = 0.25
    row_of("jawOpen").test = 0.8
    assert block.value == pytest.approx(0.8)
    row_of("jawOpen").test = 0.0
    assert block.value == pytest.approx(0.25)


def test_mirror_reset_save_and_load(rig: bpy.types.Object, tmp_path: Path) -> None:
    row_of("mouthSmileLeft").gain = 0.6
    bpy.ops.soliloquy.table_save(filepath=str(tmp_path / "mine.json"))
    bpy.ops.soliloquy.table_edit(what="RESET")
    assert notes.MAP_PROPERTY not in rig
    assert row_of("mouthSmileLeft").gain == 1.0
    bpy.ops.soliloquy.table_load(filepath=str(tmp_path / "mine.json"))
    assert row_of("mouthSmileLeft").gain == pytest.approx(0.6)
    assert "mine" in find_character(rig).profiles


def test_a_file_that_is_no_map_is_refused(rig: bpy.types.Object, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[1, 2]")
    with pytest.raises(RuntimeError, match="rig map cannot be used"):
        bpy.ops.soliloquy.table_load(filepath=str(tmp_path / "other.json"))


def test_the_panel_draws_the_table_and_its_buttons(rig: bpy.types.Object) -> None:
    words: list[str] = []
    panel: Any = SimpleNamespace(layout=Paper(words))
    SOLILOQUY_PT_mapping.draw(panel, bpy.context)  # pyright: ignore[reportArgumentType]
    assert {"target", "gain", "soliloquy.table_save", "soliloquy.landmarks"} <= set(words)

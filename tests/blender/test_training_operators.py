"""Training sets and training from the panel: a process of its own, told of in a file, stopped by a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy
import pytest

from addon import runtime
from addon.core.errors import BackendError, JobCancelled
from addon.ops import training
from addon.ops.training import chore_words, current_chore
from addon.preview.chore import Chore, tell
from addon.preview.pictures import GROWING
from addon.preview.set_folder import held
from addon.preview.settings import preview_of
from addon.properties import settings_of
from addon.rig import ownership
from addon.rig.take import Take, apply
from tests.blender import scenes
from tests.wire.previews import picture


def child(folder: Path, code: str) -> Chore:
    chore = Chore("The work", folder)
    chore.start([sys.executable, "-c", code])
    return chore


def test_a_chore_tells_how_it_is_and_ends(tmp_path: Path) -> None:
    written = 'import json; json.dump({"done": 3, "total": 12, "seconds_left": 40.0}, open("%s", "w"))'
    chore = child(tmp_path, written % (tmp_path / "status.json").as_posix())
    chore.wait(60)
    assert not chore.state.running
    assert chore_words(chore) == ("3 of 12 frames, 40 s left", 0.25)


def test_a_chore_that_fails_says_the_last_it_wrote(tmp_path: Path) -> None:
    chore = child(tmp_path, "import sys; sys.exit('no light in the scene')")
    with pytest.raises(BackendError, match="no light in the scene"):
        chore.wait(60)
    with pytest.raises(BackendError, match="cannot be started"):
        Chore("The work", tmp_path).start([str(tmp_path / "nothing")])


def test_a_chore_is_stopped_by_a_file(tmp_path: Path) -> None:
    tell(tmp_path, done=1, total=2)
    Chore("The work", tmp_path).stop()
    with pytest.raises(JobCancelled):
        tell(tmp_path, done=2, total=2)
    assert json.loads((tmp_path / "status.json").read_text())["done"] == 2


def test_a_set_is_rendered_from_a_copy_and_the_file_is_left_as_it_is(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, scene = scenes.add_character(), bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    apply(scene, rig, scenes.performance(0.2, fps=24.0), Take("hello", None, 1))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    settings_of(scene).character = rig
    preview_of(scene).set_size = 64
    before = (tmp_path / "scene.blend").read_bytes()
    folder = tmp_path / "soliloquy_character" / "set"
    folder.mkdir(parents=True)
    assert bpy.ops.soliloquy.render_training_set() == {"FINISHED"}
    document = json.loads((folder / "set.json").read_text())
    assert len(document["splits"]) == len(list((folder / "frames").glob("*.png")))
    assert "hello" in document["lines"]
    assert bpy.data.filepath == str(tmp_path / "scene.blend")
    assert (tmp_path / "scene.blend").read_bytes() == before
    assert {ownership.line_of(action) for action in bpy.data.actions} == {"hello"}
    chore = current_chore()
    assert chore is not None
    assert chore.state.told["done"] == len(document["splits"])
    copy = (folder / "scene.blend").read_bytes()
    with held(folder), pytest.raises(RuntimeError, match="rendered already"):
        bpy.ops.soliloquy.render_training_set()
    assert json.loads((folder / "status.json").read_text())["done"] == len(document["splits"])
    monkeypatch.setattr(training.Chore, "start", lambda self, command, working_dir: None)
    assert bpy.ops.soliloquy.render_training_set() == {"FINISHED"}
    assert (folder / "scene.blend").read_bytes() == copy
    assert any("goes on with the file as it was on" in message.text for message in runtime.get().messages)


def test_a_copy_without_a_set_is_written_anew(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(bpy.context.scene).character = scenes.add_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    monkeypatch.setattr(training.Chore, "start", lambda self, command, working_dir: None)
    folder = tmp_path / "soliloquy_character" / "set"
    folder.mkdir(parents=True)
    (folder / "scene.blend").write_bytes(b"of another day")
    bpy.ops.soliloquy.render_training_set()
    assert (folder / "scene.blend").read_bytes() != b"of another day"
    (folder / "scene.blend").unlink()
    (folder / "scene.blend").mkdir()
    with pytest.raises(RuntimeError, match="choose another training folder"):
        bpy.ops.soliloquy.render_training_set()


def test_a_folder_that_is_none_is_refused_with_a_sentence(registered: None, tmp_path: Path) -> None:
    settings_of(bpy.context.scene).character = scenes.add_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    (tmp_path / "soliloquy_character").write_bytes(b"")
    with pytest.raises(RuntimeError, match="choose another folder"):
        bpy.ops.soliloquy.render_training_set()
    with pytest.raises(BackendError, match="cannot be started"):
        Chore("The work", tmp_path / "soliloquy_character" / "learned").start([sys.executable, "-c", ""])
    with pytest.raises(BackendError, match="cannot be asked to stop"):
        Chore("The work", tmp_path / "nowhere").stop()


def growing() -> list[str]:
    return [image[GROWING] for image in bpy.data.images if GROWING in image]


def test_the_picture_of_a_training_stays_out_of_other_files(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    chore, path = Chore("The training", tmp_path / "learned"), tmp_path / "learned" / "preview.png"
    with pytest.raises(RuntimeError, match="no picture"):
        bpy.ops.soliloquy.show_training()
    monkeypatch.setattr(training, "_watched", [training._Watched(chore, bpy.context.scene.session_uid)])
    chore.start([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        path.write_bytes(picture(8, 8))
        assert training._watch() is not None
        assert growing() == [str(path)]
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
        assert training._watch() is not None
        assert not bpy.data.images
        assert bpy.ops.soliloquy.show_training() == {"FINISHED"}
        assert growing() == [str(path)]
        path.unlink()  # as while it is replaced
        bpy.data.images.remove(bpy.data.images[0])
        assert training._watch() is not None
        path.write_bytes(picture(16, 16))
        assert training._watch() is not None
        assert growing() == [str(path)]
    finally:
        assert chore._child is not None
        chore._child.kill()
        chore._child.wait()
    assert training._watch() is None
    assert not bpy.data.images
    assert path.is_file()


def test_training_needs_a_python_and_a_set(registered: None, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    with pytest.raises(RuntimeError, match="backend's Python"):
        bpy.ops.soliloquy.train_character()

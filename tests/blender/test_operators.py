"""What the artist presses: reasons instead of silence, one line at a time, nothing left behind."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from addon import registry, runtime
from addon.character.build import linear
from addon.character.roster import CHARACTERS
from addon.core.channels import CHANNEL_INDEX
from addon.core.emotion import EmotionTrack
from addon.core.errors import BackendError, JobCancelled
from addon.core.request import PerformRequest
from addon.properties import status_of
from addon.rig import actions, ownership
from tests.blender import scenes
from tests.wire.backends import Backend


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """Two seconds of a buzz that swells and fades, loud enough to be taken for a voice."""
    path = tmp_path / "voice.wav"
    time = np.arange(32_000) / 16_000
    buzz = np.sign(np.sin(2 * np.pi * 120 * time)) * np.abs(np.sin(2 * np.pi * 2 * time)) * 6000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(buzz.astype("<i2").tobytes())
    return path


@pytest.fixture
def backend(backend: Backend, registered: None, monkeypatch: pytest.MonkeyPatch) -> runtime.Runtime:
    """The add-on, which will find the backend that runs."""
    monkeypatch.setenv("SOLILOQUY_RUNTIME_DIR", str(backend.folder))
    return runtime.get()


@pytest.fixture
def no_backend(tmp_path: Path, registered: None, monkeypatch: pytest.MonkeyPatch) -> runtime.Runtime:
    monkeypatch.setenv("SOLILOQUY_RUNTIME_DIR", str(tmp_path))
    return runtime.get()


def fill_in(scene: bpy.types.Scene, sound: Path) -> bpy.types.Object:
    rig = scenes.add_character()
    settings: Any = scene.soliloquy
    settings.character, settings.sound = rig, str(sound)
    settings.emotion, settings.intensity = "happy", 0.8
    return rig


def types_of_ours() -> list[str]:
    return [name for name in dir(bpy.types) if "soliloquy" in name.lower()]


def handlers() -> dict[str, list[str]]:
    return {n: [f.__module__ for f in getattr(bpy.app.handlers, n)] for n in ("load_pre", "load_post")}


def test_registering_and_unregistering_again_and_again_leaves_nothing() -> None:
    before = (types_of_ours(), handlers(), hasattr(bpy.types.Scene, "soliloquy"))
    for _ in range(3):
        registry.register()
        assert "SOLILOQUY_PT_line" in types_of_ours()
        assert hasattr(bpy.context.scene, "soliloquy")
        registry.unregister()
        assert (types_of_ours(), handlers(), hasattr(bpy.types.Scene, "soliloquy")) == before


def test_a_failure_while_registering_takes_back_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    before = (types_of_ours(), handlers())
    monkeypatch.setattr(registry, "STEPS", (*registry.STEPS, registry.Step(fail, fail)))
    with pytest.raises(RuntimeError, match="no"):
        registry.register()
    assert (types_of_ours(), handlers()) == before


def test_a_running_timer_is_taken_out_too(no_backend: runtime.Runtime) -> None:
    no_backend._keep_ticking()
    assert bpy.app.timers.is_registered(runtime._tick)
    runtime.remove_handlers()
    assert not bpy.app.timers.is_registered(runtime._tick)
    runtime.add_handlers()


@pytest.mark.usefixtures("registered")
def test_a_grey_button_says_why(scene: bpy.types.Scene) -> None:
    with pytest.raises(RuntimeError, match="Choose a character first"):
        bpy.ops.soliloquy.perform()
    scene.soliloquy.character = scenes.add_character()
    with pytest.raises(RuntimeError, match="Choose a sound file first"):
        bpy.ops.soliloquy.perform()
    with pytest.raises(RuntimeError, match="Nothing is being generated"):
        bpy.ops.soliloquy.cancel()
    with pytest.raises(RuntimeError, match="backend is not running"):
        bpy.ops.soliloquy.stop_backend()


def test_without_a_backend_the_artist_is_told_what_to_do(
    scene: bpy.types.Scene, no_backend: runtime.Runtime, voice: Path
) -> None:
    fill_in(scene, voice)
    with pytest.raises(RuntimeError, match="No backend is running"):
        bpy.ops.soliloquy.perform()
    with pytest.raises(RuntimeError, match="Choose the backend's Python"):
        bpy.ops.soliloquy.start_backend()
    assert not bpy.data.actions
    assert not no_backend.busy


def test_a_missing_sound_and_a_hopeless_character_are_refused_before_any_work(
    scene: bpy.types.Scene, no_backend: runtime.Runtime, tmp_path: Path, voice: Path
) -> None:
    fill_in(scene, tmp_path / "gone.wav")
    with pytest.raises(RuntimeError, match="sound file cannot be read"):
        bpy.ops.soliloquy.perform()
    scene.soliloquy.sound = str(voice)
    scene.soliloquy.character = scenes.add_mesh("Cube", ("smile",))
    with pytest.raises(RuntimeError, match="no shape keys named after"):
        bpy.ops.soliloquy.perform()


@pytest.mark.usefixtures("registered")
def test_a_saved_performance_is_baked_from_its_file(scene: bpy.types.Scene, tmp_path: Path) -> None:
    line = scenes.performance(fps=scene.render.fps)
    path = line.save(tmp_path / "take 7.npz")
    rig = scenes.add_character()
    scene.soliloquy.character, scene.soliloquy.start_frame = rig, 40
    assert bpy.ops.soliloquy.bake_file(filepath=str(path)) == {"FINISHED"}
    track = actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)['key_blocks["jawLeft"].value', 0]
    assert track.frames[0] == 40
    np.testing.assert_allclose(track.values, line.channels[:, CHANNEL_INDEX["jawLeft"]], atol=1e-6)
    assert "take 7" in rig.animation_data.action.name
    (tmp_path / "bad.npz").write_bytes(b"not a performance")
    with pytest.raises(RuntimeError, match="not a Soliloquy performance"):
        bpy.ops.soliloquy.bake_file(filepath=str(tmp_path / "bad.npz"))


def test_a_result_for_a_character_that_is_gone_changes_nothing(
    scene: bpy.types.Scene, no_backend: runtime.Runtime, voice: Path
) -> None:
    rig = scenes.add_character()
    job = runtime.Job(scene.session_uid, rig.session_uid, voice, "line", 1, 0.0)
    no_backend.results["job 1"] = (job, scenes.performance())
    bpy.data.objects.remove(rig)
    with pytest.raises(RuntimeError, match="no longer in the file"):
        bpy.ops.soliloquy.apply(job="job 1")
    assert not bpy.data.actions


def test_the_character_is_found_again_after_it_was_renamed(
    scene: bpy.types.Scene, no_backend: runtime.Runtime, voice: Path
) -> None:
    rig = scenes.add_character()
    job = runtime.Job(scene.session_uid, rig.session_uid, voice, "line", 1, 0.0)
    no_backend.results["job 1"] = (job, scenes.performance())
    rig.name = "Renamed"
    assert bpy.ops.soliloquy.apply(job="job 1") == {"FINISHED"}
    assert ownership.is_ours(rig.animation_data.action)


@pytest.mark.usefixtures("registered")
def test_the_built_in_character_is_added_and_chosen(scene: bpy.types.Scene) -> None:
    cube = scenes.add_mesh("Cube", ("smile",))
    cube.select_set(True)
    bpy.ops.soliloquy.add_character()
    rig = scene.soliloquy.character
    assert rig.type == "ARMATURE"
    assert bpy.context.selected_objects == [rig]
    assert bpy.context.active_object == rig
    with pytest.raises(RuntimeError, match="Choose a sound"):
        bpy.ops.soliloquy.perform()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("name", CHARACTERS)
def test_each_built_in_character_has_its_own_colours(scene: bpy.types.Scene, name: str) -> None:
    bpy.ops.soliloquy.add_character(character=name)
    eye = next(thing for thing in scene.soliloquy.character.children if thing.name.startswith("EyeLeft"))
    iris = next(slot.material for slot in eye.material_slots if slot.material.name.startswith("iris"))
    expected = linear(CHARACTERS[name].palette.iris)
    np.testing.assert_allclose(iris.diffuse_color[:3], expected, atol=1e-5)


@pytest.mark.usefixtures("registered")
def test_the_bake_and_the_removal_are_steps_of_undo() -> None:
    for name in ("apply", "bake_file", "remove", "add_character"):
        assert "UNDO" in getattr(bpy.types, f"SOLILOQUY_OT_{name}").bl_options
    for name in ("perform", "cancel", "start_backend", "stop_backend"):
        assert "UNDO" not in getattr(getattr(bpy.types, f"SOLILOQUY_OT_{name}"), "bl_options", set())


def test_a_line_goes_to_the_real_backend_and_comes_back_as_keys(
    scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path
) -> None:
    rig = fill_in(scene, voice)
    scene.frame_end = 10
    assert bpy.ops.soliloquy.perform() == {"FINISHED"}
    tracks = actions.read_tracks(bpy.data.objects["Face"].data.shape_keys)
    assert len(tracks) == 52
    assert scene.frame_end >= 48
    smile = tracks['key_blocks["mouthSmileLeft"].value', 0].values
    assert smile.max() > 0.05
    assert ownership.is_ours(rig.animation_data.action)
    assert not backend.busy
    assert backend.messages[-1].text.startswith("Baked")  # the panel shows the last one first


def test_the_same_settings_bake_the_same_keys(scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path) -> None:
    fill_in(scene, voice)
    baked = []
    for _ in range(2):
        bpy.ops.soliloquy.perform()
        baked.append(actions.read_tracks(bpy.data.objects["Face"].data.shape_keys))
    for name, track in baked[0].items():
        np.testing.assert_array_equal(track.values, baked[1][name].values)


def submitted(scene: bpy.types.Scene, current: runtime.Runtime, voice: Path) -> str:
    """A line on its way, as the button leaves it in a Blender with a window."""
    rig = fill_in(scene, voice)
    request = PerformRequest(voice.read_bytes(), voice.name, EmotionTrack.constant("sad"), fps=24)
    return current.submit(request, runtime.Job(scene.session_uid, rig.session_uid, voice, "line", 1, 0.0))


def test_a_cancelled_line_bakes_nothing(scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path) -> None:
    name = submitted(scene, backend, voice)
    assert backend.busy
    with pytest.raises(RuntimeError, match="A line is being generated"):
        bpy.ops.soliloquy.perform()
    bpy.ops.soliloquy.cancel()
    try:
        backend.wait(name, 30)
    except JobCancelled:
        assert not bpy.data.actions
    assert not backend.busy


def test_opening_another_file_drops_the_lines_of_this_one(
    scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path
) -> None:
    submitted(scene, backend, voice)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not backend.busy
    for _ in range(50):
        backend.tick()
    assert not bpy.data.actions


def test_a_file_saved_while_a_line_was_generated_opens_at_rest(
    backend: runtime.Runtime, scene: bpy.types.Scene, voice: Path, tmp_path: Path
) -> None:
    submitted(scene, backend, voice)
    assert status_of(bpy.context).busy
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "busy.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "busy.blend"))
    status = status_of(bpy.context)
    assert not status.busy
    assert status.stage == ""
    assert status.backend == backend.backend_state
    assert [m.text for m in backend.messages] == [
        "Another file was opened, so the line that was being generated was dropped."
    ]


def test_a_change_of_the_backend_keeps_the_progress_of_a_line_in_sight(
    backend: runtime.Runtime, scene: bpy.types.Scene, voice: Path
) -> None:
    submitted(scene, backend, voice)
    stages = set()
    while backend.busy:
        stages.add(status_of(bpy.context).stage)
        backend.tick()
    assert stages
    assert "" not in stages


def test_the_state_is_taken_back_when_the_add_on_is_disabled(
    backend: runtime.Runtime, scene: bpy.types.Scene, voice: Path
) -> None:
    submitted(scene, backend, voice)
    runtime.remove_handlers()
    assert (status_of(bpy.context).backend, status_of(bpy.context).busy) == ("stopped", False)
    runtime.add_handlers()


def test_a_chosen_python_is_started_by_generate_and_its_failure_told(
    scene: bpy.types.Scene,
    no_backend: runtime.Runtime,
    voice: Path,
    bare_python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from addon.link.supervisor import BackendPlace

    monkeypatch.setattr(runtime, "backend_place", lambda _context: BackendPlace(bare_python, tmp_path, tmp_path))
    fill_in(scene, voice)
    with pytest.raises(RuntimeError, match=r"The backend ended with code 1\..*No module named"):
        bpy.ops.soliloquy.perform()
    assert not no_backend.busy
    assert no_backend.backend_state == "stopped"


def test_a_broken_sound_is_answered_with_a_sentence(
    scene: bpy.types.Scene, backend: runtime.Runtime, tmp_path: Path
) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"RIFF nothing")
    fill_in(scene, path)
    with pytest.raises(RuntimeError, match=r"[A-Z].*"):
        bpy.ops.soliloquy.perform()
    assert any(message.level == "ERROR" for message in backend.messages)
    assert not bpy.data.actions


def test_waiting_ends_in_time(scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path) -> None:
    name = submitted(scene, backend, voice)
    with pytest.raises(BackendError, match="in time"):
        backend.wait(name, 0.0)
    assert not backend.busy


def test_a_line_whose_emotion_is_left_to_the_voice_tells_what_was_heard(
    scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path
) -> None:
    fill_in(scene, voice)
    scene.soliloquy.emotion = "auto"
    assert bpy.ops.soliloquy.perform() == {"FINISHED"}
    heard = [message for message in backend.messages if message.text.startswith("Heard")]
    assert [message.level for message in heard] == ["INFO"]
    assert backend.messages[-1].text.startswith("Baked")


@pytest.mark.parametrize(("engine", "words"), [("neural", "learned engine"), ("rules", "rules engine")])
def test_the_engine_of_the_menu_performs_and_is_named(
    scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path, engine: str, words: str
) -> None:
    fill_in(scene, voice)
    scene.soliloquy.engine, scene.soliloquy.seed = engine, 7
    assert bpy.ops.soliloquy.perform() == {"FINISHED"}
    assert f"Performed by the {words}, seed 7." in [message.text for message in backend.messages]
    assert backend.messages[-1].text.startswith("Baked")


def test_the_engine_is_kept_with_the_scene(scene: bpy.types.Scene, registered: None, tmp_path: Path) -> None:
    assert scene.soliloquy.engine == "neural"
    scene.soliloquy.engine = "rules"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"), copy=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert bpy.context.scene.soliloquy.engine == "rules"

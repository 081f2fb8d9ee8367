"""The preview pass in Blender, with a real backend: frames beside the file, in step with the sound in the sequencer."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from addon import runtime
from addon.ops.preview import Screening
from addon.preview.pictures import OWNER
from addon.preview.settings import preview_of
from addon.properties import settings_of
from addon.rig import ownership
from addon.rig.strips import end_of, start_of, strips_of
from addon.rig.take import Take, apply
from tests.blender import scenes
from tests.wire.backends import Backend, noise
from tests.wire.previews import picture

START = 11
SOURCE_TYPE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@pytest.fixture
def connected(backend: Backend, registered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from addon.link.connection import RUNTIME_VARIABLE

    monkeypatch.setenv(RUNTIME_VARIABLE, str(backend.folder))


def baked_line(folder: Path, seconds: float = 0.5) -> bpy.types.Object:
    """A saved file in which the small character speaks a line from frame START on."""
    rig, scene = scenes.add_character(), bpy.context.scene
    scene.render.fps = 24
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
    sound = folder / "hello.wav"
    sound.write_bytes(noise(seconds))
    apply(scene, rig, scenes.performance(seconds, fps=24.0), Take("hello", sound, START))
    settings_of(scene).character = rig
    preview_of(scene).height = 64
    return rig


def our_strips() -> list[bpy.types.Strip]:
    return [strip for strip in strips_of(bpy.context.scene) if OWNER in strip]


def test_a_preview_lands_in_step_with_the_sound(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.context.scene.frame_set(5)
    assert bpy.ops.soliloquy.preview() == {"FINISHED"}
    (strip,) = our_strips()
    frames = sorted((tmp_path / "soliloquy_preview" / "hello").glob("*.png"))
    action = next(iter(ownership.takes_of("Rig")))
    count = round(action.frame_range[1] - action.frame_range[0]) + 1
    assert len(frames) == count
    assert start_of(strip) == START
    assert end_of(strip) == START + count
    assert [element.filename for element in strip.elements] == [frame.name for frame in frames]
    assert not strip.mute
    for sound in (s for s in strips_of(bpy.context.scene) if s.type == "SOUND"):  # the 4.2 wheel has no sound
        assert start_of(sound) == start_of(strip)
        assert end_of(sound) - end_of(strip) in (-1, 0)
        assert sound.channel != strip.channel
    assert bpy.context.scene.frame_current == 5
    image = next(image for image in bpy.data.images if OWNER in image)
    assert image.source == "SEQUENCE"
    assert Path(bpy.path.abspath(image.filepath)) == frames[0]


def test_frames_and_movie_say_that_they_are_synthetic(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.ops.soliloquy.preview()
    folder = tmp_path / "soliloquy_preview" / "hello"
    for file in (folder / "00001.png", folder / "preview.mp4"):
        assert SOURCE_TYPE in file.read_bytes()


def test_a_render_still_shows_the_scene_and_the_artists_strips_stay(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    scene = bpy.context.scene
    bpy.ops.soliloquy.preview()
    assert not scene.render.use_sequencer
    bpy.ops.soliloquy.remove()
    assert scene.render.use_sequencer
    (tmp_path / "own.png").write_bytes(picture(8, 8))
    own = strips_of(scene).new_image("mine", str(tmp_path / "own.png"), 1, START)
    before = (own.name, own.channel, start_of(own), end_of(own))
    baked_line_again = apply(
        scene, settings_of(scene).character, scenes.performance(0.5, fps=24.0), Take("hello", None, START)
    )
    assert baked_line_again.keys
    bpy.ops.soliloquy.preview()
    bpy.ops.soliloquy.preview()
    (strip,) = our_strips()
    assert strip.mute
    assert scene.render.use_sequencer
    assert (own.name, own.channel, start_of(own), end_of(own)) == before


def test_previewing_again_replaces_only_our_own(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.ops.soliloquy.preview()
    folder = tmp_path / "soliloquy_preview" / "hello"
    (folder / "notes.txt").write_text("the artist's")
    stray = folder / "00099.png"
    stray.write_bytes(b"the artist's")
    first = (folder / "00001.png").stat().st_mtime_ns
    bpy.ops.soliloquy.preview()
    assert len(our_strips()) == 1
    assert (folder / "00001.png").stat().st_mtime_ns > first
    assert (folder / "notes.txt").read_text() == "the artist's"
    assert stray.read_bytes() == b"the artist's"


def test_a_preview_that_is_refused_leaves_the_last_one_on_the_disk(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.ops.soliloquy.preview()
    folder, settings = tmp_path / "soliloquy_preview" / "hello", preview_of(bpy.context.scene)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert {"00001.png", "preview.mp4"} <= before.keys()
    settings.generator, settings.folder = "character", str(tmp_path)  # no trained character lies there
    with pytest.raises(RuntimeError, match="has not been trained"):
        bpy.ops.soliloquy.preview(noted=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_folder_that_is_not_ours_is_left_alone(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    taken = tmp_path / "soliloquy_preview" / "hello"
    taken.mkdir(parents=True)
    (taken / "00001.png").write_bytes(b"the artist's")
    bpy.ops.soliloquy.preview()
    assert [file.name for file in taken.iterdir()] == ["00001.png"]
    assert (taken.parent / "hello 2" / "00001.png").is_file()


def test_removing_what_was_made_takes_strip_and_image_but_not_the_frames(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.ops.soliloquy.preview()
    bpy.ops.soliloquy.remove()
    assert not our_strips()
    assert not [image for image in bpy.data.images if OWNER in image]
    assert (tmp_path / "soliloquy_preview" / "hello" / "00001.png").is_file()


def test_cancelled_in_the_middle_what_was_drawn_can_be_played(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path, seconds=8.0)
    preview_of(bpy.context.scene).height = 512
    preview_of(bpy.context.scene).quality = "final"
    current = runtime.get()
    hear = Screening.hear

    def cancel_soon(self: Screening, event: object) -> None:
        hear(self, event)  # pyright: ignore[reportArgumentType]
        if len(self.files) == 3:
            current.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Screening, "hear", cancel_soon)
        with pytest.raises(RuntimeError, match="cancelled"):
            bpy.ops.soliloquy.preview()
    (strip,) = our_strips()
    count = len(strip.elements)
    assert 3 <= count < 192
    assert (start_of(strip), end_of(strip)) == (START, START + count)
    assert all((tmp_path / "soliloquy_preview" / "hello" / e.filename).is_file() for e in strip.elements)
    assert any("are kept" in message.text for message in current.messages)


def test_without_consent_a_portrait_is_not_even_sent(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    settings = preview_of(bpy.context.scene)
    (tmp_path / "face.png").write_bytes(picture(64, 64))
    settings.generator, settings.folder = "liveportrait", str(tmp_path)
    settings.portrait = str(tmp_path / "face.png")
    with pytest.raises(RuntimeError, match="agreement"):
        bpy.ops.soliloquy.preview()
    assert not (tmp_path / "soliloquy_preview").exists()


def test_the_note_on_others_weights_is_to_be_confirmed_once_for_each_folder(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    settings = preview_of(bpy.context.scene)
    for name in ("face.png", "landmark.onnx"):
        (tmp_path / name).write_bytes(b"")
    settings.generator, settings.folder, settings.consent = "liveportrait", str(tmp_path), True
    settings.portrait = str(tmp_path / "face.png")
    with pytest.raises(RuntimeError, match="confirm this first"):
        bpy.ops.soliloquy.preview()
    for noted in (True, False):  # there are no weights, but the note is no longer what stands in the way
        with pytest.raises(RuntimeError) as caught:
            bpy.ops.soliloquy.preview(noted=noted)
        assert "confirm" not in str(caught.value)


def test_what_was_learned_from_ones_own_renders_asks_for_no_confirmation(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    settings = preview_of(bpy.context.scene)
    settings.generator, settings.folder = "character", str(tmp_path)
    with pytest.raises(RuntimeError, match="has not been trained yet"):
        bpy.ops.soliloquy.preview()


def test_a_character_without_a_take_is_told_to_generate_first(connected: None, tmp_path: Path) -> None:
    settings_of(bpy.context.scene).character = scenes.add_character()
    with pytest.raises(RuntimeError, match="generate a line first"):
        bpy.ops.soliloquy.preview()


def test_a_take_in_the_nla_is_shown_too(connected: None, tmp_path: Path) -> None:
    baked_line(tmp_path)
    bpy.ops.soliloquy.push_take()
    bpy.ops.soliloquy.preview()
    assert start_of(our_strips()[0]) == START


def test_the_performance_survives_saving_the_file(tmp_path: Path) -> None:
    rig = scenes.add_character()
    line = scenes.performance(0.5)
    apply(bpy.context.scene, rig, line, Take("hello", None, 1))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert ownership.performances_of("Rig") == {"hello": line.to_bytes()}

"""The points of a portrait's face: clicked one by one, kept with the scene, and asked for when they lack."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from addon.core.errors import RequestError
from addon.core.preview import FACE_POINTS
from addon.core.timeline import FrameRange
from addon.ops import points
from addon.ops.points import SOLILOQUY_OT_place_points
from addon.ops.preview import _check_face, _request
from addon.preview.line import ShownLine
from addon.preview.settings import points_of, preview_of
from addon.properties import settings_of
from tests.blender import scenes
from tests.wire.previews import picture

PLACES = [0.25, 0.5, 0.75, 0.5, 0.5, 0.625, 0.375, 0.75, 0.625, 0.75, 0.5, 0.875]


@pytest.fixture
def portrait(registered: None, tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    path.write_bytes(picture(128, 64))
    settings = preview_of(bpy.context.scene)
    settings.generator, settings.portrait, settings.folder = "liveportrait", str(path), str(tmp_path)
    settings.consent = True
    return path


def asking(portrait: Path) -> Any:
    """An operator that was just invoked, with the marks and the window that only a screen has left out."""
    image = bpy.data.images.load(str(portrait))
    it = SimpleNamespace(_image=image.name, _placed=[], _fitted=True, _marks=None, places=None)
    it.cancel = lambda context: None
    it._ask = lambda context: None
    it.execute = lambda context: {"FINISHED"}
    return it


def event(kind: str, x: int = 0, y: int = 0) -> Any:
    return SimpleNamespace(type=kind, value="PRESS", mouse_x=x, mouse_y=y)


def over_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region of 200 x 100 pixels at (10, 20) that shows the whole picture."""
    view = SimpleNamespace(region_to_view=lambda x, y: (x / 200, y / 100))
    region = SimpleNamespace(type="WINDOW", x=10, y=20, width=200, height=100, view2d=view)
    area = SimpleNamespace(regions=[region])
    monkeypatch.setattr(points, "_editors", lambda context, image: [area])


def test_places_are_kept_with_the_scene_for_their_portrait(portrait: Path, tmp_path: Path) -> None:
    settings = preview_of(bpy.context.scene)
    assert points_of(settings) == ()
    assert bpy.ops.soliloquy.place_points(places=PLACES) == {"FINISHED"}
    assert points_of(settings) == tuple(zip(PLACES[::2], PLACES[1::2], strict=True))
    assert [point.name for point in settings.points] == list(FACE_POINTS)
    settings.portrait = str(tmp_path / "other.png")
    assert points_of(settings) == ()
    settings.portrait = str(portrait)
    assert len(points_of(settings)) == 6
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert len(points_of(preview_of(bpy.context.scene))) == 6
    assert bpy.ops.soliloquy.clear_points() == {"FINISHED"}
    assert points_of(preview_of(bpy.context.scene)) == ()


def test_they_are_sent_as_pixels_of_the_picture(portrait: Path) -> None:
    bpy.ops.soliloquy.place_points(places=PLACES)
    line = ShownLine("hello", FrameRange(1, 2), b"1", None)
    request = _request(bpy.context.scene, line, b"", portrait.read_bytes())
    assert request.points[0] == (32.0, 32.0)
    assert request.points[5] == (64.0, 56.0)
    assert not bpy.data.images


def test_without_points_and_landmark_network_nothing_is_sent(portrait: Path) -> None:
    settings_of(bpy.context.scene).character = scenes.add_character()
    with pytest.raises(RuntimeError, match="press Place Points"):
        bpy.ops.soliloquy.preview()
    settings = preview_of(bpy.context.scene)
    (portrait.parent / "liveportrait").mkdir()
    (portrait.parent / "liveportrait" / "landmark.onnx").write_bytes(b"1")
    _check_face(settings)
    (portrait.parent / "liveportrait" / "landmark.onnx").unlink()
    bpy.ops.soliloquy.place_points(places=PLACES)
    _check_face(settings)


def test_without_clicks_or_a_portrait_it_says_so(portrait: Path) -> None:
    with pytest.raises(RuntimeError, match="clicked in an Image Editor"):
        bpy.ops.soliloquy.place_points()
    preview_of(bpy.context.scene).portrait = ""
    with pytest.raises(RuntimeError, match="Choose a portrait first"):
        bpy.ops.soliloquy.place_points(places=PLACES)


def test_a_portrait_that_is_no_picture_is_refused_before_it_is_asked_for(portrait: Path) -> None:
    assert tuple(points._picture(str(portrait)).size) == (128, 64)
    for path in (portrait.with_name("text.png"), portrait.with_name("nowhere.png")):
        portrait.with_name("text.png").write_bytes(b"no picture")
        with pytest.raises(RequestError, match="portrait"):
            points._picture(str(path))


def test_six_clicks_are_six_places(portrait: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over_picture(monkeypatch)
    it, step = asking(portrait), SOLILOQUY_OT_place_points.modal
    assert step(it, bpy.context, event("LEFTMOUSE", 500, 50)) == {"PASS_THROUGH"}
    assert step(it, bpy.context, event("WHEELUPMOUSE", 50, 50)) == {"PASS_THROUGH"}
    for number in range(5):
        assert step(it, bpy.context, event("LEFTMOUSE", 60 + number, 45)) == {"RUNNING_MODAL"}
    assert step(it, bpy.context, event("BACK_SPACE")) == {"RUNNING_MODAL"}
    assert len(it._placed) == 4
    step(it, bpy.context, event("LEFTMOUSE", 64, 45))
    assert step(it, bpy.context, event("LEFTMOUSE", 110, 20)) == {"FINISHED"}
    assert it.places[:2] == [0.25, 0.75]
    assert it.places[-2:] == [0.5, 1.0]


def test_escape_leaves_the_points_as_they_were(portrait: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bpy.ops.soliloquy.place_points(places=PLACES)
    over_picture(monkeypatch)
    it = asking(portrait)
    SOLILOQUY_OT_place_points.modal(it, bpy.context, event("LEFTMOUSE", 60, 45))
    assert SOLILOQUY_OT_place_points.modal(it, bpy.context, event("ESC")) == {"CANCELLED"}
    assert len(points_of(preview_of(bpy.context.scene))) == 6

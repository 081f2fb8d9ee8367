"""Which line a preview shows, and at which frames, however its take lies in the NLA."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from addon.core.errors import RigError
from addon.preview.line import ShownLine, shown_line
from addon.rig import nla, ownership
from addon.rig.discover import find_character
from addon.rig.take import Take, apply
from tests.blender import scenes

START = 11


def add_take(rig: bpy.types.Object, name: str, start: int = START) -> list[bpy.types.NlaStrip]:
    """Bake a line of half a second and push it. Returns its strips, one for each datablock."""
    apply(bpy.context.scene, rig, scenes.performance(0.5, fps=24.0), Take(name, None, start, push=True))
    data = [d.animation_data for d in find_character(rig).datablocks if d.animation_data]
    return [s for d in data for t in d.nla_tracks if nla.is_ours(t) for s in t.strips if name in s.name]


def shown(rig: bpy.types.Object) -> ShownLine:
    return shown_line(bpy.context.scene, find_character(rig))


def change(strips: list[bpy.types.NlaStrip], **values: Any) -> None:
    for strip in strips:
        for name, value in values.items():
            setattr(strip, name, value)


def test_a_take_is_shown_where_its_strips_lie_now() -> None:
    rig = scenes.add_character()
    strips = add_take(rig, "hello")
    assert len(strips) > 1
    before = shown(rig)
    assert before.frames.first == START
    change(strips, frame_start_ui=START + 20)
    after = shown(rig)
    assert (after.frames.first, after.frames.last) == (START + 20, before.frames.last + 20)
    assert after.performance == before.performance == ownership.performances_of("Rig")["hello"]


def test_muted_strips_and_tracks_are_not_shown() -> None:
    rig = scenes.add_character()
    add_take(rig, "below")
    above = add_take(rig, "hello", START + 30)
    assert shown(rig).name == "hello"
    change(above, mute=True)
    assert shown(rig).name == "below"
    for datablock in find_character(rig).datablocks:
        for track in datablock.animation_data.nla_tracks:
            track.mute = True
    with pytest.raises(RigError, match="generate a line first"):
        shown(rig)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"scale": 2.0}, "set its scale and repeat to 1"),
        ({"repeat": 2.0}, "set its scale and repeat to 1"),
        ({"use_reverse": True}, "reversed"),
        ({"frame_end_ui": START + 6.0}, "plays a part"),
        ({"action_frame_start": START + 3.0}, "plays a part"),
    ],
)
def test_a_take_that_plays_otherwise_than_it_was_made_is_refused(values: dict[str, Any], sentence: str) -> None:
    rig = scenes.add_character()
    change(add_take(rig, "hello"), **values)
    with pytest.raises(RigError, match=sentence):
        shown(rig)


def test_strips_of_a_take_that_were_moved_apart_are_refused() -> None:
    rig = scenes.add_character()
    change(add_take(rig, "hello")[:1], frame_start_ui=START + 5)
    with pytest.raises(RigError, match="at different frames"):
        shown(rig)

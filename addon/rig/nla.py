"""Takes in the NLA: pushed down as named tracks, so that the artist's active Action and later tracks play on top.

A pushed take leaves the artist's Action active. Baking it again changes the Action that its strip plays, and nothing
else of the stack. Blender adds tracks at the top and cannot reorder them from Python: tracks that were there before
stay below.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import bpy

from ..core.errors import RigError
from . import actions, ownership
from .parts import Character

PREFIX: Final[str] = "Soliloquy: "
"""Start of the names of our tracks; the line follows."""


def push(character: Character, name: str = "") -> int:
    """Put the active take of a character in the NLA, under `name` or the line's. Returns how many tracks were made.

    The artist's Actions that the take had put aside are active again, above it. Raises RigError when no take is active.
    """
    playing = [d for d in character.datablocks if d.animation_data and ownership.is_ours(d.animation_data.action)]
    if not playing:
        raise RigError("nla.none", f"No take is active on {character.name}; bake a line first.", character.name)
    for datablock in playing:
        action, handle = datablock.animation_data.action, actions.slot_handle(datablock)
        ownership.restore(datablock)
        data = datablock.animation_data or datablock.animation_data_create()
        if any(_plays(track, action) for track in data.nla_tracks):
            continue
        below, chosen = len(data.nla_tracks), data.nla_tracks.active
        track = data.nla_tracks.new()
        track.name = f"{PREFIX}{name or ownership.line_of(action)}"
        strip = track.strips.new(track.name, int(action.frame_range[0]), action)
        actions.use_in_strip(strip, action, handle)
        strip.extrapolation = "NOTHING" if below else "HOLD"
        if chosen is not None:
            data.nla_tracks.active = chosen  # a new track takes that place
    return len(playing)


def remove_tracks(character: Character) -> None:
    """Take our tracks out of the NLA of a character."""
    for thing in character.objects:
        key = getattr(thing.data, "shape_keys", None)
        for datablock in (thing, thing.data, key):
            if datablock is not None and datablock.is_editable:
                _remove(datablock)


@contextmanager
def aside(datablock: bpy.types.ID, character: str, line: str) -> Iterator[bool]:
    """Whether a take of this line is in the NLA of `datablock`; then what is active now is active again afterwards."""
    action = ownership.find_take(character, line, datablock)
    data = datablock.animation_data
    pushed = data is not None and action is not None and any(_plays(track, action) for track in data.nla_tracks)
    active, handle = (data.action, actions.slot_handle(datablock)) if data is not None else (None, 0)
    yield pushed
    if pushed:
        actions.assign(datablock, active, handle)


def is_ours(track: bpy.types.NlaTrack) -> bool:
    """Whether we made this track."""
    return track.name.startswith(PREFIX) and all(ownership.is_ours(strip.action) for strip in track.strips)


def _plays(track: bpy.types.NlaTrack, action: bpy.types.Action) -> bool:
    return is_ours(track) and any(strip.action == action for strip in track.strips)


def _remove(datablock: bpy.types.ID) -> None:
    data = getattr(datablock, "animation_data", None)
    if data is None:
        return
    ours = [track for track in data.nla_tracks if is_ours(track)]
    for track in ours:
        data.nla_tracks.remove(track)
    if ours and not data.nla_tracks and not data.drivers and data.action is None and ownership.BEFORE not in datablock:
        datablock.animation_data_clear()

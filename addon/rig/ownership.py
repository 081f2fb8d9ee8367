"""Whose Action is it: tags on what Soliloquy made, and what to put back when it is removed.

An Action that is not ours is never changed. When a datablock has one, ours takes its place and the artist's is kept,
with a fake user so that it is saved; a record on the datablock says what was there (`remember`), and `restore` puts it
back, with the slot, the blending and the resting values of everything that was keyed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

import bpy

from . import actions

TAKE: Final[str] = "soliloquy_take"
"""Custom property of our Actions: {character, line, part}."""
PERFORMANCE: Final[str] = "soliloquy_performance"
"""Custom property of our Actions: the performance that they play, as the bytes of its file."""
BEFORE: Final[str] = "soliloquy_before"
"""Custom property of a datablock that we animate: what it had before."""
_BLENDING: Final = ("action_blend_type", "action_extrapolation", "action_influence")
_PLAIN_BLENDING: Final = {"action_blend_type": "REPLACE", "action_extrapolation": "HOLD", "action_influence": 1.0}


def is_ours(action: bpy.types.Action | None) -> bool:
    """Whether Soliloquy made this Action."""
    return action is not None and TAKE in action


def label(datablock: bpy.types.ID) -> str:
    """How the artist knows a datablock: shape keys go by their mesh, their own name stands nowhere in the interface."""
    return f"the shape keys of {datablock.user.name}" if isinstance(datablock, bpy.types.Key) else datablock.name


def take_action(
    character: str, line: str, datablock: bpy.types.ID, groups: Collection[str] | None = None
) -> bpy.types.Action:
    """Our Action for this line on this character, emptied of all or of these `groups` if it exists, else new.

    With slots one Action serves all datablocks of the character; without, each has its own. It keeps a fake user, so
    that a take is not lost when another line is baked.
    """
    action = find_take(character, line, datablock)
    if action is None:
        tag = _tag_for(character, line, datablock)
        action = bpy.data.actions.new(" ".join(word for word in (character, line, tag["part"]) if word))
        action[TAKE] = tag
        action.use_fake_user = True
    actions.clear(action, groups)
    return action


def find_take(character: str, line: str, datablock: bpy.types.ID) -> bpy.types.Action | None:
    """Our Action for this line on this character, or None."""
    tag = _tag_for(character, line, datablock)
    return next((a for a in bpy.data.actions if is_ours(a) and _tag(a) == tag), None)


def takes_of(character: str) -> tuple[bpy.types.Action, ...]:
    """All our Actions of this character."""
    return tuple(a for a in bpy.data.actions if is_ours(a) and _tag(a)["character"] == character)


def keep_performance(character: str, line: str, data: bytes) -> None:
    """Keep what a take plays with it: previews and training sets are made from it, in this file or a copy."""
    for action in takes_of(character):
        if line_of(action) == line:
            action[PERFORMANCE] = data
            return  # one of them is enough


def performances_of(character: str) -> dict[str, bytes]:
    """The performances that were kept with the takes of a character, by line."""
    return {line_of(a): bytes(a[PERFORMANCE]) for a in takes_of(character) if PERFORMANCE in a}


def line_of(action: bpy.types.Action) -> str:
    """The line that an Action of ours performs."""
    return _tag(action)["line"]


def _tag_for(character: str, line: str, datablock: bpy.types.ID) -> dict[str, str]:
    part = "" if actions.HAS_SLOTS else f"{datablock.id_type} {datablock.name}"
    return {"character": character, "line": line, "part": part}


def remember(datablock: bpy.types.ID, paths: Sequence[str]) -> str:
    """Record what `datablock` has now, unless it is already ours. Returns the name of the Action put aside, or "".

    `paths` are the data paths about to be keyed; their present values are kept, because playing our keys changes them.
    """
    data = datablock.animation_data
    if data is not None and is_ours(data.action):
        _remember_values(datablock, paths)
        return ""
    record: dict[str, Any] = {
        "animated": data is not None,
        "slot": str(actions.slot_handle(datablock)),  # handles exceed what an integer property holds
        "values": json.dumps({path: _read(datablock, path) for path in paths}),
        "blending": json.dumps({name: getattr(data, name) for name in _BLENDING} if data else _PLAIN_BLENDING),
    }
    foreign = data.action if data is not None else None
    if foreign is not None:
        record |= {"action": foreign, "fake_user": foreign.use_fake_user}
        foreign.use_fake_user = True
    datablock[BEFORE] = record
    _set_blending(datablock, _PLAIN_BLENDING)
    return foreign.name if foreign is not None else ""


def _remember_values(datablock: bpy.types.ID, paths: Sequence[str]) -> None:
    """Add the present values of paths that a further layer keys to a record that there is already."""
    record = datablock.get(BEFORE)
    if record is None:
        return
    values = json.loads(record["values"])
    record["values"] = json.dumps({path: _read(datablock, path) for path in paths} | values)


def restore(datablock: bpy.types.ID) -> str:
    """Put back what `remember` recorded. Returns the name of the artist's Action that is active again, or "".

    An Action that the artist has made active since is left where it is.
    """
    record = datablock.get(BEFORE)
    if record is None:
        return ""
    data = datablock.animation_data
    returned = ""
    if data is not None and (data.action is None or is_ours(data.action)):
        foreign = record.get("action")
        actions.assign(datablock, foreign, int(record["slot"]))
        _set_blending(datablock, json.loads(record["blending"]))
        if foreign is not None:
            foreign.use_fake_user = bool(record["fake_user"])
            returned = foreign.name
        elif not record["animated"] and not data.drivers and not data.nla_tracks:
            datablock.animation_data_clear()
        for path, value in json.loads(record["values"]).items():
            _write(datablock, path, value)
    del datablock[BEFORE]
    return returned


def delete_takes(character: str) -> int:
    """Delete our Actions of this character; those that an NLA strip plays stay. Returns how many went."""
    in_strips = {
        strip.action
        for datablock in (*bpy.data.shape_keys, *bpy.data.objects, *bpy.data.armatures, *bpy.data.meshes)
        if datablock.animation_data
        for track in datablock.animation_data.nla_tracks
        for strip in track.strips
    }
    doomed = [a for a in bpy.data.actions if is_ours(a) and _tag(a)["character"] == character and a not in in_strips]
    for action in doomed:
        bpy.data.actions.remove(action)
    return len(doomed)


def _tag(action: bpy.types.Action) -> dict[str, str]:
    return {name: str(value) for name, value in action[TAKE].items()}


def _set_blending(datablock: bpy.types.ID, values: dict[str, Any]) -> None:
    data = datablock.animation_data
    if data is None:
        return
    for name, value in values.items():
        if getattr(data, name) != value:
            setattr(data, name, value)


def _read(datablock: bpy.types.ID, path: str) -> float | list[float]:
    value = datablock.path_resolve(path)
    return float(value) if isinstance(value, float | int) else [float(v) for v in value]


def _write(datablock: bpy.types.ID, path: str, value: float | list[float]) -> None:
    try:
        if path.endswith('"]'):
            owner_path, _, quoted = path.rpartition('["')
            owner = datablock.path_resolve(owner_path) if owner_path else datablock
            owner[bpy.utils.unescape_identifier(quoted[:-2])] = value
            return
        owner_path, _, name = path.rpartition(".")
        setattr(datablock.path_resolve(owner_path), name, value)
    except (ValueError, AttributeError):
        return  # the artist has renamed or removed that key or bone since; there is nothing to put back

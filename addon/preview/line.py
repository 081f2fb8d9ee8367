"""The line that a preview shows: the take that plays on a character, its frames, its sound and its performance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.errors import RigError
from ..core.timeline import FrameRange
from ..rig import nla, ownership
from ..rig.parts import Character
from ..rig.sound import OWNER
from ..rig.strips import strips_of


@dataclass(frozen=True)
class ShownLine:
    """`name` of the line, the scene `frames` of its take, the `performance` as bytes, and its `sound`, if any."""

    name: str
    frames: FrameRange
    performance: bytes
    sound: Path | None


def shown_line(scene: bpy.types.Scene, character: Character) -> ShownLine:
    """The active take, or else the topmost that lies in the NLA.

    Raises RigError when there is none, or it was made before performances were kept.
    """
    action = next(iter(_playing(character)), None)
    if action is None:
        raise RigError("preview.none", f"No take plays on {character.name}; generate a line first.", character.name)
    name = ownership.line_of(action)
    performance = ownership.performances_of(character.name).get(name)
    if performance is None:
        raise RigError(
            "preview.performance", f"The take {name} was made by an older version; generate it again.", character.name
        )
    first, last = (round(frame) for frame in action.frame_range)
    return ShownLine(name, FrameRange(first, last), performance, _sound(scene, character.name))


def _playing(character: Character) -> list[bpy.types.Action]:
    """Our Actions that play on a character, the active ones before those in the NLA, later tracks before earlier."""
    data = [d.animation_data for d in character.datablocks if d.animation_data is not None]
    active = [d.action for d in data if ownership.is_ours(d.action)]
    tracks = [track for d in data for track in reversed(d.nla_tracks) if nla.is_ours(track) and not track.mute]
    return active + [strip.action for track in tracks for strip in track.strips]


def _sound(scene: bpy.types.Scene, character: str) -> Path | None:
    if scene.sequence_editor is None:
        return None
    strip = next((s for s in strips_of(scene) if s.get(OWNER) == character and s.sound is not None), None)
    return Path(bpy.path.abspath(strip.sound.filepath)) if strip is not None else None

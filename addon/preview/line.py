"""The line that a preview shows: the take that plays on a character, its frames, its sound and its performance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import RigError
from ..core.timeline import FRAME_SLACK, FrameRange
from ..paths import absolute
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
    """The active take, or else the topmost that lies in the NLA, at the frames where it plays.

    Raises RigError when there is none, it was made before performances were kept, or it plays at another pace or cut.
    """
    playing = _playing(character)
    if not playing:
        raise RigError("preview.none", f"No take plays on {character.name}; generate a line first.", character.name)
    action, strip = playing[0]
    name = ownership.line_of(action)
    performance = ownership.performances_of(character.name).get(name)
    if performance is None:
        raise RigError(
            "preview.performance", f"The take {name} was made by an older version; generate it again.", character.name
        )
    strips = [s for a, s in playing if s is not None and ownership.line_of(a) == name] if strip is not None else []
    moved = _moved(name, strips)
    first, last = (round(frame) + moved for frame in action.frame_range)
    return ShownLine(name, FrameRange(first, last), performance, _sound(scene, character.name))


def _playing(character: Character) -> list[tuple[bpy.types.Action, bpy.types.NlaStrip | None]]:
    """Our Actions that play on a character, with their strips: active ones first, then later tracks before earlier."""
    data = [d.animation_data for d in character.datablocks if d.animation_data is not None]
    active = [(d.action, None) for d in data if ownership.is_ours(d.action)]
    tracks = [track for d in data for track in reversed(d.nla_tracks) if nla.is_ours(track) and not track.mute]
    return active + [(strip.action, strip) for track in tracks for strip in track.strips if not strip.mute]


def _moved(line: str, strips: Sequence[bpy.types.NlaStrip]) -> int:
    """By how many frames the strips of a line lie later than it was baked; they are one take, whole and at its pace."""
    for strip in strips:
        if strip.scale != 1.0 or strip.repeat != 1.0 or strip.use_reverse or strip.use_animated_time:
            raise RigError(
                "preview.pace",
                f"The strip of {line} is scaled, repeated, reversed or timed by keys; set its scale and repeat to 1, "
                "take the others off, and preview again.",
                strip.name,
            )
        whole, played = tuple(strip.action.frame_range), (strip.action_frame_start, strip.action_frame_end)
        length = strip.frame_end - strip.frame_start
        if not np.allclose((*played, length), (*whole, whole[1] - whole[0]), rtol=0.0, atol=FRAME_SLACK):
            raise RigError(
                "preview.cut",
                f"The strip of {line} plays a part of its take; choose Sync Action Length in the NLA, and try again.",
                strip.name,
            )
    moves = {round(strip.frame_start - strip.action_frame_start) for strip in strips}
    if len(moves) > 1:
        raise RigError(
            "preview.apart", f"The strips of {line} lie at different frames; move them to one, and preview again."
        )
    return moves.pop() if moves else 0


def _sound(scene: bpy.types.Scene, character: str) -> Path | None:
    if scene.sequence_editor is None:
        return None
    strip = next((s for s in strips_of(scene) if s.get(OWNER) == character and s.sound is not None), None)
    return absolute(strip.sound.filepath) if strip is not None else None

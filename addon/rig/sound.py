"""The line's own sound strip in the sequencer, and the scene's range and playback set to hear it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ..core.timeline import FrameRange
from .strips import free_channel, strips_of

OWNER: Final[str] = "soliloquy_character"
"""Custom property of our strips: the character that speaks."""


def place_sound(scene: bpy.types.Scene, path: Path, frames: FrameRange, character: str) -> str:
    """Put the sound of a line at its first frame, in place of the character's strip there was. Returns a note or ""."""
    if not path.is_file():
        return f"The sound {path.name} is no longer there, so the sequencer has no strip of it."
    remove_sound(scene, character)
    strips = strips_of(scene)
    try:
        strip = strips.new_sound(path.stem, str(path), free_channel(strips, frames), frames.first)
    except RuntimeError as error:
        return f"The sound could not be put in the sequencer: {str(error).strip().removeprefix('Error: ')}."
    strip[OWNER] = character
    scene.sync_mode = "AUDIO_SYNC"
    return ""


def remove_sound(scene: bpy.types.Scene, character: str) -> int:
    """Remove our strips of a character, and their sounds where nothing else uses them. Returns how many went."""
    if scene.sequence_editor is None:
        return 0
    strips = strips_of(scene)
    doomed = [strip for strip in strips if strip.get(OWNER) == character]
    for strip in doomed:
        sound = strip.sound
        strips.remove(strip)
        if sound is not None and sound.users == 0:
            bpy.data.sounds.remove(sound)
    return len(doomed)


def extend_range(scene: bpy.types.Scene, frames: FrameRange) -> None:
    """Make the scene's range hold `frames`; it is never made shorter."""
    whole = FrameRange(scene.frame_start, max(scene.frame_start, scene.frame_end)).joined(frames)
    scene.frame_start, scene.frame_end = whole.first, whole.last

"""The frames of a preview in the sequencer: one strip for each character, over the line's own frames."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ..core.timeline import FrameRange
from ..paths import relative
from ..rig.strips import end_of, free_channel, start_of, strips_of
from .pictures import OWNER, remove_sequence

OUTPUT: Final[str] = "soliloquy_output"
"""Custom property of our picture strips: whether the scene rendered its sequencer before they came, and shall again
when the last of them goes."""


def place_frames(scene: bpy.types.Scene, character: str, line: str, files: list[Path], first: int) -> str:
    """Put frames into the sequencer from scene frame `first` on, in place of the character's preview there was.

    A scene renders its sequencer as soon as a picture lies in it. So that the artist's renders go on to show the
    scene, that is switched off where nothing but our strips asks for it; where pictures of the artist's own do, ours is
    muted. Returns a note of that or "".
    """
    _remove_strips(scene, character)
    strips, frames = strips_of(scene), FrameRange(first, first + len(files) - 1)
    others = [strip for strip in strips if strip.type != "SOUND" and OWNER not in strip]
    strip = strips.new_image(f"{line} preview", relative(files[0]), free_channel(strips, frames), first)
    for file in files[1:]:
        strip.elements.append(file.name)
    strip[OWNER], strip[OUTPUT] = character, scene.render.use_sequencer and not others
    if not others:
        scene.render.use_sequencer = False
        return ""
    strip.mute = any(start_of(other) <= frames.last and end_of(other) > frames.first for other in others)
    return "The preview strip is muted, because it would cover your own strips in a render." if strip.mute else ""


def remove_frames(scene: bpy.types.Scene, character: str) -> int:
    """Take our strips and images of a character out of the file; the frames stay on the disk. Returns how many went."""
    remove_sequence(character)
    return _remove_strips(scene, character)


def _remove_strips(scene: bpy.types.Scene, character: str) -> int:
    """Remove the picture strips of a character. Returns how many went."""
    if scene.sequence_editor is None:
        return 0
    strips = strips_of(scene)
    doomed = [strip for strip in strips if strip.get(OWNER) == character]
    switched_off = any(strip.get(OUTPUT) for strip in doomed)
    for strip in doomed:
        strips.remove(strip)
    if switched_off:
        _switch_on(scene)
    return len(doomed)


def _switch_on(scene: bpy.types.Scene) -> None:
    """Have the scene render its sequencer again, or see to it that this is done when our other strips go."""
    heir = next((strip for strip in strips_of(scene) if OWNER in strip), None)
    if heir is not None:
        heir[OUTPUT] = True
    else:
        scene.render.use_sequencer = True

"""A take: one line applied to a character in a scene, keys and sound and range, and its removal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from ..core.layers import LAYERS
from ..core.performance import Performance
from . import keyer, nla, ownership, sound, verify
from .discover import find_character


@dataclass(frozen=True)
class Take:
    """What to apply where: `line` names it, `sound` (or None) is heard from frame `start`; see `keyer.bake`.

    `push` puts it in the NLA as a track of its name.
    """

    line: str
    sound: Path | None
    start: int
    tolerance: float = 0.0
    layers: tuple[str, ...] = LAYERS
    push: bool = False
    raise_ranges: bool = False


def apply(
    scene: bpy.types.Scene, selected: bpy.types.Object | None, performance: Performance, take: Take
) -> keyer.BakeReport:
    """Bake a performance on the character of `selected`, put its sound beside it and make room in the scene.

    Raises RigError, before anything is changed, when the character cannot be driven.
    """
    character = find_character(selected)
    timeline = keyer.scene_timeline(scene, take.start)
    report = keyer.bake(
        character, performance, timeline, take.line, take.tolerance, take.layers, raise_ranges=take.raise_ranges
    )
    ownership.keep_performance(character.name, take.line, performance.to_bytes())
    if take.push:
        nla.push(character)
    sound.extend_range(scene, report.frames)
    note = sound.place_sound(scene, take.sound, report.frames, character.name) if take.sound else ""
    stands_still = verify.moved_note(scene, character, report.tracks)
    scene.frame_set(scene.frame_current)  # show the pose of the frame that the artist looks at
    note = " ".join(sentence for sentence in (note, stands_still) if sentence)
    warnings = (str(w) for w in performance.meta.get("warnings", ()))
    return replace(report, moved=not stands_still, notes=(*report.notes, *warnings, *((note,) if note else ())))


def remove(scene: bpy.types.Scene, selected: bpy.types.Object | None) -> tuple[str, ...]:
    """Take away what was made for the character of `selected`. Returns sentences; none when there was nothing."""
    character = find_character(selected)
    sentences = keyer.remove(character)
    strips = sound.remove_sound(scene, character.name)
    scene.frame_set(scene.frame_current)
    return (*sentences, *((f"Removed its sound strip{'s' if strips > 1 else ''}.",) if strips else ()))

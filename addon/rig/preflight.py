"""What an artist should know before a bake: what stands in its way, what will not show, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import bpy

from ..core.channels import GROUPS
from ..core.detection import covered
from ..core.errors import RigError
from .controls import listed
from .discover import require_editable
from .parts import Character, KeyTarget
from .structure import Structure, structure_of

ERROR: Final = "ERROR"
WARNING: Final = "WARNING"
INFO: Final = "INFO"
_ORDER: Final = {ERROR: 0, WARNING: 1, INFO: 2}


@dataclass(frozen=True)
class Finding:
    """One thing that was found: `level` is ERROR (a bake is refused), WARNING or INFO; the text says what to do."""

    level: str
    text: str


@dataclass(frozen=True)
class Preflight:
    """The findings, the worst first, and `score`: the share of named controls that move, and on their own side."""

    findings: tuple[Finding, ...]
    score: float

    @property
    def blocked(self) -> bool:
        """Whether a bake would be refused."""
        return any(finding.level == ERROR for finding in self.findings)


def preflight(character: Character) -> Preflight:
    """Look a character over before a bake. Nothing is changed."""
    structures = [structure_of(target, character) for target in character.keys]
    findings = [
        *_editable(character),
        *_modes(character),
        *(finding for target in character.keys for finding in _masked(target)),
        *_animation(character),
        *(finding for s in structures for finding in _structural(s)),
        *_locks(character),
        *(Finding(WARNING if "driver" in note or "muted" in note else INFO, note) for note in character.notes),
        *_missing(character),
    ]
    checked = sum(s.checked for s in structures)
    right = sum(s.checked - len(s.still) - len(s.swapped) for s in structures)
    return Preflight(
        tuple(sorted(dict.fromkeys(findings), key=lambda finding: _ORDER[finding.level])),
        right / checked if checked else 1.0,
    )


def _editable(character: Character) -> Iterator[Finding]:
    try:
        require_editable(character)
    except RigError as error:
        yield Finding(ERROR, error.message)
    for datablock in character.datablocks:
        if datablock.override_library is not None:
            yield Finding(INFO, f"{datablock.name} is a library override; keys are kept in this file alone.")


def _modes(character: Character) -> Iterator[Finding]:
    for thing in character.objects:
        if thing.mode in ("EDIT", "SCULPT"):
            mode = thing.mode.lower()
            yield Finding(WARNING, f"{thing.name} is in {mode} mode, which shows no shape keys; leave it (Tab).")


def _masked(target: KeyTarget) -> Iterator[Finding]:
    owner = target.owner
    if owner.show_only_shape_key:
        yield Finding(WARNING, f"{owner.name} shows one shape key alone (its pin is on); unpin it to see the bake.")
    empty = [
        match.key
        for match in target.matches
        if (name := target.key.key_blocks[match.key].vertex_group) and owner.vertex_groups.get(name) is None
    ]
    if empty:
        yield Finding(WARNING, f"{listed(empty)} of {owner.name} are masked by a vertex group that is gone; clear it.")
    if owner.hide_viewport or owner.hide_get():
        yield Finding(INFO, f"{owner.name} is hidden; it is keyed all the same.")


def _animation(character: Character) -> Iterator[Finding]:
    for datablock in character.datablocks:
        data = datablock.animation_data
        if data is None:
            continue
        label = f"the shape keys of {datablock.user.name}" if isinstance(datablock, bpy.types.Key) else datablock.name
        solo = next((track.name for track in data.nla_tracks if track.is_solo), "")
        if solo:
            yield Finding(
                WARNING, f"The NLA track {solo} of {label} is solo and hides everything else; take its star away."
            )
        playing = [track.name for track in data.nla_tracks if not track.mute and track.strips]
        if playing and not solo:
            yield Finding(INFO, f"NLA tracks of {label} play below the bake: {listed(playing)}; they stay as they are.")


def _structural(structure: Structure) -> Iterator[Finding]:
    if structure.still:
        yield Finding(
            WARNING,
            f"{listed(structure.still)} of {structure.name} have the right name and move nothing; sculpt them, or "
            "leave them out in the mapping table.",
        )
    if structure.swapped:
        yield Finding(
            WARNING,
            f"{listed(structure.swapped)} of {structure.name} move the other side of the face than they are named "
            "after; mirror the mapping table if left and right are swapped.",
        )


def _locks(character: Character) -> Iterator[Finding]:
    if character.armature is None:
        return
    used = {match.key for match in character.face.matches} | {name for name in vars(character.bones).values() if name}
    poses = [character.armature.pose.bones[name] for name in sorted(used) if name in character.armature.pose.bones]
    locked = [pose.name for pose in poses if any((*pose.lock_rotation, *pose.lock_location))]
    if locked:
        yield Finding(INFO, f"{listed(locked)} are locked against the hand; keys move them all the same.")


def _missing(character: Character) -> Iterator[Finding]:
    if character.fit is not None:
        return  # what a fit leaves undone is told in millimetres
    sources = covered(character.drives)
    visemes = any(source.startswith("viseme:") for source in sources)
    missing = [group for group, names in GROUPS.items() if not sources & set(names)]
    missing = [g for g in missing if not (g == "mouth" and visemes) and not (g == "gaze" and character.bones.eye_left)]
    if missing:
        yield Finding(
            INFO,
            f"Nothing here shows {', '.join(missing)}: no control of that name was found. If there is one by another "
            "name, add it in the mapping table.",
        )

"""Which value goes on which curve of a character, and in which layer: keys, custom properties, bones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

import bpy
import numpy as np

from ..core.baking import SceneCurves
from ..core.channels import GROUPS
from ..core.layers import layer_of
from ..core.mapping import apply_rows
from .actions import Track
from .bones import bone_tracks
from .fitting import Solved, solve_face
from .moods import limits_of_moods
from .parts import Character, KeyTarget
from .ranges import Ranges

GROUP: Final[str] = "Soliloquy"


def group_name(layer: str) -> str:
    """The curve group of a layer: "Soliloquy speech"."""
    return f"{GROUP} {layer}"


def planned_tracks(
    character: Character, curves: SceneCurves, notes: list[str], groups: frozenset[str], ranges: Ranges
) -> dict[bpy.types.ID, list[Track]]:
    """The tracks in `groups` for each datablock, within `ranges`; an armature may have both bones and properties."""
    found: dict[bpy.types.ID, list[Track]] = {}
    solved = solve_face(character, curves, notes)
    plans = (
        _key_plan(character, curves, solved),
        _property_plan(character, curves),
        _bone_plan(character, curves, solved, notes),
    )
    for datablock, tracks in itertools.chain(*plans):
        found.setdefault(datablock, []).extend(ranges.hold(datablock, t) for t in tracks if t.group in groups)
    return {datablock: tracks for datablock, tracks in found.items() if tracks}


def _key_plan(character: Character, curves: SceneCurves, solved: Solved) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    limits = limits_of_moods(character)
    for target in character.keys:
        blocks = target.key.key_blocks
        yield (
            target.key,
            [
                Track(blocks[name].path_from_id("value"), 0, group_name(layer), curves.frames, values)
                for name, values, layer in _key_values(target, curves, solved, limits)
            ],
        )


def _key_values(
    target: KeyTarget, curves: SceneCurves, solved: Solved, limits: Mapping[str, float]
) -> Iterator[tuple[str, np.ndarray, str]]:
    """Each key with its values (N,) and layer: the solved ones, then those that follow rows, within `limits`."""
    for name in target.fitted:
        if name in solved.keys:
            yield name, *solved.keys[name]
    mapped = apply_rows([match.row for match in target.matches], curves.channels, curves.gap)
    for match, wanted in zip(target.matches, mapped.T, strict=True):
        yield match.key, np.minimum(wanted, limits.get(match.key, np.inf)), layer_of(match.sources)


def _property_plan(character: Character, curves: SceneCurves) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    for target in character.properties:
        values = apply_rows([match.row for match in target.matches], curves.channels, curves.gap)
        yield (
            target.holder,
            [
                Track(target.paths[match.key], 0, group_name(layer_of(match.sources)), curves.frames, column)
                for match, column in zip(target.matches, values.T, strict=True)
            ],
        )


def _bone_plan(
    character: Character, curves: SceneCurves, solved: Solved, notes: list[str]
) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    bones, armature = character.bones, character.armature
    if not (bones.eye_left or bones.eye_right) and not set(GROUPS["gaze"]) & set(character.channels):
        notes.append("There are no eye bones and no eye-look keys, so the gaze is not keyed.")
    if not bones.head and not bones.neck:
        notes.append("There is no head bone, so the head is not keyed.")
    if armature is not None and (tracks := list(bone_tracks(character, curves, solved, group_name))):
        yield armature, tracks

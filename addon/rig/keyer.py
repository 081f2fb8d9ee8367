"""From a Performance to keys on a character: which value goes on which curve, and in whose Action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ..core.baking import SceneCurves, scene_curves
from ..core.channels import GROUPS
from ..core.curves import decimate
from ..core.errors import RigError
from ..core.geometry import fit_values, residuals
from ..core.mapping import apply_rows
from ..core.performance import Performance
from ..core.timeline import FrameRange, Timeline
from . import actions, geometry, ownership
from .actions import Track
from .bones import bone_tracks
from .discover import require_editable
from .parts import Character, KeyTarget

GROUP: Final[str] = "Soliloquy"


@dataclass(frozen=True)
class BakeReport:
    """What a bake did: names of Actions, scene frames covered, curves and keys written, sentences for the artist.

    `moved` is whether the character was seen to move afterwards; see `verify`.
    """

    actions: tuple[str, ...]
    frames: FrameRange
    curves: int
    keys: int
    notes: tuple[str, ...]
    moved: bool = True


def scene_timeline(scene: bpy.types.Scene, start: int) -> Timeline:
    """The clock of a scene, with the first audio sample on frame `start`."""
    return Timeline(scene.render.fps, scene.render.fps_base, start)


def bake(
    character: Character, performance: Performance, timeline: Timeline, line: str, tolerance: float = 0.0
) -> BakeReport:
    """Key a performance on a character, in Actions of our own.

    `line` names the take; baking the same line again replaces its keys. `tolerance` above 0 thins keys out where
    straight lines stay that close (shape-key units, radians); 0 keys every frame. All is computed before the first
    change, so that a RigError leaves the scene as it was.
    """
    require_editable(character)
    curves = scene_curves(performance, timeline)
    notes = list(character.notes)
    plan = _joined(
        [*_key_plan(character, curves, notes), *_property_plan(character, curves),
         *_bone_plan(character, curves, notes)]
    )  # fmt: skip
    plan = [(datablock, [_thinned(t, tolerance, curves) for t in tracks]) for datablock, tracks in plan]
    if not plan:
        raise RigError("rig.nothing", f"Nothing on {character.name} can be keyed: everything follows drivers.")
    made: dict[str, bpy.types.Action] = {}
    for datablock, tracks in plan:
        set_aside = ownership.remember(datablock, sorted({track.path for track in tracks}))
        if set_aside:
            notes.append(
                f"The Action {set_aside} was on {ownership.label(datablock)}; it is kept untouched, and "
                "Remove What Soliloquy Made puts it back."
            )
        action = _action_for(character, line, datablock, made)
        actions.write_tracks(datablock, action, tracks)
    written = [track for _, tracks in plan for track in tracks]
    return BakeReport(
        actions=tuple(made),
        frames=curves.range,
        curves=len(written),
        keys=sum(len(track.frames) for track in written),
        notes=tuple(dict.fromkeys(notes)),
    )


def remove(character: Character) -> tuple[str, ...]:
    """Take away what bakes made on a character and put back what was there. Returns sentences for the artist."""
    require_editable(character)
    keys = [o.data.shape_keys for o in character.objects if getattr(o.data, "shape_keys", None) is not None]
    data = [o.data for o in character.objects if o.data is not None]
    returned = [(ownership.label(d), ownership.restore(d)) for d in dict.fromkeys((*keys, *character.objects, *data))]
    count = ownership.delete_takes(character.name)
    sentences = [f"Removed {count} Action{'' if count == 1 else 's'} from {character.name}."] if count else []
    return (*sentences, *(f"The Action {action} is back on {name}." for name, action in returned if action))


def _action_for(
    character: Character, line: str, datablock: bpy.types.ID, made: dict[str, bpy.types.Action]
) -> bpy.types.Action:
    """The take's one Action, or without slots the datablock's; emptied the first time a bake asks for it."""
    if made and actions.HAS_SLOTS:
        return next(iter(made.values()))
    action = ownership.take_action(character.name, line, datablock)
    made[action.name] = action
    return action


def _key_plan(
    character: Character, curves: SceneCurves, notes: list[str]
) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    for target in character.keys:
        tracks = [
            Track(block.path_from_id("value"), 0, GROUP, curves.frames, values)
            for block, values in _key_values(character, target, curves, notes)
        ]
        yield target.key, tracks


def _key_values(
    character: Character, target: KeyTarget, curves: SceneCurves, notes: list[str]
) -> Iterator[tuple[bpy.types.ShapeKey, np.ndarray]]:
    """Each key with its values (N,), within its slider, because Blender cuts them there anyway and the artist asks."""
    if target.fitted:
        yield from _fitted_values(character, target, curves, notes)
        return
    clipped: list[str] = []
    mapped = apply_rows([match.row for match in target.matches], curves.channels, curves.gap)
    for match, wanted in zip(target.matches, mapped.T, strict=True):
        block = target.key.key_blocks[match.key]
        values = np.clip(wanted, block.slider_min, block.slider_max)
        if not np.array_equal(values, wanted):
            clipped.append(block.name)
        yield block, values
    if clipped:
        notes.append(
            f"{len(clipped)} keys of {target.owner.name} were limited by the range of their sliders "
            f"({', '.join(clipped[:4])}); widen it to see the whole movement."
        )


def _fitted_values(
    character: Character, target: KeyTarget, curves: SceneCurves, notes: list[str]
) -> Iterator[tuple[bpy.types.ShapeKey, np.ndarray]]:
    """The keys of a mesh without names, solved for; those that move no landmark are not keyed."""
    fit = geometry.face_fit(target, character)
    values = fit_values(fit, curves.landmarks, curves.gap)
    left = residuals(fit, values, curves.landmarks, curves.gap)
    said = ", ".join(f"{region} {distance:.1f}" for region, distance in left.items())
    notes.append(f"{target.owner.name} is fitted by geometry to within (mm of a human face): {said}.")
    for column in np.flatnonzero(fit.usable):
        yield target.key.key_blocks[target.fitted[column]], values[:, column]


def _property_plan(character: Character, curves: SceneCurves) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    """Custom properties, which have no range of their own that Blender would hold keys to."""
    for target in character.properties:
        values = apply_rows([match.row for match in target.matches], curves.channels, curves.gap)
        yield (
            target.holder,
            [
                Track(target.paths[match.key], 0, GROUP, curves.frames, column)
                for match, column in zip(target.matches, values.T, strict=True)
            ],
        )


def _bone_plan(
    character: Character, curves: SceneCurves, notes: list[str]
) -> Iterator[tuple[bpy.types.ID, list[Track]]]:
    bones, armature = character.bones, character.armature
    if not (bones.eye_left or bones.eye_right) and not set(GROUPS["gaze"]) & set(character.channels):
        notes.append("There are no eye bones and no eye-look keys, so the gaze is not keyed.")
    if not bones.head and not bones.neck:
        notes.append("There is no head bone, so the head is not keyed.")
    if armature is not None and (tracks := list(bone_tracks(character, curves))):
        yield armature, tracks


def _joined(plan: list[tuple[bpy.types.ID, list[Track]]]) -> list[tuple[bpy.types.ID, list[Track]]]:
    """One entry for each datablock: an armature may have both bones and properties."""
    found: dict[bpy.types.ID, list[Track]] = {}
    for datablock, tracks in plan:
        found.setdefault(datablock, []).extend(tracks)
    return list(found.items())


def _thinned(track: Track, tolerance: float, curves: SceneCurves) -> Track:
    if tolerance <= 0:
        return track
    kept = decimate(track.values, tolerance, curves.moments)
    return Track(track.path, track.index, track.group, track.frames[kept], track.values[kept])

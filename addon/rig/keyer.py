"""From a Performance to keys on a character, in Actions of our own: written, thinned out, removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import bpy
import numpy as np

from ..core.baking import SceneCurves, scene_curves
from ..core.curves import decimate
from ..core.errors import RigError
from ..core.layers import LAYERS
from ..core.performance import Performance
from ..core.timeline import FrameRange, Timeline
from . import actions, nla, ownership
from .actions import Track
from .discover import require_editable
from .parts import Character
from .plan import group_name, planned_tracks
from .ranges import Ranges, put_back


@dataclass(frozen=True)
class BakeReport:
    """What a bake did: names of Actions, scene frames covered, curves and keys written, sentences for the artist.

    Of `dense` keys `keys` were kept, and nowhere is a curve off by more than `error` (shape-key units, radians).
    `moved` is whether the character was seen to move afterwards; see `verify`.
    """

    actions: tuple[str, ...]
    frames: FrameRange
    curves: int
    keys: int
    notes: tuple[str, ...]
    moved: bool = True
    dense: int = 0
    error: float = 0.0
    tracks: tuple[Track, ...] = field(default=(), repr=False)


def scene_timeline(scene: bpy.types.Scene, start: int) -> Timeline:
    """The clock of a scene, with the first audio sample on frame `start`."""
    return Timeline(scene.render.fps, scene.render.fps_base, start)


def bake(
    character: Character,
    performance: Performance,
    timeline: Timeline,
    line: str,
    tolerance: float = 0.0,
    layers: Collection[str] = LAYERS,
    raise_ranges: bool = False,
) -> BakeReport:
    """Key a performance on a character, in Actions of our own.

    `line` names the take; baking the same line again replaces its keys, of `layers` alone when these are some.
    `tolerance` above 0 thins keys out where straight lines stay that close (shape-key units, radians); 0 keys every
    frame. Values beyond a slider's range are limited to it, or with `raise_ranges` the range is raised. All is computed
    before the first change, so that a RigError leaves the scene as it was.
    """
    require_editable(character)
    curves = scene_curves(performance, timeline)
    notes, groups = list(character.notes), frozenset(map(group_name, layers or LAYERS))
    ranges = Ranges(raise_ranges)
    dense = planned_tracks(character, curves, notes, groups, ranges)
    notes += ranges.sentences()
    if not dense:
        raise RigError("rig.nothing", f"Nothing on {character.name} can be keyed: everything follows drivers.")
    plan = {datablock: [_thinned(t, tolerance, curves) for t in tracks] for datablock, tracks in dense.items()}
    ranges.apply()
    made = _write(character, line, plan, groups, notes)
    return BakeReport(
        actions=tuple(made),
        frames=curves.range,
        curves=sum(map(len, plan.values())),
        keys=_count(plan),
        notes=tuple(dict.fromkeys(notes)),
        dense=_count(dense),
        tracks=tuple(track for tracks in plan.values() for track in tracks),
        error=max(_error(a, b) for d in dense for a, b in zip(dense[d], plan[d], strict=True)),
    )


def _write(
    character: Character,
    line: str,
    plan: dict[bpy.types.ID, list[Track]],
    groups: frozenset[str],
    notes: list[str],
) -> dict[str, bpy.types.Action]:
    made: dict[str, bpy.types.Action] = {}
    only = None if groups == frozenset(map(group_name, LAYERS)) else groups
    for datablock, tracks in plan.items():
        with nla.aside(datablock, character.name, line) as pushed:
            set_aside = "" if pushed else ownership.remember(datablock, sorted({track.path for track in tracks}))
            if set_aside:
                notes.append(
                    f"The Action {set_aside} was on {ownership.label(datablock)}; it is kept untouched, and "
                    "Remove What Soliloquy Made puts it back."
                )
            muted = actions.muted_groups(_take(character, line, datablock))
            action = _action_for(character, line, datablock, made, only)
            actions.write_tracks(datablock, action, tracks)
            for group in muted & groups:
                actions.set_mute(action, group, True)
    return made


def _take(character: Character, line: str, datablock: bpy.types.ID) -> bpy.types.Action | None:
    return ownership.find_take(character.name, line, datablock)


def _count(plan: dict[bpy.types.ID, list[Track]]) -> int:
    return sum(len(track.frames) for tracks in plan.values() for track in tracks)


def _error(dense: Track, kept: Track) -> float:
    """How far straight lines between the kept keys are off the dense curve at most."""
    return float(np.abs(np.interp(dense.frames, kept.frames, kept.values) - dense.values).max())


def remove(character: Character) -> tuple[str, ...]:
    """Take away what bakes made on a character and put back what was there. Returns sentences for the artist."""
    require_editable(character)
    keys = [o.data.shape_keys for o in character.objects if getattr(o.data, "shape_keys", None) is not None]
    data = [o.data for o in character.objects if o.data is not None]
    nla.remove_tracks(character)
    datablocks = [d for d in dict.fromkeys((*keys, *character.objects, *data)) if d.is_editable]
    returned = [(ownership.label(d), ownership.restore(d)) for d in datablocks]
    ranges = sum(map(put_back, datablocks))
    count = ownership.delete_takes(character.name)
    sentences = [f"Removed {count} Action{'' if count == 1 else 's'} from {character.name}."] if count else []
    if ranges:
        sentences.append(f"{ranges} slider range{'' if ranges == 1 else 's'} are as before.")
    return (*sentences, *(f"The Action {action} is back on {name}." for name, action in returned if action))


def _action_for(
    character: Character,
    line: str,
    datablock: bpy.types.ID,
    made: dict[str, bpy.types.Action],
    groups: frozenset[str] | None,
) -> bpy.types.Action:
    """The take's one Action, or without slots the datablock's; emptied the first time a bake asks for it."""
    if made and actions.HAS_SLOTS:
        return next(iter(made.values()))
    action = ownership.take_action(character.name, line, datablock, groups)
    made[action.name] = action
    return action


def _thinned(track: Track, tolerance: float, curves: SceneCurves) -> Track:
    if tolerance <= 0:
        return track
    kept = decimate(track.values, tolerance, curves.moments)
    return Track(track.path, track.index, track.group, track.frames[kept], track.values[kept])

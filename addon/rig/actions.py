"""Actions and their curves, from Blender 4.2 to 5.2: the only file that asks for a Blender version.

Up to 4.3 an Action holds curves for one datablock. From 4.4 it holds slots, one for each datablock that it animates,
and from 5.0 its curves are reached through channelbags alone. Outside this file an Action is something that one writes
tracks into for a datablock, and reads tracks from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np

HAS_SLOTS: Final[bool] = bpy.app.version >= (4, 4, 0)
_HAS_LEGACY_CURVES: Final[bool] = bpy.app.version < (5, 0, 0)
_HIDES_POSES: Final[bool] = bpy.app.version >= (5, 0, 0)
_ID_CODES: Final = {"KEY": "KE", "OBJECT": "OB", "ARMATURE": "AR", "MESH": "ME"}


@dataclass(frozen=True, eq=False)
class Track:
    """One animated value: `path`[`index`] of a datablock, `frames` (N,) rising and `values` (N,), in group `group`."""

    path: str
    index: int
    group: str
    frames: np.ndarray
    values: np.ndarray


def assign(datablock: bpy.types.ID, action: bpy.types.Action | None, slot: int = 0) -> None:
    """Make `action` the active one of `datablock`.

    `slot` is the handle of the slot to use; 0 takes the slot named after the datablock and makes it when there is
    none. Blender's own choice is not relied on: it may bind a lone slot that belongs to another mesh.
    """
    data = datablock.animation_data or datablock.animation_data_create()
    data.action = action
    if not HAS_SLOTS or action is None:
        return
    if slot:
        data.action_slot = next((s for s in action.slots if s.handle == slot), None)
        return
    name = f"{_ID_CODES[datablock.id_type]}{datablock.name}"
    found = next((s for s in action.slots if s.identifier == name), None)
    data.action_slot = found or action.slots.new(id_type=datablock.id_type, name=datablock.name)


def slot_handle(datablock: bpy.types.ID) -> int:
    """Handle of the slot that is bound to `datablock`, 0 when there is none or Blender has no slots."""
    data = datablock.animation_data
    return int(data.action_slot_handle) if HAS_SLOTS and data is not None and data.action is not None else 0


def write_tracks(datablock: bpy.types.ID, action: bpy.types.Action, tracks: Sequence[Track]) -> None:
    """Assign `action` to `datablock` and write the tracks as keys joined by straight lines.

    Every track must be new to the Action (see `clear`). Keys go in as whole arrays: some 600 times as fast as
    keyframe_insert.
    """
    assign(datablock, action)
    linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
    for track in tracks:
        keys = np.empty((len(track.frames), 2), dtype=np.float32)
        keys[:, 0], keys[:, 1] = track.frames, track.values
        curve = _new_curve(datablock, action, track)
        points = curve.keyframe_points
        points.add(len(keys))
        points.foreach_set("co", keys.ravel())
        points.foreach_set("interpolation", np.full(len(keys), linear, dtype=np.int32))
        curve.update()


def read_tracks(datablock: bpy.types.ID) -> dict[tuple[str, int], Track]:
    """The curves that the active Action has for `datablock`, by (path, index); empty when there are none."""
    found: dict[tuple[str, int], Track] = {}
    data = datablock.animation_data
    if data is None or data.action is None:
        return found
    for curve in _curves_of(data.action, slot_handle(datablock)):
        keys = np.empty(len(curve.keyframe_points) * 2, dtype=np.float32)
        curve.keyframe_points.foreach_get("co", keys)
        frames, values = keys.reshape(-1, 2).T
        group = curve.group.name if curve.group else ""
        found[curve.data_path, curve.array_index] = Track(curve.data_path, curve.array_index, group, frames, values)
    return found


def clear(action: bpy.types.Action, groups: Collection[str] | None = None) -> None:
    """Remove the curves of an Action of ours, or only those in `groups`; its slots and its users stay."""
    for holder in _holders(action):
        if groups is None:
            holder.fcurves.clear()
        else:
            for curve in [c for c in holder.fcurves if c.group is not None and c.group.name in groups]:
                holder.fcurves.remove(curve)
        for group in list(holder.groups):
            if groups is None or group.name in groups:
                holder.groups.remove(group)


def set_mute(action: bpy.types.Action, group: str, mute: bool) -> int:
    """Silence the curves of a group in an Action of ours, or let them play again. Returns how many there are."""
    curves = [c for holder in _holders(action) for c in holder.fcurves if c.group and c.group.name == group]
    for curve in curves:
        curve.mute = mute
    return len(curves)


def muted_groups(action: bpy.types.Action | None) -> frozenset[str]:
    """The groups of an Action that have a silenced curve; none of no Action."""
    if action is None:
        return frozenset()
    curves = [c for holder in _holders(action) for c in holder.fcurves]
    return frozenset(c.group.name for c in curves if c.mute and c.group is not None)


def use_in_strip(strip: bpy.types.NlaStrip, action: bpy.types.Action, handle: int) -> None:
    """Have a strip play the slot of an Action that was bound to its datablock."""
    if HAS_SLOTS and handle:
        strip.action_slot = next(s for s in action.slots if s.handle == handle)


def bone_is_shown(pose: bpy.types.PoseBone) -> bool:
    """Whether a bone is seen in the viewport: neither hidden itself nor only in collections that are."""
    hidden = pose.hide if _HIDES_POSES else pose.bone.hide
    collections = pose.bone.collections
    return not hidden and (not len(collections) or any(c.is_visible_effectively for c in collections))


def groups_of(action: bpy.types.Action) -> frozenset[str]:
    """The groups of an Action that have curves."""
    return frozenset(c.group.name for holder in _holders(action) for c in holder.fcurves if c.group is not None)


def _new_curve(datablock: bpy.types.ID, action: bpy.types.Action, track: Track) -> bpy.types.FCurve:
    if not HAS_SLOTS:
        return action.fcurves.new(track.path, index=track.index, action_group=track.group)
    if not _HAS_LEGACY_CURVES:
        return action.fcurve_ensure_for_datablock(datablock, track.path, index=track.index, group_name=track.group)
    curve = action.fcurve_ensure_for_datablock(datablock, track.path, index=track.index)
    bag = action.layers[0].strips[0].channelbag(datablock.animation_data.action_slot)
    curve.group = bag.groups.get(track.group) or bag.groups.new(track.group)
    return curve


def _curves_of(action: bpy.types.Action, handle: int) -> Iterator[bpy.types.FCurve]:
    for holder in _holders(action):
        if not HAS_SLOTS or holder.slot_handle == handle:
            yield from holder.fcurves


def _holders(action: bpy.types.Action) -> Iterator[Any]:
    """What holds curves and groups: the Action itself, or from 4.4 on its channelbags."""
    if not HAS_SLOTS:
        yield action
        return
    for layer in action.layers:
        for strip in layer.strips:
            yield from strip.channelbags

"""The mapping table on a character: kept as a note on its root, tried out by hand, saved to and loaded from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import RigError
from ..core.profiles import SHIFTS, TURNS, Profile, parse_profile, profile_document
from ..core.rotation import matrix_from_angles
from ..core.table import TableRow
from . import axes
from .notes import MAP_PROPERTY
from .parts import Character


def keep(root: bpy.types.Object, profile: Profile) -> None:
    """Have a character bound by this map from now on."""
    root[MAP_PROPERTY] = json.dumps(profile_document(profile))


def forget(root: bpy.types.Object) -> None:
    """Bind a character by what is found on it again."""
    if MAP_PROPERTY in root:
        del root[MAP_PROPERTY]


def save(path: Path, profile: Profile) -> None:
    """Write a map as a JSON file, in the format of those that ship."""
    path.write_text(json.dumps(profile_document(profile), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Profile:
    """Read a map. Raises RigError when the file is none."""
    try:
        return parse_profile(json.loads(path.read_text(encoding="utf-8")), path.name)
    except (OSError, ValueError) as error:
        raise RigError("table.file", "The file is no rig map; choose one that was saved here.", str(path)) from error


def read(character: Character, row: TableRow) -> list[Any]:
    """The present values of what a row drives, for `put_back`: (owner as data path, name, value)."""
    return [(block_id(owner), path, _get(owner, path)) for owner, path in _targets(character, row)]


def put_back(before: list[Any]) -> None:
    """Give controls the values back that `read` found."""
    for (kind, name), path, value in before:
        owner = getattr(bpy.data, kind).get(name)
        if owner is not None:
            _set(owner, path, value)


def wiggle(character: Character, row: TableRow, amount: float) -> int:
    """Show a row at `amount` of its source. Returns how many controls moved."""
    value = float(np.clip(row.offset + row.gain * amount, row.low, row.high))
    targets = _targets(character, row)
    for owner, path in targets:
        _set(owner, path, _pose(character, row, value) if row.axis else value)
    return len(targets)


def block_id(owner: bpy.types.ID) -> tuple[str, str]:
    """Where `bpy.data` has a datablock: collection and name."""
    kinds = {"KEY": "shape_keys", "OBJECT": "objects", "ARMATURE": "armatures", "MESH": "meshes"}
    return kinds[owner.id_type], owner.name


def _targets(character: Character, row: TableRow) -> list[tuple[bpy.types.ID, str]]:
    if row.axis:
        pose = character.armature.pose.bones.get(row.target) if character.armature else None
        if pose is None or character.armature is None:
            return []
        rotation = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
        name = rotation.get(pose.rotation_mode, "rotation_euler") if row.axis in TURNS else "location"
        return [(character.armature, pose.path_from_id(name))]
    keys = dict.fromkeys(k for o in character.objects if (k := getattr(o.data, "shape_keys", None)) is not None)
    found: list[tuple[bpy.types.ID, str]] = [
        (key, key.key_blocks[row.target].path_from_id("value")) for key in keys if row.target in key.key_blocks
    ]
    found += [(t.holder, t.paths[row.target]) for t in character.properties if row.target in t.paths]
    return found


def _pose(character: Character, row: TableRow, value: float) -> list[float]:
    """A bone's rotation or location with this one axis moved by `value` from rest."""
    armature = character.armature
    if armature is None:
        return []
    pose, frame = armature.pose.bones[row.target], axes.character_axes(armature, character.bones)
    if row.axis in TURNS:
        angles = np.zeros((1, 3))
        angles[0, TURNS.index(row.axis)] = value
        return [float(v) for v in axes.local_turn(pose, frame, matrix_from_angles(angles))[1][0]]
    shift = np.zeros(3)
    shift[SHIFTS.index(row.axis)] = value * axes.inter_ocular(armature, character.bones)
    return [float(v) for v in axes.local_shift(pose, frame @ shift)]


def _get(owner: bpy.types.ID, path: str) -> Any:
    value = owner.path_resolve(path)
    return float(value) if isinstance(value, float | int) else [float(v) for v in value]


def _set(owner: bpy.types.ID, path: str, value: Any) -> None:
    if path.endswith('"]'):
        holder, _, quoted = path.rpartition('["')
        thing = owner.path_resolve(holder) if holder else owner
        thing[bpy.utils.unescape_identifier(quoted[:-2])] = value
        owner.update_tag()
        return
    holder, _, name = path.rpartition(".")
    setattr(owner.path_resolve(holder), name, value)

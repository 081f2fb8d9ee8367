"""Which shape keys and custom properties of a character follow a performance, and which are left alone and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

import bpy

from ..core.channels import GROUPS
from ..core.detection import Detected, Drive, covered, detect, named_drives
from ..core.naming import BoneGuess
from ..core.profiles import Profile
from .notes import is_fitted
from .parts import GEOMETRY, KeyTarget, PropertyTarget

_LEAST_PROPERTIES: Final[int] = 3
"""Fewer custom properties than this are no evidence of a face: any rig may have one called "A"."""
_OURS: Final = "soliloquy"


def find_keys(
    objects: list[bpy.types.Object], bones: BoneGuess, custom: Profile | None, notes: list[str]
) -> list[KeyTarget]:
    """The Key datablocks of the family, each once however many objects share it, that have something to drive."""
    seen: set[int] = set()
    targets: list[KeyTarget] = []
    fitted = frozenset(name for owner in objects if is_fitted(owner) for name in _key_names(owner))
    for owner in objects:
        key = getattr(owner.data, "shape_keys", None)
        if key is None or key.session_uid in seen:
            continue
        seen.add(key.session_uid)
        if not key.use_relative:
            notes.append(f"The shape keys of {owner.name} are absolute, not relative; they are left alone.")
            continue
        if fitted & set(_key_names(owner)):
            targets.append(_fitted(key, owner, fitted, notes))
            continue
        detected = _named(_key_names(owner), custom)
        matches = _drivable(detected.drives, key, owner, bones, notes)
        if matches:
            targets.append(KeyTarget(key, owner, detected.profile, matches))
    return targets


def _key_names(owner: bpy.types.Object) -> tuple[str, ...]:
    key = getattr(owner.data, "shape_keys", None)
    return tuple(block.name for block in key.key_blocks if block != key.reference_key) if key is not None else ()


def _fitted(key: bpy.types.Key, owner: bpy.types.Object, fitted: Collection[str], notes: list[str]) -> KeyTarget:
    """A mesh that is bound by geometry or shares its keys' names: every key that is neither muted nor driven."""
    driven = driver_paths(key)
    blocks = [b for b in key.key_blocks if b.name in fitted and not b.mute]
    left = [b.name for b in blocks if b.path_from_id("value") in driven]
    if left:
        notes.append(f"{listed(left)} of {owner.name} follow drivers and are left to them.")
    return KeyTarget(key, owner, GEOMETRY, (), tuple(b.name for b in blocks if b.name not in left))


def _drivable(
    matches: tuple[Drive, ...], key: bpy.types.Key, owner: bpy.types.Object, bones: BoneGuess, notes: list[str]
) -> tuple[Drive, ...]:
    driven = driver_paths(key)
    blocked = [m for m in matches if key.key_blocks[m.key].path_from_id("value") in driven]
    if blocked:
        notes.append(f"{listed([m.key for m in blocked])} of {owner.name} follow drivers and are left to them.")
    muted = [m.key for m in matches if key.key_blocks[m.key].mute]
    if muted:
        notes.append(f"{listed(muted)} of {owner.name} are muted and will not show.")
    turned = [m for m in matches if m.sources <= set(GROUPS["gaze"])] if _turned_by_eye_bones(owner, bones) else []
    if turned:
        notes.append(f"{owner.name} turns with its eye bones, so its eye-look keys rest.")
    return tuple(m for m in matches if m not in blocked and m not in turned)


def _named(names: tuple[str, ...], custom: Profile | None) -> Detected:
    """What shape keys or properties follow: by the character's own map where it has one, else by their names."""
    return Detected(custom.name, named_drives(custom, names)) if custom is not None else _detect(names)


@lru_cache(maxsize=256)
def _detect(names: tuple[str, ...]) -> Detected:
    return detect(names)


def _turned_by_eye_bones(owner: bpy.types.Object, bones: BoneGuess) -> bool:
    """Whether the whole object is moved by an eye bone: turning it by keys as well would turn it twice."""
    eyes = {bone for bone in (bones.eye_left, bones.eye_right) if bone}
    if owner.parent_type == "BONE":
        return owner.parent_bone in eyes
    groups = {group.name for group in owner.vertex_groups}
    return bool(groups) and groups <= eyes


def find_properties(
    objects: list[bpy.types.Object],
    armature: bpy.types.Object | None,
    keys: list[KeyTarget],
    custom: Profile | None,
) -> list[PropertyTarget]:
    """The datablocks of the family whose custom properties are face controls, where no shape key does the same.

    Moods rest there, for nothing tells what they do to the lips.
    """
    by_keys = covered(match for target in keys for match in target.matches)
    targets: list[PropertyTarget] = []
    for holder in dict.fromkeys((*objects, *([armature.data] if armature else []))):
        paths = _property_paths(holder)
        driven = driver_paths(holder)
        detected = _named(tuple(paths), custom)
        matches = tuple(
            m
            for m in detected.drives
            if not m.sources <= by_keys and m.key in paths and paths[m.key] not in driven and not m.row.mood
        )
        if len(matches) >= (1 if custom else _LEAST_PROPERTIES):
            targets.append(PropertyTarget(holder, detected.profile, matches, paths))
    return targets


def _property_paths(holder: bpy.types.ID) -> dict[str, str]:
    """Data path of every numeric custom property of a datablock and of its pose bones, by its name."""
    owners = [("", holder)]
    if isinstance(holder, bpy.types.Object) and holder.pose is not None:
        owners += [(pose.path_from_id(), pose) for pose in holder.pose.bones if pose.keys()]
    found: dict[str, str] = {}
    for path, owner in owners:
        for name in list(owner.keys()):
            if isinstance(owner[name], float) and not name.startswith(_OURS):
                found.setdefault(name, f'{path}["{bpy.utils.escape_identifier(name)}"]')
    return found


def driver_paths(datablock: bpy.types.ID) -> set[str]:
    """The data paths of a datablock that drivers hold."""
    data = datablock.animation_data
    return {driver.data_path for driver in data.drivers} if data is not None else set()


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence, the first few and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

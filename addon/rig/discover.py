"""Find a character: all that belongs to the selected object, what of it can be driven, and what cannot and why.

The values here hold Blender references and are for use within one call; nothing keeps them from one tick to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import bpy

from ..core.channels import CHANNELS, GROUPS
from ..core.detection import ARKIT, Detected, Drive, coverage_sentence, covered, detect
from ..core.errors import RigError
from ..core.naming import BoneGuess, guess_bones

_ROTATION_PATHS: Final = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")


@dataclass(frozen=True, eq=False)
class KeyTarget:
    """A Key datablock, one of the objects that show it, its naming convention and what drives its shape keys."""

    key: bpy.types.Key
    owner: bpy.types.Object
    profile: str
    matches: tuple[Drive, ...]


@dataclass(frozen=True, eq=False)
class Character:
    """A character in the scene: `bones` are names in `armature`; `notes` say what is left out, one sentence each."""

    name: str
    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    keys: tuple[KeyTarget, ...]
    armature: bpy.types.Object | None
    bones: BoneGuess
    notes: tuple[str, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that some shape key follows, in contract order."""
        matched = covered(match for target in self.keys for match in target.matches)
        return tuple(name for name in CHANNELS if name in matched)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The naming conventions of its meshes, each once."""
        return tuple(dict.fromkeys(target.profile for target in self.keys))

    @property
    def coverage(self) -> str:
        """One line for the artist: what of a performance this character can show."""
        found = [label for label, bone in (("head", self.bones.head), ("neck", self.bones.neck)) if bone]
        eyes = [bone for bone in (self.bones.eye_left, self.bones.eye_right) if bone]
        found += ["eyes"] if len(eyes) == 2 else ["one eye"] if eyes else []
        bones = f"bones: {', '.join(found)}" if found else "no head or eye bones"
        names = ", ".join(name for name in self.profiles if name != ARKIT)
        drives = [match for target in self.keys for match in target.matches]
        said = coverage_sentence(drives, f"on {len(self.keys)} meshes")
        return f"{f'{names}: ' if names else ''}{said}; {bones}"

    @property
    def datablocks(self) -> tuple[bpy.types.ID, ...]:
        """Every datablock that a bake animates."""
        bones = [self.armature] if self.armature is not None and any(vars(self.bones).values()) else []
        return (*(target.key for target in self.keys), *bones)


def find_character(selected: bpy.types.Object | None) -> Character:
    """The character that `selected` belongs to. Raises RigError with a sentence when there is nothing to drive."""
    if selected is None:
        raise RigError("rig.none", "Select the character, or any of its meshes or bones, first.")
    armature = _armature_of(selected)
    root = armature or _topmost(selected)
    objects = _family(root)
    if armature is None:
        armatures = [o for o in objects if o.type == "ARMATURE"]
        armature = armatures[0] if len(armatures) == 1 else None
        objects = _family(armature, objects) if armature else objects
    notes: list[str] = []
    bones = _find_bones(armature, notes) if armature else BoneGuess()
    keys = _find_keys(objects, bones, notes)
    if not keys and not any(vars(bones).values()):
        raise RigError(
            "rig.nothing",
            f"{selected.name} has no shape keys named after ARKit or another known convention and no head or eye "
            "bones; choose the object that carries them.",
            root.name,
        )
    if not keys:
        notes.append("No shape key is named after ARKit or another known convention, so only head and eyes will move.")
    return Character(root.name, root, tuple(objects), tuple(keys), armature, bones, tuple(notes))


def require_editable(character: Character) -> None:
    """Raise RigError when a datablock that a bake would animate cannot be changed here."""
    for datablock in character.datablocks:
        if datablock.library is not None or not datablock.is_editable:
            library = datablock.library.filepath if datablock.library else "another file"
            raise RigError(
                "rig.linked",
                f"{datablock.name} is linked from {library} and cannot be animated here; make it local, or make "
                "library overrides of the character and of its mesh data.",
                datablock.name,
            )
        data = datablock.animation_data
        if data is not None and data.use_tweak_mode:
            raise RigError(
                "rig.tweak",
                f"An NLA strip of {datablock.name} is being tweaked; leave tweak mode (Tab in the NLA editor) first.",
                datablock.name,
            )


def _armature_of(selected: bpy.types.Object) -> bpy.types.Object | None:
    current: bpy.types.Object | None = selected
    while current is not None:
        if current.type == "ARMATURE":
            return current
        for modifier in current.modifiers:
            if modifier.type == "ARMATURE" and modifier.object is not None:
                return modifier.object
        current = current.parent
    return None


def _topmost(selected: bpy.types.Object) -> bpy.types.Object:
    current = selected
    while current.parent is not None:
        current = current.parent
    return current


def _family(root: bpy.types.Object, seeds: list[bpy.types.Object] | None = None) -> list[bpy.types.Object]:
    """`root`, all below it, and all that it deforms from elsewhere with what is below that; each once, in order."""
    found: dict[str, bpy.types.Object] = {}
    deformed = [
        o
        for o in bpy.data.objects
        if root.type == "ARMATURE" and any(m.type == "ARMATURE" and m.object == root for m in o.modifiers)
    ]
    for start in (root, *(seeds or ()), *deformed):
        for member in (start, *start.children_recursive):
            found.setdefault(member.name_full, member)
    return list(found.values())


def _find_keys(objects: list[bpy.types.Object], bones: BoneGuess, notes: list[str]) -> list[KeyTarget]:
    """The Key datablocks of the family, each once however many objects share it, that have something to drive."""
    seen: set[int] = set()
    targets: list[KeyTarget] = []
    for owner in objects:
        key = getattr(owner.data, "shape_keys", None)
        if key is None or key.session_uid in seen:
            continue
        seen.add(key.session_uid)
        if not key.use_relative:
            notes.append(f"The shape keys of {owner.name} are absolute, not relative; they are left alone.")
            continue
        detected = _detect(tuple(block.name for block in key.key_blocks))
        matches = _drivable(detected.drives, key, owner, bones, notes)
        if matches:
            targets.append(KeyTarget(key, owner, detected.profile, matches))
    return targets


def _drivable(
    matches: tuple[Drive, ...], key: bpy.types.Key, owner: bpy.types.Object, bones: BoneGuess, notes: list[str]
) -> tuple[Drive, ...]:
    driven = _driver_paths(key)
    blocked = [m for m in matches if key.key_blocks[m.key].path_from_id("value") in driven]
    if blocked:
        notes.append(f"{_listed([m.key for m in blocked])} of {owner.name} follow drivers and are left to them.")
    muted = [m.key for m in matches if key.key_blocks[m.key].mute]
    if muted:
        notes.append(f"{_listed(muted)} of {owner.name} are muted and will not show.")
    turned = [m for m in matches if m.sources <= set(GROUPS["gaze"])] if _turned_by_eye_bones(owner, bones) else []
    if turned:
        notes.append(f"{owner.name} turns with its eye bones, so its eye-look keys rest.")
    return tuple(m for m in matches if m not in blocked and m not in turned)


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


def _find_bones(armature: bpy.types.Object, notes: list[str]) -> BoneGuess:
    """Head, neck and eyes of an armature, without those that drivers turn."""
    bones = armature.data.bones
    guess = guess_bones(bone.name for bone in bones)
    head = guess.head or _common_parent(bones, guess)
    above = [bone.name for bone in bones[head].parent_recursive] if head else []
    guess = BoneGuess(head, guess_bones(above).neck, guess.eye_left, guess.eye_right)
    driven = _driver_paths(armature)
    free: dict[str, str] = {}
    for role, name in vars(guess).items():
        pose = armature.pose.bones.get(name) if name else None
        if pose is None:
            continue
        if any(pose.path_from_id(path) in driven for path in _ROTATION_PATHS):
            notes.append(f"The bone {name} follows a driver and is left to it.")
            continue
        if any(not c.mute for c in pose.constraints):
            notes.append(f"The bone {name} has constraints, which may override its keys.")
        free[role] = name
    return BoneGuess(**free)


def _common_parent(bones: bpy.types.ArmatureBones, guess: BoneGuess) -> str:
    """The bone that carries both eyes, for rigs that call their head something else (Rigify: spine.006)."""
    if not (guess.eye_left and guess.eye_right):
        return ""
    right = {bone.name for bone in bones[guess.eye_right].parent_recursive}
    return next((bone.name for bone in bones[guess.eye_left].parent_recursive if bone.name in right), "")


def _driver_paths(datablock: bpy.types.ID) -> set[str]:
    data = datablock.animation_data
    return {driver.data_path for driver in data.drivers} if data is not None else set()


def _listed(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

"""Find a character: all that belongs to the selected object, what of it can be driven, and what cannot and why.

The values here hold Blender references and are for use within one call; nothing keeps them from one tick to the next.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import bpy

from ..core.channels import GROUPS
from ..core.detection import Detected, Drive, bone_drives, covered, detect, detect_bones, named_drives
from ..core.errors import RigError
from ..core.naming import BoneGuess, guess_bones
from ..core.profiles import Profile
from .notes import is_fitted, map_of
from .parts import GEOMETRY, Character, Face, KeyTarget, PropertyTarget

_ROTATION_PATHS: Final = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")
_LEAST_PROPERTIES: Final[int] = 3
"""Fewer custom properties than this are no evidence of a face: any rig may have one called "A"."""
_OURS: Final = "soliloquy"


def find_character(selected: bpy.types.Object | None) -> Character:
    """The character that `selected` belongs to. Raises RigError with a sentence when there is nothing to drive."""
    character = gather(selected)
    if not character.datablocks:
        raise RigError(
            "rig.nothing",
            f"{selected.name if selected else 'It'} has no shape keys named after ARKit or another known convention "
            "and no head or eye bones; choose the object that carries them, or press Bind, which also looks at shapes.",
            character.name,
        )
    return character


def gather(selected: bpy.types.Object | None) -> Character:
    """All that belongs to `selected`, though there be nothing on it to drive. Raises RigError when it is None."""
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
    custom = map_of(root)
    detected = _detect_bones(tuple(bone.name for bone in armature.data.bones)) if armature else Detected("", ())
    if custom is not None and armature is not None:
        drives = bone_drives(custom, [bone.name for bone in armature.data.bones])
        detected = Detected(custom.name, drives, {**detected.roles, **custom.roles})
    bones = _find_bones(armature, detected, notes) if armature else BoneGuess()
    keys = _find_keys(objects, bones, custom, notes)
    properties = _find_properties(objects, armature, keys, custom)
    face = _find_face(armature, detected, keys, notes) if armature else Face()
    if not keys and not properties and not face.matches:
        notes.append("No shape key is named after ARKit or another known convention, so only head and eyes will move.")
    return Character(
        root.name, root, tuple(objects), tuple(keys), armature, bones, tuple(notes), tuple(properties), face
    )


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


def _find_keys(
    objects: list[bpy.types.Object], bones: BoneGuess, custom: Profile | None, notes: list[str]
) -> list[KeyTarget]:
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
        if is_fitted(owner):
            targets.append(_fitted(key, owner, notes))
            continue
        detected = _named(tuple(block.name for block in key.key_blocks), custom)
        matches = _drivable(detected.drives, key, owner, bones, notes)
        if matches:
            targets.append(KeyTarget(key, owner, detected.profile, matches))
    return targets


def _fitted(key: bpy.types.Key, owner: bpy.types.Object, notes: list[str]) -> KeyTarget:
    """A mesh that is bound by geometry: every key that is neither the rest, nor muted, nor driven."""
    driven = _driver_paths(key)
    rest = key.reference_key
    blocks = [b for b in key.key_blocks if b != rest and not b.mute]
    left = [b.name for b in blocks if b.path_from_id("value") in driven]
    if left:
        notes.append(f"{_listed(left)} of {owner.name} follow drivers and are left to them.")
    return KeyTarget(key, owner, GEOMETRY, (), tuple(b.name for b in blocks if b.name not in left))


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


@lru_cache(maxsize=64)
def _detect_bones(names: tuple[str, ...]) -> Detected:
    return detect_bones(names)


def _find_properties(
    objects: list[bpy.types.Object],
    armature: bpy.types.Object | None,
    keys: list[KeyTarget],
    custom: Profile | None,
) -> list[PropertyTarget]:
    """The datablocks of the family whose custom properties are face controls, where no shape key does the same."""
    by_keys = covered(match for target in keys for match in target.matches)
    targets: list[PropertyTarget] = []
    for holder in dict.fromkeys((*objects, *([armature.data] if armature else []))):
        paths = _property_paths(holder)
        driven = _driver_paths(holder)
        detected = _named(tuple(paths), custom)
        matches = tuple(
            m for m in detected.drives if not m.sources <= by_keys and m.key in paths and paths[m.key] not in driven
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


def _find_face(armature: bpy.types.Object, detected: Detected, keys: list[KeyTarget], notes: list[str]) -> Face:
    """The face bones that a performance moves: not those that drivers move, nor what shape keys do on the same mesh."""
    driven = _driver_paths(armature)
    by_bone: dict[str, bool] = {}
    matches: list[Drive] = []
    for match in detected.drives:
        pose = armature.pose.bones.get(match.key)
        if pose is None or any(pose.path_from_id(p) in driven for p in (*_ROTATION_PATHS, "location")):
            continue
        if not match.row.with_keys and _moved_by_keys(match, armature, keys):
            by_bone[match.key] = True
            continue
        matches.append(match)
    if by_bone:
        notes.append(f"{_listed(list(by_bone))} rest, because shape keys do the same on the mesh that they carry.")
    roles = detected.roles
    return Face(detected.profile, tuple(matches), (roles.get("centre_left", ""), roles.get("centre_right", "")))


def _moved_by_keys(match: Drive, armature: bpy.types.Object, keys: list[KeyTarget]) -> bool:
    """Whether a mesh that the bone carries has shape keys for all that the bone would do: it would move twice."""
    bone = armature.data.bones[match.key]
    carried = {bone.name, *(child.name for child in bone.children_recursive)}
    return any(
        match.sources <= covered(target.matches) | {"mouthClose"}
        and carried & {group.name for group in target.owner.vertex_groups}
        for target in keys
    )


def _find_bones(armature: bpy.types.Object, detected: Detected, notes: list[str]) -> BoneGuess:
    """Head, neck and eyes of an armature, without those that drivers turn."""
    bones = armature.data.bones
    roles = {role: name for role, name in detected.roles.items() if name in bones}
    guess = guess_bones(bone.name for bone in bones)
    eyes = roles.get("eye_left", guess.eye_left), roles.get("eye_right", guess.eye_right)
    guess = BoneGuess(guess.head, guess.neck, *eyes)
    head = roles.get("head") or guess.head or _common_parent(bones, guess)
    above = [bone.name for bone in bones[head].parent_recursive] if head else []
    guess = BoneGuess(head, roles.get("neck") or guess_bones(above).neck, *eyes)
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

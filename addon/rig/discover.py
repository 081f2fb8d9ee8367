"""Find a character: all that belongs to the selected object, what of it can be driven, and what cannot and why.

The values here hold Blender references and are for use within one call; nothing keeps them from one tick to the next.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

import bpy

from ..core.detection import Detected, Drive, bone_drives, covered, detect_bones
from ..core.errors import RigError
from ..core.naming import BoneGuess, guess_bones
from .controls import driver_paths, find_keys, find_properties, listed
from .notes import is_fitted, map_of, probed_of
from .parts import Character, Face, Fit, KeyTarget

_ROTATION_PATHS: Final = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")


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
    fitted = next((o for o in objects if is_fitted(o)), None)
    if fitted is not None:
        detected = replace(detected, roles={**probed_of(fitted).roles, **detected.roles})
    bones = _find_bones(armature, detected, notes) if armature else BoneGuess()
    keys = find_keys(objects, bones, custom, notes)
    properties = find_properties(objects, armature, keys, custom)
    fit = _find_fit(fitted, armature, keys) if fitted is not None else None
    face = _find_face(armature, detected, keys, fit, notes) if armature else Face()
    if not keys and not properties and not face.matches and fit is None:
        notes.append("No shape key is named after ARKit or another known convention, so only head and eyes will move.")
    return Character(
        root.name, root, tuple(objects), tuple(keys), armature, bones, tuple(notes), tuple(properties), face, fit
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


@lru_cache(maxsize=64)
def _detect_bones(names: tuple[str, ...]) -> Detected:
    return detect_bones(names)


def _find_fit(owner: bpy.types.Object, armature: bpy.types.Object | None, keys: list[KeyTarget]) -> Fit:
    """What of a mesh that is bound by geometry is free to move: its keys, and the probed bones that no driver moves."""
    free = next((target.fitted for target in keys if target.owner == owner), ())
    probed = probed_of(owner)
    driven = driver_paths(armature) if armature is not None else set()
    poses = {pose.name: pose for pose in armature.pose.bones} if armature is not None else {}
    bones = tuple(p for p in probed.probes if p.bone in poses and not _is_driven(poses[p.bone], driven))
    return Fit(owner, free, bones, probed.unit)


def _is_driven(pose: bpy.types.PoseBone, driven: set[str]) -> bool:
    return any(pose.path_from_id(path) in driven for path in (*_ROTATION_PATHS, "location"))


def _find_face(
    armature: bpy.types.Object, detected: Detected, keys: list[KeyTarget], fit: Fit | None, notes: list[str]
) -> Face:
    """The face bones that follow channels: not those that drivers move, nor what shape keys do on the same mesh.

    Nor those that are solved for by geometry.
    """
    driven = driver_paths(armature)
    solved = {probe.bone for probe in fit.bones} if fit is not None else set()
    by_bone: dict[str, bool] = {}
    matches: list[Drive] = []
    for match in detected.drives:
        pose = armature.pose.bones.get(match.key)
        if pose is None or pose.name in solved or _is_driven(pose, driven):
            continue
        if not match.row.with_keys and _moved_by_keys(match, armature, keys):
            by_bone[match.key] = True
            continue
        matches.append(match)
    if by_bone:
        bones = "The bone" if len(by_bone) == 1 else "The bones"
        rest = "rests" if len(by_bone) == 1 else "rest"
        notes.append(f"{bones} {listed(list(by_bone))} {rest}: shape keys do the same on the mesh that they carry.")
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
    driven = driver_paths(armature)
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

"""Which part of a character a surface is: by what its material and object are called, else by how it is built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import bpy

from ..rig.parts import Character

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "hair": ("brow", "lash", "hair", "beard", "mustache", "moustache", "scalp cap", "fringe", "stubble"),
    "mouth": ("teeth", "tooth", "tongue", "gum", "denture", "mouth", "oral", "saliva"),
    "eyes": ("eye", "iris", "sclera", "pupil", "cornea", "limbus", "glint"),
    "skin": ("skin", "head", "face", "lip", "body", "neck", "ear"),
}
"""Words that name a part, in the order in which they are asked for: an eyebrow is hair and not an eye. An eyelid is
skin, which `_named` minds. After the materials and meshes of the built-in characters, Rigify, Character Creator,
MetaHuman and VRoid; a word stands at the start of a name's word, so that "wear" is not an ear."""
_LID: Final[re.Pattern[str]] = re.compile(r"(eye)?_?lid|eye_?bag|eye_?socket")


def part_of(material: bpy.types.Material | None, owner: bpy.types.Object, character: Character) -> str:
    """The part, one of `core.shot.PARTS`, that a material is on one mesh of a character."""
    return (
        _named(material.name if material is not None else "")
        or _named(owner.name)
        or _built(owner, character)
        or "other"
    )


def _named(name: str) -> str:
    """The part that a name speaks of, or ""."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _LID.search(text):
        return "skin"
    for part, words in WORDS.items():
        if any(re.search(rf"(?<![a-z])(eye)?{word}", text) for word in words):
            return part
    return ""


def _built(owner: bpy.types.Object, character: Character) -> str:
    """The part by structure: what eye bones carry are eyes, what has keys of the face is skin."""
    eyes = {bone for bone in (character.bones.eye_left, character.bones.eye_right) if bone}
    groups = {group.name for group in owner.vertex_groups}
    if eyes and ((owner.parent_type == "BONE" and owner.parent_bone in eyes) or (groups and groups <= eyes)):
        return "eyes"
    return "skin" if any(target.owner == owner for target in character.keys) else ""

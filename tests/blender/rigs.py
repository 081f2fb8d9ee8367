"""Rigify's human, generated on the spot: the metarig, the classic face and the upgraded one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np

LIPS = {
    "metarig": ("lip.T.L", "lip.B.L"),
    "classic": ("DEF-lip.T.L", "DEF-lip.B.L"),
    "skin": ("DEF-lip.T.L", "DEF-lip.B.L"),
}
"""The bones whose heads are the middle of the upper and of the lower lip."""


_GENERATED: dict[str, Path] = {}


def rigify_human(kind: str) -> bpy.types.Object:
    """The human "metarig" that ships with Blender, or what Rigify generates from it: "classic" or "skin" face.

    Generating takes seconds, so that each kind is generated once in a process and opened from a file after that.
    """
    if kind not in _GENERATED:
        _generate(kind)
        _GENERATED[kind] = Path(tempfile.mkdtemp()) / f"{kind}.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(_GENERATED[kind]))
    bpy.ops.wm.open_mainfile(filepath=str(_GENERATED[kind]))
    return next(o for o in bpy.data.objects if o.type == "ARMATURE")


def _generate(kind: str) -> None:
    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    if kind == "metarig":
        bpy.ops.preferences.addon_disable(module="rigify")
        return
    if kind == "skin":
        bpy.ops.pose.rigify_upgrade_face()
    bpy.ops.pose.rigify_generate()
    rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o != metarig)
    bpy.data.objects.remove(metarig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.preferences.addon_disable(module="rigify")


def bone_at(rig: bpy.types.Object, name: str) -> np.ndarray:
    """(3,) world position of a bone's head as the dependency graph shows it now."""
    shown = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(shown.matrix_world @ shown.pose.bones[name].head)


def lip_gap(rig: bpy.types.Object, kind: str) -> float:
    """Vertical distance of the lips now."""
    upper, lower = LIPS[kind]
    return float((bone_at(rig, upper) - bone_at(rig, lower))[2])

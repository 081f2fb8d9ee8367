"""Makes a character in Blender (4.2 to 5.2): meshes, shape keys, materials and an armature.

Blender's axes: the character faces -Y, up is +Z, its left is +X; its eyes are `eye_height` above the floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_text
from .character import build_character
from .model import CharacterModel, Part
from .spec import DEFAULT, CharacterSpec

if TYPE_CHECKING:
    import bpy


def to_blender(points: np.ndarray, eye_height: float) -> np.ndarray:
    """Head axes to Blender's: (...,3) positions."""
    p = np.asarray(points, dtype=np.float64)
    return np.stack([p[..., 0], -p[..., 2], p[..., 1] + eye_height], axis=-1)


def linear(srgb: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """Linear light of sRGB values (IEC 61966-2-1)."""
    c = np.asarray(srgb, dtype=np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


_MATT_IN_SOLID_VIEW = ("pupil", "iris", "limbus", "brow", "lash", "mouth")
_ROUGHNESS = {"sclera": 0.15, "iris": 0.1, "limbus": 0.1, "pupil": 0.1, "teeth": 0.25, "lips": 0.38, "tongue": 0.3}


def _material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    import bpy

    material = bpy.data.materials.new(name)
    rgba = (*linear(colour), 1.0)
    material.diffuse_color = rgba
    # Solid view knows no cornea: a broad highlight would turn the pupil grey.
    material.roughness = 1.0 if name in _MATT_IN_SOLID_VIEW else _ROUGHNESS.get(name, 0.55)
    material.use_nodes = True
    shader = material.node_tree.nodes.get("Principled BSDF")
    if shader is None:
        return material
    shader.inputs["Base Color"].default_value = rgba
    shader.inputs["Roughness"].default_value = _ROUGHNESS.get(name, 0.55)
    if name in ("skin", "lips"):
        attribute = material.node_tree.nodes.new("ShaderNodeAttribute")
        attribute.attribute_name = "Color"
        material.node_tree.links.new(attribute.outputs["Color"], shader.inputs["Base Color"])
    if name == "glint":
        shader.inputs["Emission Color"].default_value = rgba
        shader.inputs["Emission Strength"].default_value = 1.0
    return material


def _mesh(part: Part, local: np.ndarray, materials: dict[str, bpy.types.Material]) -> bpy.types.Mesh:
    import bpy

    mesh = bpy.data.meshes.new(part.name)
    count = len(part.quads)
    mesh.vertices.add(len(local))
    mesh.vertices.foreach_set("co", local.astype(np.float32).ravel())
    mesh.loops.add(count * 4)
    mesh.loops.foreach_set("vertex_index", part.quads.astype(np.int32).ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, count * 4, 4, dtype=np.int32))
    mesh.polygons.foreach_set("material_index", part.slots.astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(count, dtype=bool))
    for name in part.materials:
        mesh.materials.append(materials[name])
    colours = mesh.color_attributes.new("Color", "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([linear(part.colours), np.ones((len(local), 1))], axis=1)
    colours.data.foreach_set("color", rgba.astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    return mesh


def _add_keys(thing: bpy.types.Object, part: Part, local: np.ndarray) -> None:
    if not part.keys:
        return
    thing.shape_key_add(name="Basis", from_mix=False)
    for name, delta in part.keys.items():
        block = thing.shape_key_add(name=name, from_mix=False)
        block.value = 0.0
        moved = local + to_blender(delta, 0.0)
        block.data.foreach_set("co", moved.astype(np.float32).ravel())


def _add_part(
    part: Part,
    model: CharacterModel,
    rig: bpy.types.Object,
    collection: bpy.types.Collection,
    materials: dict[str, bpy.types.Material],
) -> bpy.types.Object:
    import bpy

    origin = to_blender(np.array(part.origin), model.eye_height) if any(part.origin) else np.zeros(3)
    local = to_blender(part.vertices, model.eye_height) - origin
    thing = bpy.data.objects.new(part.name, _mesh(part, local, materials))
    collection.objects.link(thing)
    thing.location = origin
    _add_keys(thing, part, local)
    for bone, weight in part.weights.items():
        group = thing.vertex_groups.new(name=bone)
        for value in np.unique(weight[weight > 0]):
            group.add(np.flatnonzero(weight == value).tolist(), float(value), "REPLACE")
    thing.parent = rig
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    return thing


def _add_armature(
    context: bpy.types.Context, name: str, model: CharacterModel, collection: bpy.types.Collection
) -> bpy.types.Object:
    import bpy

    armature = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, armature)
    collection.objects.link(rig)
    before = context.view_layer.objects.active
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in model.bones:
        made = armature.edit_bones.new(bone.name)
        made.head = to_blender(np.array(bone.head), model.eye_height)
        made.tail = to_blender(np.array(bone.tail), model.eye_height)
        made.parent = armature.edit_bones[bone.parent] if bone.parent else None
        made.use_deform = True
    bpy.ops.object.mode_set(mode="OBJECT")
    context.view_layer.objects.active = before or rig
    return rig


def add_character(
    context: bpy.types.Context,
    name: str = "Soliloquy",
    collection: bpy.types.Collection | None = None,
    spec: CharacterSpec = DEFAULT,
) -> bpy.types.Object:
    """Add a character to the scene and return its armature.

    Makes the objects Head, EyeLeft, EyeRight, TeethUpper, TeethLower, Tongue and Hair under an armature `name` with
    the bones root, neck, head, eye_left and eye_right, in `collection` (a new one called `name` when None). Blender
    numbers names that are taken. Must be called in object mode.
    """
    import bpy

    model = build_character(spec)
    if collection is None:
        collection = bpy.data.collections.new(name)
        context.scene.collection.children.link(collection)
    rig = _add_armature(context, name, model, collection)
    used = {name for part in model.parts for name in part.materials}
    materials = {key: _material(key, colour) for key, colour in model.palette.items() if key in used}
    for part in model.parts:
        made = _add_part(part, model, rig, collection, materials)
        marks = [(number, mark.vertex) for number, mark in enumerate(model.landmarks) if mark.part == part.name]
        if marks:
            made[LANDMARKS_PROPERTY] = landmarks_text(marks)
    context.view_layer.update()
    return rig

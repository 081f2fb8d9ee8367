"""Makes a character in Blender (4.2 to 5.2): meshes, shape keys, materials and an armature.

Blender's axes: the character faces -Y, up is +Z, its left is +X; its eyes are `eye_height` above the floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..core.colour import linear
from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_text
from .character import build_character
from .materials import COLOUR_ATTRIBUTE, make_material
from .model import CharacterModel, Corrective, Part
from .spec import DEFAULT, CharacterSpec

if TYPE_CHECKING:
    import bpy


LANDMARK_GROUP: Final[str] = "landmark_"
"""The 70 face landmarks are vertex groups of one vertex each, numbered in iBUG's order; 68 and 69 are the pupils."""


def to_blender(points: np.ndarray, eye_height: float) -> np.ndarray:
    """Head axes to Blender's: (...,3) positions."""
    p = np.asarray(points, dtype=np.float64)
    return np.stack([p[..., 0], -p[..., 2], p[..., 1] + eye_height], axis=-1)


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
    colours = mesh.color_attributes.new(COLOUR_ATTRIBUTE, "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([linear(part.colours), np.ones((len(local), 1))], axis=1)
    colours.data.foreach_set("color", rgba.astype(np.float32).ravel())
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", part.uv.astype(np.float32).ravel())
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
    for name, corrective in part.correctives.items():
        block = thing.shape_key_add(name=name, from_mix=False)
        block.data.foreach_set("co", (local + to_blender(corrective.delta, 0.0)).astype(np.float32).ravel())
        _drive(thing.data.shape_keys, block, corrective)


def _drive(keys: bpy.types.Key, block: bpy.types.ShapeKey, corrective: Corrective) -> None:
    """Let a corrective follow the keys that it meets; the expression is one that Blender needs no Python for."""
    driver = block.driver_add("value").driver
    driver.type = "SCRIPTED"
    letters = {name: chr(ord("a") + number) for number, name in enumerate(corrective.keys)}
    for name, letter in letters.items():
        variable = driver.variables.new()
        variable.name = letter
        variable.targets[0].id_type = "KEY"
        variable.targets[0].id = keys
        variable.targets[0].data_path = f'key_blocks["{name}"].value'
    terms = [(letters[key] if isinstance(key, str) else f"{key}", other) for key, other in corrective.factors]
    product = " * ".join(f"max({term} - {letters[other]}, 0)" if other else term for term, other in terms)
    driver.expression = product if corrective.full == 1.0 else f"min({product} / {corrective.full}, 1)"


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
    armature.display_type = "STICK"  # solid bones stand in the open mouth and poke through the chin
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

    Makes the objects Head, EyeLeft, EyeRight, CorneaLeft, CorneaRight, TeethUpper, GumsUpper, TeethLower, GumsLower,
    Tongue and Hair under an armature `name` with the bones root, neck, head, jaw, eye_left and eye_right, in
    `collection` (a new one called `name` when None). Blender numbers names that are taken. Must be called in object
    mode.
    """
    import bpy

    model = build_character(spec)
    if collection is None:
        collection = bpy.data.collections.new(name)
        context.scene.collection.children.link(collection)
    rig = _add_armature(context, name, model, collection)
    used = {name for part in model.parts for name in part.materials}
    clear = (1.0, 1.0, 1.0)
    materials = {key: make_material(key, model.palette.get(key, clear)) for key in sorted(used)}
    for part in model.parts:
        made = _add_part(part, model, rig, collection, materials)
        marks = [(number, mark.vertex) for number, mark in enumerate(model.landmarks) if mark.part == part.name]
        if marks:
            made[LANDMARKS_PROPERTY] = landmarks_text(marks)
        for number, vertex in marks:
            made.vertex_groups.new(name=f"{LANDMARK_GROUP}{number:02d}").add([vertex], 1.0, "REPLACE")
    context.view_layer.update()
    return rig

"""A portrait studio in Blender: three-point light, a camera at portrait length, and what a render needs.

For files of a character of its own; `add_character` never adds lights to an artist's scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import bpy

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Lamp:
    """An area light: where it stands from the face (Blender's axes, metres), watts, size in metres, colour.

    One that is not `mirrored` lights without being seen in what shines: an eye has one bright spot, not two.
    """

    name: str
    place: Vector
    power: float
    size: float
    colour: Vector
    mirrored: bool = True


LAMPS: Final[tuple[Lamp, ...]] = (
    Lamp("Key", (-0.75, -1.10, 0.70), 21.0, 0.60, (1.0, 0.94, 0.87)),
    Lamp("Fill", (0.60, -1.20, -0.15), 9.0, 0.90, (0.86, 0.92, 1.0), mirrored=False),
    Lamp("Rim", (0.70, 0.85, 0.75), 15.0, 0.45, (0.93, 0.96, 1.0)),
)
LENS: Final[float] = 85.0
"""Millimetres on a 36 mm sensor: portrait length."""
SENSOR: Final[float] = 36.0
FRAME: Final[float] = 0.31
"""Height and width of the picture at the face, metres."""
_LOWERED: Final[float] = 0.012
"""The middle of the picture is this far below the eyes."""
_WORLD: Final[Vector] = (0.070, 0.074, 0.082)


def add_studio(context: bpy.types.Context, name: str, eyes: Vector) -> bpy.types.Object:
    """Add lights and a camera for a face whose eyes' middle is at `eyes`; returns the camera, the scene's own now."""
    import bpy
    from mathutils import Vector as Place

    collection = bpy.data.collections.new(name)
    context.scene.collection.children.link(collection)
    face = Place(eyes) - Place((0.0, 0.0, _LOWERED))
    for lamp in LAMPS:
        light = bpy.data.lights.new(lamp.name, "AREA")
        light.energy, light.size, light.color = lamp.power, lamp.size, lamp.colour
        # EEVEE: without jitter the shadow of the hair on the forehead is a band of specks.
        light.use_shadow_jitter, light.specular_factor = True, float(lamp.mirrored)
        thing = bpy.data.objects.new(lamp.name, light)
        collection.objects.link(thing)
        thing.location, thing.visible_glossy = face + Place(lamp.place), lamp.mirrored
        thing.rotation_euler = (-Place(lamp.place)).to_track_quat("-Z", "Y").to_euler()
    lens = bpy.data.cameras.new("Portrait")
    lens.lens, lens.sensor_width = LENS, SENSOR
    camera = bpy.data.objects.new("Portrait", lens)
    collection.objects.link(camera)
    away = Place((0.0, -FRAME * LENS / SENSOR, 0.0))
    camera.location = face + away
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
    context.scene.camera = camera
    _set_world(context.scene)
    return camera


def _set_world(scene: bpy.types.Scene) -> None:
    import bpy

    world = bpy.data.worlds.new("Studio")
    if world.node_tree is None:
        world.use_nodes = True
    for node in world.node_tree.nodes if world.node_tree else ():
        if node.type == "BACKGROUND":
            node.inputs["Color"].default_value = (*_WORLD, 1.0)
    scene.world = world
    scene.view_settings.view_transform = "Standard"


def set_render(scene: bpy.types.Scene, engine: str, size: int, samples: int) -> None:
    """Square pictures of `size` pixels by "CYCLES" or "EEVEE", with noise taken out where that is built in."""
    render = scene.render
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    engines = {item.identifier for item in type(render).bl_rna.properties["engine"].enum_items}
    eevee = next((name for name in ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE") if name in engines), "BLENDER_EEVEE_NEXT")
    render.engine = "CYCLES" if engine == "CYCLES" else eevee
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising = samples, True
        scene.cycles.max_bounces = 6
        scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    else:
        scene.eevee.taa_render_samples = samples

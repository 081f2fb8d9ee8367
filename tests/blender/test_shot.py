"""A shot is what the scene's camera sees: place for place, whatever it does, and the scene is left as it was."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from addon.core.errors import RigError
from addon.core.shot import Shot
from addon.preview.shoot import CAMERA, FACE, Framing, read_shot
from addon.rig.discover import find_character
from tests.blender import scenes

FRAMES = (1, 5, 9)


def add_camera(**settings: Any) -> bpy.types.Object:
    """A camera before the face that moves and zooms over the first ten frames."""
    data = bpy.data.cameras.new("Camera")
    for name, value in settings.items():
        setattr(data, name, value)
    camera = bpy.data.objects.new("Camera", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    camera.rotation_euler = (math.radians(86), 0.05, 0.1)
    for frame, place, lens in ((1, (0.1, -3.0, 1.5), 60.0), (10, (-0.3, -4.0, 1.8), 85.0)):
        camera.location, data.lens = place, lens
        camera.keyframe_insert("location", frame=frame)
        data.keyframe_insert("lens", frame=frame)
    return camera


def pixels(shot: Shot, frame: int) -> np.ndarray:
    """(V,2) where the shot's one camera sees its vertices, pixels from the bottom left corner."""
    points = shot.vertices[frame].astype(np.float64)
    focal = shot.height / 2 / math.tan(shot.field_of_view / 2)
    return points[:, :2] / -points[:, 2:] * focal + (shot.width / 2, shot.height / 2)


def seen_by_blender(shot: Shot, objects: list[bpy.types.Object]) -> np.ndarray:
    """(N,2) the evaluated vertices of all meshes as Blender's camera sees them, in the shot's pixels."""
    scene = bpy.context.scene
    points = np.concatenate([scenes.evaluated_points(thing) for thing in objects])
    seen = np.array([world_to_camera_view(scene, scene.camera, Vector(point)) for point in points])
    return seen[:, :2] * (shot.width, shot.height)


@pytest.mark.parametrize(
    ("resolution", "pixel", "settings"),
    [
        ((640, 480), (1.0, 1.0), {}),
        ((480, 640), (1.0, 1.0), {"shift_x": 0.12, "shift_y": -0.2}),
        ((720, 576), (16.0, 11.0), {"sensor_fit": "VERTICAL", "sensor_height": 20.0, "shift_x": -0.1}),
        ((300, 400), (1.0, 1.5), {"sensor_fit": "HORIZONTAL", "sensor_width": 30.0}),
        ((640, 480), (1.0, 1.0), {"type": "ORTHO", "ortho_scale": 2.0, "shift_y": 0.1}),
    ],
)
def test_it_is_seen_where_blenders_camera_sees_it(
    resolution: tuple[int, int], pixel: tuple[float, float], settings: dict[str, Any]
) -> None:
    rig, scene = scenes.add_character(), bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = resolution
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = pixel
    add_camera(**settings)
    rig.pose.bones["head"].rotation_quaternion = (0.98, 0.1, 0.15, 0.05)
    character = find_character(rig)
    shot = read_shot(bpy.context, character, FRAMES, 24.0, Framing(CAMERA, 512))
    meshes = [thing for thing in character.objects if thing.type == "MESH"]
    assert shot.subject.vertex_count == sum(len(thing.data.vertices) for thing in meshes)
    for number, frame in enumerate(FRAMES):
        scene.frame_set(frame)
        # Width is rounded to whole pixels, so places are compared in the shot's own.
        np.testing.assert_allclose(pixels(shot, number), seen_by_blender(shot, meshes), atol=0.1)


def test_the_square_round_the_face_is_a_part_of_the_cameras_picture() -> None:
    rig = scenes.add_character()
    add_camera()
    shot = read_shot(bpy.context, find_character(rig), FRAMES, 24.0, Framing(FACE, 256))
    assert (shot.width, shot.height) == (256, 256)
    for number in range(len(FRAMES)):
        seen = pixels(shot, number)  # four points are no face, so it is all of it that is framed
        assert ((seen > 0) & (seen < 256)).all()


def test_without_a_camera_the_face_is_seen_from_straight_ahead() -> None:
    rig = scenes.add_character()
    rig.rotation_euler.z = 1.0
    for ball in ("Ball eye.L", "Ball eye.R"):
        bpy.data.objects[ball].hide_render = True
    bpy.context.view_layer.update()
    shot = read_shot(bpy.context, find_character(rig), [1], 24.0, Framing(FACE, 256))
    left, right, nose, back = pixels(shot, 0)
    assert left[0] > right[0] + 10  # the character's left is the viewer's right
    assert nose[0] == pytest.approx(back[0], abs=1.0)
    assert shot.vertices[0, 2, 2] > shot.vertices[0, 3, 2]


def test_frame_mode_and_selection_stay() -> None:
    rig, scene = scenes.add_character(), bpy.context.scene
    add_camera()
    scene.frame_set(7, subframe=0.5)
    mesh = bpy.data.objects["Face"]
    mesh.select_set(True)
    bpy.context.view_layer.objects.active = mesh
    read_shot(bpy.context, find_character(rig), FRAMES, 24.0, Framing())
    assert (scene.frame_current, scene.frame_subframe) == (7, 0.5)
    assert bpy.context.view_layer.objects.active == mesh
    assert [thing.name for thing in bpy.context.selected_objects] == ["Face"]


def test_materials_become_surfaces_with_parts_and_textures() -> None:
    from addon.character.build import add_character

    rig = add_character(bpy.context)
    picture = bpy.data.images.new("painted", 2048, 1024)
    picture.generated_color = (1.0, 0.0, 0.0, 1.0)
    skin = next(m for m in bpy.data.objects["Tongue"].data.materials)
    node = skin.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = picture
    shader = next(n for n in skin.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    skin.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    shot = read_shot(bpy.context, find_character(rig), [1], 24.0, Framing())
    parts = {surface.name: surface.part for surface in shot.subject.surfaces}
    assert parts == {
        "skin": "skin", "lips": "skin", "mouth": "mouth", "brow": "hair", "lash": "hair", "hair": "hair",
        "teeth": "mouth", "gums": "mouth", "tongue": "mouth",
        "sclera": "eyes", "limbus": "eyes", "iris": "eyes", "pupil": "eyes", "glint": "eyes",
    }  # fmt: skip
    texture = next(s.texture for s in shot.subject.surfaces if s.name == "tongue")
    assert texture is not None
    assert texture.shape == (512, 1024, 3)
    assert texture[0, 0].tolist() == [255, 0, 0]
    assert (shot.subject.landmarks >= 0).all()
    again = Shot.from_bytes(shot.to_bytes())
    np.testing.assert_allclose(again.vertices, shot.vertices, atol=1e-4)


def test_a_picture_that_several_materials_share_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from addon.preview import shoot

    rig, asked = scenes.add_character(), []
    read_texture = shoot.texture_of
    monkeypatch.setattr(shoot, "texture_of", lambda image: asked.append(image) or read_texture(image))
    picture = bpy.data.images.new("atlas", 8, 8)
    for thing in (thing for thing in bpy.data.objects if thing.type == "MESH"):
        material = bpy.data.materials.new(thing.name)
        material.use_nodes = True
        node = material.node_tree.nodes.new("ShaderNodeTexImage")
        node.image = picture
        shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
        thing.data.materials.append(material)
    shot = read_shot(bpy.context, find_character(rig), [1], 24.0, Framing())
    assert asked == [picture]
    assert len(shot.subject.surfaces) == 3
    assert all(surface.texture is not None for surface in shot.subject.surfaces)


def test_what_is_not_rendered_and_clear_surfaces_are_left_out() -> None:
    rig = scenes.add_character()
    bpy.data.objects["Ball eye.L"].hide_render = True
    glass = bpy.data.materials.new("glass")
    glass.use_nodes = True
    shader = next(n for n in glass.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Transmission Weight"].default_value = 1.0
    face = bpy.data.objects["Face"]
    face.data.materials.append(bpy.data.materials.new("skin"))
    face.data.materials.append(glass)
    face.data.polygons[1].material_index = 1
    shot = read_shot(bpy.context, find_character(rig), [1], 24.0, Framing())
    assert len(shot.subject.triangles) == 1 + 2  # of the face one, and the right eye's
    for thing in bpy.data.objects:
        thing.hide_render = True
    with pytest.raises(RigError, match="no mesh that is rendered"):
        read_shot(bpy.context, find_character(rig), [1], 24.0, Framing())


def test_a_panoramic_camera_is_refused_with_a_sentence() -> None:
    rig = scenes.add_character()
    add_camera(type="PANO")
    with pytest.raises(RigError, match="panoramic"):
        read_shot(bpy.context, find_character(rig), [1], 24.0, Framing())

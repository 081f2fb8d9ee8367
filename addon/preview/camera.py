"""The camera of a shot: the scene's own at one frame, or a portrait camera before a face where the scene has none."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..core.errors import RigError
from .view import View

PORTRAIT: Final[float] = 36.0 / 85.0
"""Width of what a portrait lens sees by its distance: 85 mm on a 36 mm sensor, as in `character.studio`."""


def scene_view(scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> View:
    """What the scene's camera sees at the present frame: where it stands, lens, shift, sensor fit, pixel aspect.

    Raises RigError where there is no camera, or its picture is not flat.
    """
    camera = scene.camera
    if camera is None or camera.type != "CAMERA":
        raise RigError("shot.camera", "The scene has no camera at this frame; add one, or frame the face instead.")
    if camera.data.type not in ("PERSP", "ORTHO"):
        raise RigError("shot.panorama", "The scene's camera is panoramic; a preview needs one with a flat picture.")
    shown, render = camera.evaluated_get(graph), scene.render
    lens = shown.calc_matrix_camera(
        graph,
        x=render.resolution_x,
        y=render.resolution_y,
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    return View(np.array(shown.matrix_world.normalized().inverted()), np.array(lens))


def scene_aspect(scene: bpy.types.Scene) -> float:
    """Width of the scene's picture by its height, as it is looked at."""
    render = scene.render
    return render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)


def portrait_view(points: np.ndarray, frame: np.ndarray, room: float) -> View:
    """A square view straight at the points of a face (N,3), `room` times as wide as their box.

    The columns of `frame` (3,3) are the face's left, up and out of it, in the scene, which to the viewer are right,
    up and towards.
    """
    local = points @ frame
    low, high = local.min(axis=0), local.max(axis=0)
    distance = room * float((high - low)[:2].max()) / PORTRAIT
    eye = np.eye(4)
    eye[:3, :3] = frame.T
    eye[:3, 3] = -(low + high) / 2 - (0.0, 0.0, distance)
    lens = np.diag([2.0 / PORTRAIT, 2.0 / PORTRAIT, -1.0, 0.0])
    lens[3, 2] = -1.0
    return View(eye, lens)

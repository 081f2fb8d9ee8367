"""A shot from Blender as the rasteriser takes it: a mesh with its textures, and the camera at the origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from addon.core.errors import RequestError
from addon.core.shot import Shot, Subject
from backend.generator.interface import LatentTrack

from .scene import Camera, Mesh
from .texture import Texturing, shrunk

FRAME: Final[str] = "frame"
"""The curve of a track that says which frame of the shot is seen: change it to hold, to repeat or to stretch."""
SAMPLES: Final[Mapping[str, int]] = {"draft": 1, "final": 2}
"""Samples along each side of a pixel, by quality."""
SHINE: Final[float] = 0.5
"""How much of a surface's specular the rasteriser's point lights take, as in the demo's pictures."""
TEXELS_PER_PIXEL: Final[int] = 2
"""Textures are halved down to this many texels for each pixel of the picture's longer side: finer ones flicker."""


def mesh_of(subject: Subject, size: int) -> Mesh:
    """The subject as a mesh for pictures of `size` pixels: vertex colours, the surfaces' specular, their textures."""
    shine = np.zeros(subject.vertex_count, np.float32)
    of_face = np.array([surface.specular for surface in subject.surfaces], np.float32)[subject.surface]
    shine[subject.triangles] = SHINE * of_face[:, None]
    return Mesh(
        triangles=subject.triangles, colours=subject.colours, specular=shine, texturing=_texturing(subject, size)
    )


def camera_of(shot: Shot) -> Camera:
    """The camera of a shot: at the origin, looking along -z."""
    return Camera((0.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), shot.field_of_view, shot.width, shot.height)


def _texturing(subject: Subject, size: int) -> Texturing | None:
    painted = {k: surface.texture for k, surface in enumerate(subject.surfaces) if surface.texture is not None}
    if not painted:
        return None
    number = np.full(len(subject.surfaces), -1)
    number[list(painted)] = np.arange(len(painted))
    pictures = tuple(shrunk(picture, TEXELS_PER_PIXEL * size) for picture in painted.values())
    return Texturing(subject.uv, number[subject.surface], pictures)


def timing_of(shot: Shot, generator: str) -> LatentTrack:
    """A shot's latents: "frame" (T,1), which of its frames to show when; the motion itself is the rig's."""
    frames = np.arange(shot.frame_count, dtype=np.float32)[:, None]
    return LatentTrack(generator, shot.fps, {FRAME: frames}, dict(shot.meta))


def vertices_of(track: LatentTrack, shot: Shot) -> np.ndarray:
    """(T,V,3) of the frames that a track shows; a fraction lies between two. Raises RequestError for another track."""
    if FRAME not in track.curves:
        raise RequestError("latents.frame", "The latent track does not say which frames of the shot to show.")
    place = np.clip(track.curves[FRAME][:, 0], 0, shot.frame_count - 1)
    low = place.astype(np.int64)
    share = (place - low)[:, None, None]
    if not share.any():
        return shot.vertices[low]
    return shot.vertices[low] * (1 - share) + shot.vertices[np.minimum(low + 1, shot.frame_count - 1)] * share

"""Reads a shot off Blender: all that is seen of a character, as it is evaluated over some frames, before the camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import bpy
import numpy as np

from ..core.errors import RigError
from ..core.performance import LANDMARKS
from ..core.shot import MAX_SIZE, Shot, Subject, Surface
from ..rig.dump import MeshFrames, read_meshes
from ..rig.look import colour_image, plain_colour
from ..rig.parts import Character
from ..rig.structure import key_points, scene_axes
from .camera import portrait_view, scene_aspect, scene_view
from .parts import part_of
from .texture import texture_of
from .view import View, Window, fold

FACE: Final[str] = "FACE"
CAMERA: Final[str] = "CAMERA"
ROOM: Final[float] = 2.2
"""Side of the square round a face by its landmarks' box, which is about 14 cm wide: a head with its hair fits."""
LIFT: Final[float] = 0.16
"""How far above the middle of the landmarks' box, in its heights, that square's middle lies: there is a forehead."""
LEAST_FACE: Final[int] = 4
"""Fewer vertices than this say nothing of a face's size."""
_MOVED: Final[float] = 0.02
"""A vertex belongs to the face when a key moves it by this part of the furthest move of any."""
Joined = tuple[np.ndarray, np.ndarray]
"""See `_joined`."""


@dataclass(frozen=True)
class Framing:
    """What of the scene is in the picture: "FACE" is a square round it, "CAMERA" the camera's whole frame.

    `height` of the pictures in pixels. Without a camera in the scene the face is seen from straight ahead.
    """

    kind: str = FACE
    height: int = 512


@dataclass(frozen=True, eq=False)
class Reading:
    """A character over T frames, as it stands in the scene: `vertices` (T,V,3) and the camera of each frame.

    `face` (N,) are the vertices that a picture of the face is framed by; `aspect` the camera's width by its height.
    """

    subject: Subject
    vertices: np.ndarray
    views: tuple[View, ...]
    face: np.ndarray
    aspect: float

    def window(self) -> Window:
        """The square of the camera's picture that holds the face in every frame."""
        places = [view.places(points[self.face]) for view, points in zip(self.views, self.vertices, strict=True)]
        return Window.around(np.stack(places), ROOM, LIFT, self.aspect)


def read_shot(
    context: bpy.types.Context, character: Character, frames: Sequence[int], fps: float, framing: Framing
) -> Shot:
    """The shot of a character at scene `frames`; the scene's own frame is put back.

    Raises RigError when nothing of it can be seen, or the camera's picture is not flat.
    """
    reading = read(context, character, frames)
    whole = framing.kind == CAMERA and context.scene.camera is not None
    aspect = reading.aspect if whole else 1.0
    height = min(framing.height, MAX_SIZE, int(MAX_SIZE / aspect))
    meta = {"character": character.name, "first": int(frames[0]), "last": int(frames[-1])}
    return shot_of(reading, Window() if whole else reading.window(), max(1, round(height * aspect)), height, fps, meta)


def shot_of(
    reading: Reading, window: Window, width: int, height: int, fps: float, meta: Mapping[str, Any] | None = None
) -> Shot:
    """The shot of what was read, seen through `window`, in pictures of `width` by `height` pixels."""
    vertices, angle = fold(reading.vertices, reading.views, window, width / height)
    return Shot(reading.subject, vertices, angle, width, height, fps, meta or {})


def read(context: bpy.types.Context, character: Character, frames: Sequence[int]) -> Reading:
    """All that is seen of a character at scene `frames`, and from where. Raises RigError; see `read_shot`."""
    scene, views = context.scene, []
    filmed = scene.camera is not None
    at_frame = (lambda graph: views.append(scene_view(scene, graph))) if filmed else None
    meshes = read_meshes(context, character.objects, frames, at_frame)
    if not meshes:
        raise RigError("shot.nothing", f"{character.name} has no mesh that is rendered.", character.name)
    joined = [_joined(mesh) for mesh in meshes]
    subject, vertices = _subject(character, meshes, joined)
    face = _face_vertices(character, meshes, joined, subject.landmarks)
    if not filmed:
        views = [portrait_view(vertices[0, face], scene_axes(character), ROOM)] * len(vertices)
    return Reading(subject, vertices, tuple(views), face, scene_aspect(scene) if filmed else 1.0)


def _subject(
    character: Character, meshes: Sequence[MeshFrames], joined: Sequence[Joined]
) -> tuple[Subject, np.ndarray]:
    """The surface of all meshes together, and its vertices (T,V,3) in the scene."""
    texture = cache(texture_of)  # meshes share materials, and materials share images
    surfaces: list[Surface] = []
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("triangles", "uv", "surface", "colours", "vertices")}
    landmarks = np.full(LANDMARKS, -1, dtype=np.int32)
    count = 0
    for mesh, (kept, stands_for) in zip(meshes, joined, strict=True):
        for number, vertex in mesh.landmarks:
            landmarks[number] = stands_for[vertex] + count
        parts["triangles"].append(stands_for[mesh.triangles] + count)
        parts["uv"].append(mesh.uv)
        parts["surface"].append(mesh.slots + len(surfaces))
        parts["colours"].append(mesh.colours[kept])
        parts["vertices"].append(mesh.vertices[:, kept])
        surfaces += _surfaces(character, mesh, texture)
        count += len(kept)
    if len(surfaces) > np.iinfo(np.uint8).max:
        raise RigError("shot.materials", f"{character.name} has more than 255 materials on its meshes.", character.name)
    subject = Subject(
        np.concatenate(parts["triangles"]).astype(np.int32),
        np.concatenate(parts["uv"]).astype(np.float32),
        np.concatenate(parts["surface"]).astype(np.uint8),
        np.concatenate(parts["colours"]).astype(np.float32),
        tuple(surfaces),
        landmarks,
    )
    return subject, np.concatenate(parts["vertices"], axis=1)


def _joined(mesh: MeshFrames) -> Joined:
    """Vertices to keep (K,), one for each point and colour, and for each vertex (V,) which of them stands for it.

    Where two materials meet in the same colour their vertices are one again, so that light crosses without a seam.
    """
    keys = np.column_stack([mesh.source.astype(np.float64), mesh.colours.astype(np.float64)])
    _, kept, joined = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return kept, joined.reshape(-1)


def _surfaces(
    character: Character, mesh: MeshFrames, texture: Callable[[bpy.types.Image | None], np.ndarray | None]
) -> list[Surface]:
    owner = next(thing for thing in character.objects if thing.name == mesh.name)
    return [
        Surface(
            material.name if material else mesh.name,
            part_of(material, owner, character),
            plain_colour(material),
            float(material.specular_intensity) if material else 0.0,
            texture(colour_image(material)),
        )
        for material in mesh.materials
    ]


def _face_vertices(
    character: Character, meshes: Sequence[MeshFrames], joined: Sequence[Joined], landmarks: np.ndarray
) -> np.ndarray:
    """Vertices of the whole surface that are the face: landmarks, else what keys of the face move, else all."""
    if len(marked := landmarks[landmarks >= 0]) >= LEAST_FACE:
        return marked
    moved: list[np.ndarray] = []
    count = 0
    owners = {target.owner.name: target for target in character.keys}
    for mesh, (kept, _) in zip(meshes, joined, strict=True):
        if target := owners.get(mesh.name):
            moves = _moves(target.key)
            points = np.minimum(mesh.source[kept], len(moves) - 1)  # modifiers may have added vertices
            moved.append(np.flatnonzero(moves[points]) + count)
        count += len(kept)
    found = np.concatenate(moved) if moved else np.zeros(0, dtype=np.int64)
    return found if len(found) >= LEAST_FACE else np.arange(count)


def _moves(key: bpy.types.Key) -> np.ndarray:
    """(V,) whether some shape key moves a vertex noticeably."""
    blocks = [block for block in key.key_blocks if block != key.reference_key]
    furthest = np.max([np.linalg.norm(key_points(b) - key_points(b.relative_key), axis=1) for b in blocks], axis=0)
    return furthest > _MOVED * float(furthest.max())

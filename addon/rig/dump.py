"""Evaluated meshes as arrays, frame by frame, so that something else than Blender can draw what Blender shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import RigError
from ..core.landmarks import LANDMARKS_PROPERTY, landmarks_of
from .look import is_clear, vertex_colours


@dataclass(frozen=True, eq=False)
class MeshFrames:
    """One object over time, as the dependency graph shows it.

    Vertices where two materials meet are doubled, so that each has one colour.
    vertices  (T,V,3) float32, world space; triangles (F,3) int32, counter-clockwise from outside
    colours   (V,3) float32, linear RGB: of a linked colour attribute, which replaces the base colour, else of that
    specular  (V,) float32 in 0..1, as the materials have it for the viewport
    source    (V,) int32, the vertex of the mesh that each one is
    uv        (F,3,2) float32, the active UV map at the corners of each triangle; zeros where there is none
    slots     (F,) int32, the number in `materials` of each triangle
    materials one for each slot, None where it is empty; one None where there are no slots
    landmarks (number, vertex) pairs of the face landmarks that the mesh is marked with, vertices counted as here
    """

    name: str
    vertices: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    specular: np.ndarray
    source: np.ndarray
    uv: np.ndarray
    slots: np.ndarray
    materials: tuple[bpy.types.Material | None, ...]
    landmarks: tuple[tuple[int, int], ...] = ()


def read_meshes(
    context: bpy.types.Context,
    objects: Sequence[bpy.types.Object],
    frames: Sequence[int],
    at_frame: Callable[[bpy.types.Depsgraph], None] | None = None,
) -> tuple[MeshFrames, ...]:
    """The meshes among `objects` that are rendered, at scene `frames`; the scene's own frame is put back.

    What is clear, as a cornea, is left out. `at_frame` is told the scene as it is evaluated at each frame. Raises
    RigError when a mesh changes its vertices' number from frame to frame, which no array can hold.
    """
    scene = context.scene
    before, part = scene.frame_current, scene.frame_subframe
    meshes = [o for o in objects if o.type == "MESH" and not o.hide_render and o.data.polygons and not _clear(o)]
    positions: list[list[np.ndarray]] = [[] for _ in meshes]
    try:
        for frame in frames:
            scene.frame_set(frame)
            graph = context.evaluated_depsgraph_get()
            for series, thing in zip(positions, meshes, strict=True):
                series.append(_world_positions(thing.evaluated_get(graph)))
            if at_frame is not None:
                at_frame(graph)
        surfaces = [_surface(thing.evaluated_get(context.evaluated_depsgraph_get())) for thing in meshes]
    finally:
        scene.frame_set(before, subframe=part)
    for thing, series in zip(meshes, positions, strict=True):
        if len({len(points) for points in series}) > 1:
            raise RigError("dump.topology", "This mesh changes its number of vertices over time.", thing.name)
    return tuple(
        MeshFrames(
            thing.name,
            np.stack(series)[:, surface["source"]],
            **surface,
            landmarks=_landmarks(thing, surface["source"]),
        )
        for thing, series, surface in zip(meshes, positions, surfaces, strict=True)
    )


def save_meshes(path: Path, meshes: Sequence[MeshFrames], frames: Sequence[int], fps: float) -> None:
    """Write an .npz: `names` (O,), `frames` (T,) int64, `fps`, and some arrays of each mesh. Raises OSError.

    Of mesh i they are `vertices_i`, `triangles_i`, `colours_i`, `specular_i` and `source_i`, as `MeshFrames` has them.
    `landmarks` (L,3) int32 are the face landmarks that are marked: number, mesh, vertex.
    """
    arrays: dict[str, Any] = {
        "names": np.array([mesh.name for mesh in meshes]),
        "frames": np.array(frames, dtype=np.int64),
        "fps": np.float64(fps),
        "landmarks": np.array(
            sorted((number, i, vertex) for i, mesh in enumerate(meshes) for number, vertex in mesh.landmarks),
            dtype=np.int32,
        ).reshape(-1, 3),
    }
    for position, mesh in enumerate(meshes):
        for name in ("vertices", "triangles", "colours", "specular", "source"):
            arrays[f"{name}_{position}"] = getattr(mesh, name)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def _clear(thing: bpy.types.Object) -> bool:
    """Whether all its materials are see-through, as a cornea's is."""
    materials = [slot.material for slot in thing.material_slots]
    return bool(materials) and all(map(is_clear, materials))


def _landmarks(thing: bpy.types.Object, source: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The marked landmarks, at the first of the vertices here that stand for the marked one."""
    if LANDMARKS_PROPERTY not in thing:
        return ()
    marks = landmarks_of(thing[LANDMARKS_PROPERTY])
    return tuple((number, int(np.argmax(source == vertex))) for number, vertex in marks if np.any(source == vertex))


def _world_positions(shown: bpy.types.Object) -> np.ndarray:
    mesh = shown.to_mesh()
    local = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", local)
    shown.to_mesh_clear()
    matrix = np.array(shown.matrix_world, dtype=np.float32)
    return local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def _surface(shown: bpy.types.Object) -> dict[str, Any]:
    """Triangles over vertices that are one for each pair of mesh vertex and material, with their colours."""
    mesh = shown.to_mesh()
    materials = [slot.material for slot in shown.material_slots] or [None]
    corners, loops, slots = _triangles(mesh, materials)
    pairs, triangles = np.unique(corners * len(materials) + slots[:, None], return_inverse=True)
    source, slot = (pairs // len(materials)).astype(np.int32), pairs % len(materials)
    painted = [vertex_colours(material, mesh) for material in materials]
    surface = {
        "triangles": triangles.reshape(-1, 3).astype(np.int32),
        "colours": np.stack([painted[s][v] for s, v in zip(slot, source, strict=True)]).astype(np.float32),
        "specular": np.array([m.specular_intensity if m else 0.0 for m in materials], dtype=np.float32)[slot],
        "source": source,
        "uv": _uv(mesh)[loops],
        "slots": slots,
        "materials": tuple(m.original if m else None for m in materials),
    }
    shown.to_mesh_clear()
    return surface


def _triangles(
    mesh: bpy.types.Mesh, materials: Sequence[bpy.types.Material | None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (F,3), loops (F,3) and materials (F,) of the triangles of a mesh that are not of a clear material."""
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    corners, loops = np.empty(count * 3, dtype=np.int32), np.empty(count * 3, dtype=np.int32)
    slots = np.empty(count, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    mesh.loop_triangles.foreach_get("loops", loops)
    mesh.loop_triangles.foreach_get("material_index", slots)
    slots = np.clip(slots, 0, len(materials) - 1)
    seen = ~np.array([is_clear(material) for material in materials])[slots]
    return corners.reshape(-1, 3)[seen], loops.reshape(-1, 3)[seen], slots[seen]


def _uv(mesh: bpy.types.Mesh) -> np.ndarray:
    """(L,2) the active UV map at each loop."""
    flat = np.zeros(len(mesh.loops) * 2, dtype=np.float32)
    if mesh.uv_layers.active is not None:
        mesh.uv_layers.active.data.foreach_get("uv", flat)
    return flat.reshape(-1, 2)

"""After a bake: whether the face really moved, as the dependency graph shows it, and why not if it did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy
import numpy as np

from .actions import Track
from .parts import Character

LEAST: Final[float] = 1e-4
"""Part of the size of a mesh that its largest move must exceed to count as seen."""


def moved_note(scene: bpy.types.Scene, character: Character, written: Sequence[Track]) -> str:
    """A sentence when nothing on the character moves between the stillest and the liveliest frame, else "".

    The scene's own frame is put back.
    """
    before = scene.frame_current
    frames = _extreme_frames(written)
    if frames is None:
        return "No key was written that changes over time, so the face stands still."
    shown: list[np.ndarray] = []
    for frame in frames:
        scene.frame_set(frame)
        shown.append(_positions(character))
    scene.frame_set(before)
    size = float(np.ptp(shown[0], axis=0).max())
    if float(np.abs(shown[1] - shown[0]).max()) > LEAST * size:
        return ""
    return f"Keys were written, yet {character.name} does not move. {_why(character)}"


def _extreme_frames(written: Sequence[Track]) -> tuple[int, int] | None:
    """The frames of the keys written between which the curves differ most from rest."""
    tracks = [t for t in written if len(t.frames) > 1]
    lively = [t for t in tracks if np.ptp(t.values) > 1e-6]
    if not lively:
        return None
    most = max(lively, key=lambda t: float(np.ptp(t.values)))
    return int(most.frames[np.argmin(most.values)]), int(most.frames[np.argmax(most.values)])


def _positions(character: Character) -> np.ndarray:
    """(P,3) world positions of everything on the character that can be seen to move: meshes, and joints of bones."""
    graph = bpy.context.evaluated_depsgraph_get()
    found: list[np.ndarray] = []
    for thing in character.objects:
        evaluated = thing.evaluated_get(graph)
        if thing.type == "ARMATURE":
            poses = [p for pose in evaluated.pose.bones for p in (pose.head, pose.tail)]
            found.append(np.array([evaluated.matrix_world @ p for p in poses]))
        elif thing.type == "MESH" and len(thing.data.vertices):
            mesh = evaluated.to_mesh()
            flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
            mesh.vertices.foreach_get("co", flat)
            evaluated.to_mesh_clear()
            matrix = np.array(evaluated.matrix_world)
            found.append(flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(found) if found else np.zeros((1, 3))


def _why(character: Character) -> str:
    """The likeliest reason and what to do."""
    for target in character.keys:
        if target.owner.show_only_shape_key:
            return f"Unpin the shape key that {target.owner.name} shows alone."
        if all(target.key.key_blocks[match.key].mute for match in target.matches):
            return f"All its shape keys on {target.owner.name} are muted; unmute them."
    for datablock in character.datablocks:
        data = datablock.animation_data
        if data is not None and any(track.is_solo for track in data.nla_tracks):
            return "An NLA track is solo and hides the bake; take its star away in the NLA editor."
    return "A modifier after the keys or a hidden mesh may hide it; look at the shape keys' values while playing."

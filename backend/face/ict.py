"""Reading landmarks, eyeballs and expression deltas from the ICT-FaceKit head.

ICT-FaceKit (USC Institute for Creative Technologies, MIT licence; Li et al., "Learning Formation of Physically-Based
Face Attributes", CVPR 2020) names the mesh vertices of the 68 iBUG points. Its axes are already +X to the character's
left, +Y up, +Z forward; its unit is about a centimetre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS

from .landmarks import LID_PAIRS

FILE: Final[str] = "ict_facekit/ict_facekit_expressions.npz"
LID_SEARCH: Final[float] = 0.07
"""How far from ICT's own vertex the leading edge of the upper lid is looked for, in ICT units (1.1 % of the IOD)."""
ABSENT: Final[tuple[str, ...]] = ("tongueOut",)
"""Channels that the head has no shape for: no landmark lies on the tongue, so they displace nothing."""


@dataclass(frozen=True, eq=False)
class RigFace:
    """Landmarks of a rig in its own unit: `neutral` (70,3), `displacement` (52,70,3), `eyeballs` (2,3); float64."""

    neutral: np.ndarray
    displacement: np.ndarray
    eyeballs: np.ndarray


def read_face(rigs: Path) -> RigFace:
    """The 70 landmarks of the ICT-FaceKit head below `rigs`. Raises OSError or KeyError when it is not there."""
    with np.load(rigs / FILE, allow_pickle=False) as data:
        rest = data["neutral"].astype(np.float64)
        parts = dict(zip(data["component_names"].tolist(), data["component_ranges"].tolist(), strict=True))
        deltas = _channel_deltas(data["arkit_names"].tolist(), data["deltas"])
        dilate = {side: _delta(data, f"PupilDilate_{side[0].upper()}") for side in ("left", "right")}
        vertices = _landmark_vertices(data["landmarks68"], rest, deltas, parts["face"])
        eyes = {side: slice(parts[f"eyeball_{side[0]}"][0], parts[f"eyeball_{side[0]}"][1] + 1) for side in dilate}
        triangles = data["tris"]
    pupils = [_pupil(rest[eyes[side]], dilate[side][eyes[side]]) for side in ("left", "right")]
    eyeballs = [_sphere_centre(_inner_shell(rest, triangles, eyes[side])) for side in ("left", "right")]
    moved = np.stack([deltas[name][vertices] if name in deltas else np.zeros((68, 3)) for name in CHANNELS])
    return RigFace(
        neutral=np.concatenate([rest[vertices], pupils]),
        displacement=np.concatenate([moved, np.zeros((len(CHANNELS), 2, 3))], axis=1),
        eyeballs=np.stack(eyeballs),
    )


def _channel_deltas(names: list[str], deltas: np.ndarray) -> dict[str, np.ndarray]:
    """Vertex deltas by channel; ICT splits browInnerUp and cheekPuff into sides, which are added up again."""
    found: dict[str, np.ndarray] = {}
    for name, delta in zip(names, deltas, strict=True):
        if name:
            found[name] = found.get(name, 0.0) + delta.astype(np.float64)
    missing = set(CHANNELS) - set(found)
    if missing != set(ABSENT):
        raise KeyError(f"the head has no shape for {sorted(missing)}")
    return found


def _delta(data: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return data["deltas"][data["names"].tolist().index(name)].astype(np.float64)


def _landmark_vertices(
    vertices: np.ndarray, rest: np.ndarray, deltas: Mapping[str, np.ndarray], face: list[int]
) -> np.ndarray:
    """ICT's 68 vertices, with the upper lid points on the edge that leads the closure.

    ICT puts them on the rear edge of the lid margin, which a blink leaves up to 1.2 % of the IOD above the lower
    lid; its front edge, where the lashes grow, is what the eye is seen to close with. Among the vertices within
    `LID_SEARCH` the one that a blink carries lowest is taken.
    """
    chosen = vertices.copy()
    skin = rest[face[0] : face[1] + 1]
    for side, pairs in LID_PAIRS.items():
        closed = skin + deltas[f"eyeBlink{side.capitalize()}"][face[0] : face[1] + 1]
        for upper, _ in pairs:
            near = np.flatnonzero(np.linalg.norm(skin - rest[vertices[upper]], axis=1) <= LID_SEARCH)
            chosen[upper] = face[0] + near[np.argmin(closed[near, 1])]
    return chosen


def _pupil(eyeball: np.ndarray, dilate: np.ndarray) -> np.ndarray:
    """Centre of the pupil: the mean of the vertices that dilation moves by more than half of its largest motion."""
    motion = np.linalg.norm(dilate, axis=1)
    return eyeball[motion > 0.5 * motion.max()].mean(axis=0)


def _inner_shell(rest: np.ndarray, triangles: np.ndarray, eye: slice) -> np.ndarray:
    """Rear half of the inner eyeball: a sphere, free of cornea and pupil dish.

    ICT's eyeball is two closed shells, the outer with a cornea; the inner one is the shell that reaches less far
    forward.
    """
    own = triangles[(triangles >= eye.start).all(axis=1) & (triangles < eye.stop).all(axis=1)] - eye.start
    label = np.arange(eye.stop - eye.start)
    while True:
        lowest = label[own].min(axis=1)
        spread = label.copy()
        for corner in range(3):
            np.minimum.at(spread, own[:, corner], lowest)
        if np.array_equal(spread, label):
            break
        label = spread
    shells = [rest[eye][label == part] for part in np.unique(label)]
    inner = min((shell for shell in shells if len(shell) > 100), key=lambda shell: shell[:, 2].max())
    return inner[inner[:, 2] < inner[:, 2].mean()]


def _sphere_centre(points: np.ndarray) -> np.ndarray:
    """Centre of the least-squares sphere through points (N,3): |p|^2 = 2 c.p + (r^2 - |c|^2) is linear in c."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    return np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0][:3]

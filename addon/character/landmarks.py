"""The 70 landmarks of a character as vertices: 68 in iBUG order on the head, then the left and the right pupil."""

from __future__ import annotations

import numpy as np

from .eyeball import pupil_vertex
from .head_mesh import Skin
from .layout import BORDER_RING, CONTACT_RING, MARGIN_RING
from .model import CharacterModel, Landmark, Part
from .spec import CharacterSpec

_JAW_LINE = (
    # x, y, z in mm on the left side, from the ear to the chin; the nearest skin vertex is taken
    (72, -6, 4), (70, -24, 6), (67, -42, 14), (62, -59, 26), (55, -74, 34), (44, -89, 45), (31, -101, 56),
    (16, -104, 82),
)  # fmt: skip
_BROW = ((12, 21.5), (20, 24), (29, 26), (38, 27.5), (48, 25))
_BRIDGE = ((0, 5), (0, -9), (0, -22), (0, -35))
_NOSE_BASE = ((0, -48.5), (7, -48), (14, -45.5))


def _nearest(skin: Skin, points: np.ndarray) -> list[int]:
    """The skin vertex nearest to each point (N,3) or, seen from the front, (N,2); metres."""
    on_surface = np.array([key[0] == "grid" or key[0] != "throat" for key in skin.layout.index])
    mouth = np.array([key[0] == "mouth" and key[1] > CONTACT_RING for key in skin.layout.index])
    usable = on_surface & ~mouth
    if points.shape[1] == 2:
        usable &= skin.vertices[:, 2] > 0.03
    distance = np.linalg.norm(skin.vertices[None, :, : points.shape[1]] - points[:, None], axis=-1)
    return [int(i) for i in np.argmin(np.where(usable, distance, np.inf), axis=1)]


def _mid(skin: Skin, points: tuple[tuple[float, float], ...]) -> list[int]:
    """Vertices on the midline in front at the heights of the given points (mm)."""
    middle = np.flatnonzero((skin.layout.mirror == np.arange(len(skin.vertices))) & (skin.vertices[:, 2] > 0.05))
    return [int(middle[np.argmin(np.abs(skin.vertices[middle, 1] - y * 1e-3))]) for _, y in points]


def _chin(skin: Skin) -> int:
    """The vertex on the midline that lies furthest down and forward, two to one: the edge of the chin (gnathion)."""
    middle = np.flatnonzero((skin.layout.mirror == np.arange(len(skin.vertices))) & (skin.vertices[:, 2] > 0.05))
    plain = middle[skin.vertices[middle, 1] < -0.085]
    return int(plain[np.argmax(skin.vertices[plain] @ (0.0, -2.0, 1.0))])


def _eye(skin: Skin) -> list[int]:
    """Landmarks 42..47: inner corner, two upper, outer corner, two lower, of the left eye."""
    ring = skin.layout.ring("eye+", MARGIN_RING)
    n = len(ring)
    return [int(ring[i]) for i in (n // 2, n // 3, n // 6, 0, n - n // 6, n - n // 3)]


def _mouth(skin: Skin) -> tuple[list[int], list[int]]:
    """Landmarks 48..59 on the vermilion border and 60..67 where the lips touch."""
    border, contact = skin.layout.ring("mouth", BORDER_RING), skin.layout.ring("mouth", CONTACT_RING)
    n = len(border)
    x = np.cos(2 * np.pi * np.arange(n) / n)

    def upper(share: float) -> int:
        half = np.arange(n // 2 + 1)
        return int(half[np.argmin(np.abs(x[half] - share))])

    outer_top = [upper(s) for s in (-1.0, -0.62, -0.26, 0.0, 0.26, 0.62)]
    outer_bottom = [(n - upper(s)) % n for s in (1.0, 0.62, 0.26, 0.0, -0.26, -0.62)]
    inner_top = [upper(s) for s in (-1.0, -0.40, 0.0, 0.40)]
    inner_bottom = [(n - upper(s)) % n for s in (1.0, 0.40, 0.0, -0.40)]
    return [int(border[i]) for i in outer_top + outer_bottom], [int(contact[i]) for i in inner_top + inner_bottom]


def head_landmarks(skin: Skin) -> list[int]:
    """Vertices of the 68 iBUG landmarks on the skin."""
    flip = skin.layout.mirror
    jaw = _nearest(skin, np.array(_JAW_LINE) * 1e-3)
    chin = [_chin(skin)]
    brow = _nearest(skin, np.array(_BROW) * 1e-3)
    bridge = _mid(skin, _BRIDGE)
    base = _mid(skin, _NOSE_BASE[:1]) + _nearest(skin, np.array(_NOSE_BASE[1:]) * 1e-3)
    eye = _eye(skin)
    outer, inner = _mouth(skin)
    right = [int(flip[i]) for i in jaw], [int(flip[i]) for i in brow], [int(flip[i]) for i in base]
    right_eye = [int(flip[eye[i]]) for i in (3, 2, 1, 0, 5, 4)]
    return [
        *right[0], *chin, *jaw[::-1], *right[1][::-1], *brow, *bridge,
        *right[2][:0:-1], *base, *right_eye, *eye, *outer, *inner,
    ]  # fmt: skip


def build_landmarks(spec: CharacterSpec, skin: Skin, eyes: tuple[Part, Part]) -> tuple[Landmark, ...]:
    """All 70; `eyes` are the left and the right eyeball."""
    del spec
    marks = [Landmark("Head", vertex) for vertex in head_landmarks(skin)]
    return tuple(marks + [Landmark(eye.name, pupil_vertex(eye)) for eye in eyes])


def inner_lip_gap(points: np.ndarray) -> float:
    """Mean distance between the facing inner lip landmarks (61-67, 62-66, 63-65) of (70,3) points, in their units."""
    return float(np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=1).mean())


def eye_distance(points: np.ndarray) -> float:
    """Distance between the eye centres of (70,3) points, each the mean of its six landmarks: one IOD."""
    return float(np.linalg.norm(points[42:48].mean(axis=0) - points[36:42].mean(axis=0)))


def lip_gap_in_iod(model: CharacterModel, weights: dict[str, float]) -> float:
    """Inner lip gap of a character with the given shape key values, in inter-ocular distances of its neutral face."""
    return inner_lip_gap(model.landmark_positions(weights)) / eye_distance(model.landmark_positions())

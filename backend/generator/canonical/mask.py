"""The face between the landmarks: a smooth skin with holes for mouth and eyes, and what is seen through them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.spatial import Delaunay

from addon.core.channels import CHANNELS, indices
from addon.core.performance import LANDMARKS
from addon.core.shot import Subject, Surface
from backend.face.basis import landmarks_from_channels, load_basis
from backend.face.landmarks import EYES, GROUPS

from .subdivide import subdivided

SKIN, LIPS, MOUTH, EYE, IRIS, PUPIL, BROW = range(7)
SURFACES: Final[tuple[Surface, ...]] = (
    Surface("Skin", "skin", (0.60, 0.36, 0.26), 0.10),
    Surface("Lips", "skin", (0.45, 0.16, 0.14), 0.25),
    Surface("Mouth", "mouth", (0.05, 0.01, 0.01)),
    Surface("Eyes", "eyes", (0.75, 0.73, 0.70), 0.3),
    Surface("Irises", "eyes", (0.08, 0.14, 0.20), 0.3),
    Surface("Pupils", "eyes", (0.01, 0.01, 0.01), 0.3),
    Surface("Brows", "hair", (0.06, 0.04, 0.03)),
)
"""Colours set by looking."""
LEVELS: Final[int] = 3
FOREHEAD: Final[tuple[tuple[int, tuple[float, float, float]], ...]] = (
    (0, (0.02, 0.45, 0.10)),
    (17, (-0.05, 0.50, -0.22)),
    (19, (0.02, 0.62, -0.12)),
    (21, (0.06, 0.70, -0.08)),
    (22, (-0.06, 0.70, -0.08)),
    (24, (-0.02, 0.62, -0.12)),
    (26, (0.05, 0.50, -0.22)),
    (16, (-0.02, 0.45, 0.10)),
)
"""Points above the brows that no landmark marks: the landmark each goes with, and where from it, in IOD."""
_FOLLOWS: Final[float] = 0.35
"""How far the forehead goes along with a brow."""
_BROW_HEIGHT: Final[float] = 0.08
_BROW_BEFORE: Final[float] = 0.03
"""How high a brow is, and how far before the skin."""
_IRIS: Final[float] = 0.095
"""Radius of the iris: 11.8 mm across (Rufer et al., Cornea 24(3), 2005) at 62 mm between the eyes."""
_PUPIL: Final[float] = 0.4
"""Radius of the pupil as a share of the iris'."""
_DEEP: Final[float] = 0.25
_EYE_BEHIND: Final[float] = 0.07
_IRIS_BEHIND: Final[float] = 0.035
_PUPIL_BEHIND: Final[float] = 0.031
"""How far the dark of the mouth lies behind the lips, and eyes, irises and pupils behind the lids. Like all distances
here they are in inter-ocular distances and, like the pupil's share and but for the iris, set by looking."""
_CORNERS: Final[int] = 16
"""Of an iris and a pupil."""
_JAW_OPEN: Final[float] = 0.6
"""How far the mouth is open, lids being wide, where the skin is triangulated: holes must be holes."""


@dataclass(frozen=True, eq=False)
class Mask:
    """The face as linear functions of its landmarks: vertices = weights (V,70) @ landmarks + offset (V,3).

    The offset is in the axes of normalized landmarks, so it turns with the head. `subject` is its surface.
    """

    weights: np.ndarray
    offset: np.ndarray
    subject: Subject


@lru_cache(maxsize=1)
def face_mask() -> Mask:
    """The mask of the shipped face basis, built once."""
    skin, lips = _skin_triangles()
    control = LANDMARKS + len(FOREHEAD)
    smooth, fine = subdivided(np.concatenate([skin, lips]), control, LEVELS)
    surface = [np.repeat([SKIN, LIPS], [len(skin) * 4**LEVELS, len(lips) * 4**LEVELS])]
    to_landmarks, shift = _control()
    weights, offset, triangles = [smooth @ to_landmarks], [smooth @ shift], [fine]
    for kind, rows, moved, faces in _fillings():
        triangles.append(faces + sum(len(w) for w in weights))
        weights.append(rows)
        offset.append(moved)
        surface.append(np.full(len(faces), kind))
    return _mask(np.concatenate(weights), np.concatenate(offset), np.concatenate(triangles), np.concatenate(surface))


def _mask(weights: np.ndarray, offset: np.ndarray, triangles: np.ndarray, surface: np.ndarray) -> Mask:
    rest = weights @ load_basis().neutral + offset
    low, high = rest[:, :2].min(axis=0), rest[:, :2].max(axis=0)
    colours = np.zeros((len(rest), 3), np.float32)
    for kind in (BROW, PUPIL, IRIS, EYE, MOUTH, SKIN, LIPS):
        colours[triangles[surface == kind]] = SURFACES[kind].colour
    # The skin's vertex that a landmark has most weight in; pupils are in the middles of the eyes' fillings.
    filling = np.isin(np.arange(len(rest)), triangles[~np.isin(surface, (SKIN, LIPS))])
    marks = np.argmax(np.where(filling[:, None], 0.0, weights), axis=0).astype(np.int32)
    marks[list(GROUPS["pupils"])] = np.argmax(weights[:, list(GROUPS["pupils"])] * filling[:, None], axis=0)
    uv = ((rest[:, :2] - low) / (high - low)).astype(np.float32)
    subject = Subject(triangles.astype(np.int32), uv[triangles], surface.astype(np.uint8), colours, SURFACES, marks)
    return Mask(weights, offset, subject)


def _control() -> tuple[np.ndarray, np.ndarray]:
    """Control points as (C,70) weights of landmarks and (C,3) offsets: the landmarks, and the forehead's points."""
    neutral = load_basis().neutral.astype(np.float64)
    weights, shift = np.zeros((LANDMARKS + len(FOREHEAD), LANDMARKS)), np.zeros((LANDMARKS + len(FOREHEAD), 3))
    weights[:LANDMARKS] = np.eye(LANDMARKS)
    for row, (landmark, away) in enumerate(FOREHEAD, LANDMARKS):
        weights[row, landmark] = _FOLLOWS
        shift[row] = (1 - _FOLLOWS) * neutral[landmark] + away
    return weights, shift


def _skin_triangles() -> tuple[np.ndarray, np.ndarray]:
    """Triangles between control points seen from in front with lips and lids open: those of the skin, and the lips'."""
    opened = np.zeros((1, len(CHANNELS)), np.float32)
    opened[0, indices("jawOpen")] = _JAW_OPEN
    opened[0, indices("eyeWide")] = 1.0
    landmarks = landmarks_from_channels(load_basis(), opened)[0].astype(np.float64)
    weights, shift = _control()
    flat = (weights @ landmarks + shift)[:, :2]
    used = np.array([k for k in range(len(flat)) if k not in GROUPS["pupils"]])
    triangles = used[Delaunay(flat[used]).simplices]
    a, b, c = np.moveaxis(flat[triangles], 1, 0)
    clockwise = (b - a)[:, 0] * (c - a)[:, 1] < (b - a)[:, 1] * (c - a)[:, 0]
    triangles[clockwise] = triangles[clockwise][:, ::-1]
    rims = [GROUPS["lips_inner"], EYES["left"], EYES["right"]]
    hole = np.any([np.isin(triangles, rim).all(axis=1) for rim in rims], axis=0)
    red = np.isin(triangles, [*GROUPS["lips_inner"], *GROUPS["lips_outer"]]).all(axis=1)
    return triangles[~hole & ~red], triangles[~hole & red]


def _fillings() -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Of mouth, eyes and brows: kind, weights (V,70), offsets (V,3), triangles."""
    parts = [_fan(MOUTH, GROUPS["lips_inner"], None, -_DEEP)]
    sides = zip(("left", "right"), GROUPS["pupils"], strict=True)
    parts += [_fan(EYE, EYES[side], pupil, -_EYE_BEHIND) for side, pupil in sides]
    for pupil in GROUPS["pupils"]:
        parts += [_disc(IRIS, pupil, _IRIS, -_IRIS_BEHIND), _disc(PUPIL, pupil, _PUPIL * _IRIS, -_PUPIL_BEHIND)]
    parts += [_strip(GROUPS["brow_right"]), _strip(GROUPS["brow_left"])]
    return parts


def _fan(
    kind: int, rim: tuple[int, ...], middle: int | None, back: float
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A filling of a hole: its rim `back` from the skin, and the middle of it or a landmark of its own."""
    weights, offset = np.zeros((len(rim) + 1, LANDMARKS)), np.zeros((len(rim) + 1, 3))
    weights[np.arange(len(rim)), list(rim)] = 1.0
    weights[-1, [middle] if middle is not None else list(rim)] = 1.0 if middle is not None else 1 / len(rim)
    offset[:, 2] = back
    around = np.arange(len(rim))
    faces = np.stack([np.full(len(rim), len(rim)), np.roll(around, -1), around], axis=1)
    neutral = load_basis().neutral[list(rim)]
    turned = np.cross(neutral - neutral.mean(axis=0), np.roll(neutral, -1, axis=0) - neutral.mean(axis=0))[:, 2].sum()
    return kind, weights, offset, faces[:, ::-1] if turned > 0 else faces


def _disc(kind: int, middle: int, radius: float, before: float) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A round spot about a landmark, `before` the skin; lids hide what of it is beyond them."""
    count = _CORNERS
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    weights, offset = np.zeros((count + 1, LANDMARKS)), np.zeros((count + 1, 3))
    weights[:, middle] = 1.0
    offset[:count, :2] = radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    offset[:, 2] = before
    around = np.arange(count)
    return kind, weights, offset, np.stack([np.full(count, count), around, np.roll(around, -1)], axis=1)


def _strip(brow: tuple[int, ...]) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A brow: a band above its landmarks, a little before the skin."""
    count = len(brow)
    weights, offset = np.zeros((2 * count, LANDMARKS)), np.zeros((2 * count, 3))
    for row in range(2):
        weights[np.arange(count) + row * count, list(brow)] = 1.0
        offset[row * count : (row + 1) * count] = (0.0, (row - 0.5) * _BROW_HEIGHT, _BROW_BEFORE)
    k = np.arange(count - 1)
    faces = np.concatenate([np.stack([k, k + 1, k + count], 1), np.stack([k + 1, k + count + 1, k + count], 1)])
    return BROW, weights, offset, faces

"""The subject as a painter knows it: its surface on the device, where its textures lie, where mouth and eyes are."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from addon.core.colour import srgb
from addon.core.shot import PARTS, Shot, Subject
from backend.face.landmarks import EYES
from backend.generator.raster.shade import hits
from backend.generator.raster.shots import camera_of
from backend.generator.raster.texture import Layout, linear_table
from backend.generator.raster.zbuffer import project, visible_triangles

LIPS: Final[tuple[int, ...]] = tuple(range(48, 68))
SIDES: Final[tuple[int, int]] = (4, 512)
"""Texels of a side of a surface's learned texture, least and most."""
_EDGE: Final[float] = 0.02
"""Share of a learned texture that is left free at each side, so that opposite edges do not mix."""
ROOM: Final[float] = 1.5
"""A detail's square is this much wider than what it shows at its widest."""


@dataclass(frozen=True)
class Plan:
    """What a trained painter keeps of its subject beside weights; JSON values.

    sides    texels of a side of each surface's texture
    mouth, eye  pixels of a side of the details' squares, at `height` pixels of picture height
    surface  hash of the subject's triangles and texture coordinates, which must be the same to paint it
    """

    sides: tuple[int, ...]
    mouth: int
    eye: int
    height: int
    surface: str

    @classmethod
    def of(cls, shot: Shot) -> Plan:
        """The plan for a shot: about one texel a pixel, and room for the widest mouth and eye."""
        points = screen_points(shot)
        mouth, left, right = (np.ptp(points[:, list(marks)], axis=1).max() for marks in anchors(shot.subject))
        mouth, eye = (min(_rounded(ROOM * size), _smallest(shot)) for size in (float(mouth), float(max(left, right))))
        return cls(_sides(shot), mouth, eye, shot.height, surface_hash(shot.subject))

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Plan:
        """The plan that a model card holds."""
        return cls(tuple(card["sides"]), card["mouth"], card["eye"], card["height"], card["surface"])


@dataclass(frozen=True, eq=False)
class Body:
    """A subject's surface on a device: all that does not change from frame to frame.

    triangles (F,3) int64; uv (F,3,2) as `own_uv` has it; surface (F,) int64, its number; code (V,3), where on the
    character each vertex is; inside (F,) 1 where the mouth's inside is; anchors, vertices around mouth, left and right
    eye; layout of the surfaces' textures
    """

    triangles: Tensor
    uv: Tensor
    surface: Tensor
    code: Tensor
    inside: Tensor
    anchors: tuple[Tensor, Tensor, Tensor]
    layout: Layout

    @classmethod
    def of(cls, subject: Subject, plan: Plan, code: np.ndarray, device: str) -> Body:
        """The body of a subject; `code` (V,3) float32 as `place_code` made it of the training set."""
        mouth, left, right = (torch.from_numpy(marks).to(device) for marks in anchors(subject))
        inside = (subject.part_of_triangles() == PARTS.index("mouth")).astype(np.float32)
        return cls(
            triangles=torch.from_numpy(subject.triangles.astype(np.int64)).to(device),
            uv=torch.from_numpy(own_uv(subject)).to(device),
            surface=torch.from_numpy(subject.surface.astype(np.int64)).to(device),
            code=torch.from_numpy(np.ascontiguousarray(code, dtype=np.float32)).to(device),
            inside=torch.from_numpy(inside).to(device),
            anchors=(mouth, left, right),
            layout=Layout.of([(side, side) for side in plan.sides], device),
        )


def place_code(shot: Shot) -> np.ndarray:
    """(V,3) float32 in -1..1: positions of the first frame in their box, a smooth name for every place."""
    first = shot.vertices[0].astype(np.float64)
    low, high = first.min(axis=0), first.max(axis=0)
    return ((2 * first - low - high) / np.maximum(high - low, 1e-9)).astype(np.float32)


def anchors(subject: Subject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (int64) around mouth, left and right eye: the landmarks, or of the parts where there are none."""
    places = (LIPS, EYES["left"], EYES["right"])
    marked = [subject.landmarks[list(place)].astype(np.int64) for place in places]
    if all(marks.min() >= 0 for marks in marked):
        return marked[0], marked[1], marked[2]
    parts = subject.part_of_triangles()
    mouth, eyes = (np.unique(subject.triangles[parts == PARTS.index(part)]) for part in ("mouth", "eyes"))
    some = np.zeros(1, np.int64)
    mouth, eyes = (numbers.astype(np.int64) if len(numbers) else some for numbers in (mouth, eyes))
    return mouth, eyes, eyes


def face_vertices(subject: Subject) -> np.ndarray:
    """Vertices (int64) of the face: its landmarks, or all of the surface's where too few are marked."""
    marks = subject.landmarks
    return marks[marks >= 0].astype(np.int64) if (marks >= 0).sum() >= 3 else np.unique(subject.triangles)


def screen_points(shot: Shot) -> np.ndarray:
    """(T,V,2) float32 pixels, from the top left corner, of all vertices."""
    return project(torch.from_numpy(shot.vertices), camera_of(shot))[..., :2].numpy()


def surface_hash(subject: Subject) -> str:
    """SHA-256 of triangles, texture coordinates and materials' numbers."""
    total = hashlib.sha256(np.ascontiguousarray(subject.triangles, dtype=np.int32).tobytes())
    total.update(np.ascontiguousarray(subject.uv, dtype=np.float32).tobytes())
    total.update(np.ascontiguousarray(subject.surface, dtype=np.uint8).tobytes())
    return total.hexdigest()


def own_uv(subject: Subject) -> np.ndarray:
    """(F,3,2) float32: texture coordinates stretched so that each surface fills a texture of its own.

    Surfaces that share a texture, or whose coordinates lie over one another, then do not share texels.
    """
    uv = subject.uv.astype(np.float64)
    for number in np.unique(subject.surface):
        chosen = subject.surface == number
        low, high = uv[chosen].min(axis=(0, 1)), uv[chosen].max(axis=(0, 1))
        uv[chosen] = _EDGE + (1 - 2 * _EDGE) * (uv[chosen] - low) / np.maximum(high - low, 1e-9)
    return uv.astype(np.float32)


def base_texels(subject: Subject, layout: Layout) -> Tensor:
    """(N,3) float32 display-encoded base colours of a layout's texels: the warm start of a learned texture."""
    texels, uv = torch.empty(layout.texels, 3), own_uv(subject)
    for number, surface in enumerate(subject.surfaces):
        first, side = int(layout.first[number]), int(layout.height[number])
        faces = np.flatnonzero(subject.surface == number)
        texels[first : first + side**2] = torch.tensor(surface.colour).clamp(0, 1)
        if len(faces):
            _paint(texels[first : first + side**2], subject, faces, uv[faces], surface.texture)
    return torch.from_numpy(srgb(texels.numpy())).float()


def _paint(texels: Tensor, subject: Subject, faces: np.ndarray, own: np.ndarray, picture: np.ndarray | None) -> None:
    """Fill the texels (side*side,3) that faces lie on, in linear light: vertex colours, or the picture's."""
    side = math.isqrt(len(texels))
    uv = torch.from_numpy(own).reshape(-1, 2)
    screen = torch.stack([uv[:, 0] * side, (1 - uv[:, 1]) * side, torch.ones(len(uv))], dim=1)[None]
    corners = torch.arange(len(uv)).reshape(-1, 3)
    seen = visible_triangles(screen, corners, side, side, two_sided=True)
    where = torch.nonzero(seen.reshape(-1) >= 0).squeeze(1)
    if not len(where):
        return
    met = hits(screen, corners, seen, where)
    if picture is None:
        colours = torch.from_numpy(subject.colours[subject.triangles[faces].reshape(-1)].astype(np.float32))
        texels[where] = met.of_vertices(colours).clamp(0, 1)
        return
    layout = Layout.of([(picture.shape[0], picture.shape[1])])
    theirs = torch.from_numpy(subject.uv[faces].astype(np.float32)).reshape(-1, 2)
    index, share = layout.taps(torch.zeros(len(where), dtype=torch.int64), met.of_vertices(theirs))
    rows = torch.from_numpy(picture.reshape(-1, 3)).long()
    texels[where] = (linear_table()[rows[index]] * share[..., None]).sum(dim=1)


def _sides(shot: Shot) -> tuple[int, ...]:
    """A power of two for each surface: texels that are as large as pixels, by the median of its triangles."""
    subject = shot.subject
    points = screen_points(shot)[0][subject.triangles]
    across, along = (_area(corners) for corners in (points, own_uv(subject)))
    sides = []
    for number in range(len(subject.surfaces)):
        chosen = (subject.surface == number) & (along > 1e-9) & (across > 1e-9)
        ratio = float(np.median(np.sqrt(across[chosen] / along[chosen]))) if chosen.any() else 1.0
        sides.append(int(np.clip(2 ** round(np.log2(max(ratio, 1.0))), *SIDES)))
    return tuple(sides)


def _area(corners: np.ndarray) -> np.ndarray:
    (a, b, c) = np.moveaxis(corners.astype(np.float64), 1, 0)
    return 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def _rounded(size: float) -> int:
    return max(16, int(np.ceil(size / 8)) * 8)


def _smallest(shot: Shot) -> int:
    return max(8, min(shot.width, shot.height) // 8 * 8)

"""The skin: the quad layout laid on the head's field, with lids and lips set in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import sdf
from .layout import BORDER_RING, EYE_RINGS, MARGIN_RING, MOUTH_RINGS, Key, Layout, build_layout, perimeter
from .lids import CREASE_RING, lid_rings, plate_rings
from .lips import bag_rings, lip_rings
from .skull import head_field
from .spec import CharacterSpec

_ROW_HEIGHTS: Final[tuple[tuple[int, float], ...]] = (
    # row, height at the front
    (0, -0.2150), (8, -0.1420), (12, -0.1170), (15, -0.1030), (17, -0.0900), (23, -0.0560), (34, -0.0170),
    (40, 0.0170), (44, 0.0360), (51, 0.0740),
)  # fmt: skip
_ROW_LIFT: Final[tuple[tuple[int, float], ...]] = ((0, 0.0), (8, 0.030), (14, 0.052), (23, 0.030), (34, 0.0), (51, 0.0))
"""How much higher than in front a row runs at the back: rows under the chin follow the jaw line."""
_LID_BLEND_STEPS: Final[int] = 6
_NOSE_PIVOT: Final = (0.0, -0.0395, 0.1045)
_NOSE_FAN: Final[tuple[tuple[int, float], ...]] = (
    # row, degrees above the horizontal at which it leaves the nose
    (25, -96.0), (26, -72.0), (27, -48.0), (28, -24.0), (29, 2.0), (30, 30.0), (31, 56.0),
)  # fmt: skip
_NOSE_REACH: Final[float] = 0.022
_NOSE_COLUMNS: Final[tuple[int, int]] = (4, 7)
"""Columns up to the first lie on the nose; from there to the second they run out into the cheek."""
_RELAX_STEPS: Final[int] = 10
_FLIP: Final = np.array([-1.0, 1.0, 1.0])
_STEEP_STEPS: Final[int] = 16


@dataclass(frozen=True, eq=False)
class Skin:
    """Vertices (V,3) float64 in head axes on a layout, and the field they lie on."""

    vertices: np.ndarray
    layout: Layout
    field: sdf.Field


def _column_angle(column: np.ndarray, columns: int) -> np.ndarray:
    """Angle round the head: even over the face, wider towards the back."""
    half = columns / 2
    c = np.abs(column)
    beyond = np.clip((c - 13.0) / (half - 13.0), 0.0, 1.0)
    even = np.radians(2.75) * c
    return np.sign(column) * (even + (np.pi - np.radians(2.75) * half) * beyond**1.35)


def _place_grid(spec: CharacterSpec, layout: Layout, field: sdf.Field, vertices: np.ndarray) -> None:
    keys = [k for k in layout.index if k[0] == "grid"]
    numbers = [layout.index[k] for k in keys]
    column = np.array([k[1] for k in keys], dtype=float)
    column[column == -spec.grid.columns / 2] *= -1.0
    row = np.array([k[2] for k in keys], dtype=float)
    angle = _column_angle(column, spec.grid.columns)
    height = np.interp(row, *np.array(_ROW_HEIGHTS).T)
    height += np.interp(row, *np.array(_ROW_LIFT).T) * (1.0 - np.cos(angle)) / 2.0
    out = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
    axis = np.stack([np.zeros_like(angle), height, np.interp(height, [-0.2, -0.1, 0.0], [-0.046, -0.02, 0.0])], -1)
    left = column >= 0
    placed = sdf.cast(field, (axis + 0.26 * out)[left], -out[left], 0.26)
    here = np.array(numbers)[left]
    vertices[layout.mirror[here]] = placed * _FLIP
    vertices[here] = placed


def _nose_keys(layout: Layout, columns: int) -> list[Key]:
    rows = {row for row, _ in _NOSE_FAN}
    return [k for k in layout.index if k[0] == "grid" and abs(k[1]) <= columns and k[2] in rows]


def _place_nose(layout: Layout, field: sdf.Field, vertices: np.ndarray) -> None:
    """Fan columns and rows out from inside the nose: rays from the head's axis would miss its underside."""
    rows: dict[int, float] = dict(_NOSE_FAN)
    keys = _nose_keys(layout, _NOSE_COLUMNS[1])
    numbers = [layout.index[k] for k in keys]
    column = np.array([k[1] for k in keys], dtype=float)
    pitch = np.radians([rows[k[2]] for k in keys])
    yaw = np.radians(12.0) * column
    out = np.stack([np.sin(yaw), np.cos(yaw) * np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)
    start = np.asarray(_NOSE_PIVOT) + column[:, None] * np.array([0.0021, 0.0, 0.0])
    reach = np.zeros(len(keys))
    for _ in range(30):
        reach = np.minimum(reach - 0.8 * field(start + reach[:, None] * out), _NOSE_REACH)
    inner, outer = _NOSE_COLUMNS
    share = np.clip((outer - np.abs(column)) / (outer - inner), 0.0, 1.0)[:, None]
    on_nose = start + reach[:, None] * out
    vertices[numbers] += share * (on_nose - vertices[numbers])


def _place_crown(spec: CharacterSpec, layout: Layout, field: sdf.Field, vertices: np.ndarray) -> None:
    keys = [k for k in layout.index if k[0] == "crown"]
    if not keys:
        return
    side = spec.grid.columns // 4
    a, b = np.array([k[1:] for k in keys], dtype=float).T / side * 2.0 - 1.0
    # Square to disc, so that the cap meets the round row below it without folding.
    x, z = a * np.sqrt(1.0 - b * b / 2.0), -b * np.sqrt(1.0 - a * a / 2.0)
    r = np.hypot(x, z)
    tilt = r * np.radians(62.0)
    out = np.stack([np.sin(tilt) * x / np.maximum(r, 1e-9), np.cos(tilt), np.sin(tilt) * z / np.maximum(r, 1e-9)], -1)
    centre = np.array([0.0, 0.036, -0.010])
    vertices[[layout.index[k] for k in keys]] = sdf.cast(field, centre + 0.2 * out, -out, 0.2)


def _rim(layout: Layout, spec: CharacterSpec, name: str) -> np.ndarray:
    grid = spec.grid
    block = (grid.mouth_columns, grid.mouth_rows) if name == "mouth" else (grid.eye_columns, grid.eye_rows)
    return np.array([layout.index["grid", c, r] for c, r in perimeter(*block)], dtype=np.int32)


def _between(layout: Layout, name: str, rim: np.ndarray, last: int, first: int, vertices: np.ndarray) -> None:
    """Spread the rings first..last-1 evenly between the grid (or ring first-1) and ring `last`."""
    outer = vertices[rim if first == 0 else layout.ring(name, first - 1)]
    inner = vertices[layout.ring(name, last)]
    for ring in range(first, last):
        t = (ring - first + 1) / (last - first + 1)
        vertices[layout.ring(name, ring)] = outer + t * (inner - outer)


def _place_mouth(spec: CharacterSpec, layout: Layout, field: sdf.Field, vertices: np.ndarray) -> None:
    count = len(layout.ring("mouth", 0))
    rings = lip_rings(spec.mouth, field, count)
    rings |= bag_rings(spec.mouth, rings[max(rings)])
    for ring, points in rings.items():
        vertices[layout.ring("mouth", ring)] = points
    _between(layout, "mouth", _rim(layout, spec, "mouth"), BORDER_RING, 0, vertices)
    throat = vertices[layout.ring("mouth", MOUTH_RINGS - 1)]
    (c0, c1), (r0, r1) = spec.grid.mouth_columns, spec.grid.mouth_rows
    low, high = throat.min(axis=0), throat.max(axis=0)
    for key, number in layout.index.items():
        if key[0] == "throat":
            u, v = (key[1] - c0) / (c1 - c0) * 2 - 1, (key[2] - r0) / (r1 - r0) * 2 - 1
            x, y = u * np.sqrt(1 - v * v / 2), v * np.sqrt(1 - u * u / 2)
            middle = (low + high) / 2
            vertices[number] = (
                x * high[0],
                middle[1] + y * (high[1] - low[1]) / 2,
                low[2] - 0.006 * (1 - x * x) * (1 - y * y),
            )


def _place_eye(spec: CharacterSpec, layout: Layout, field: sdf.Field, vertices: np.ndarray) -> None:
    count = len(layout.ring("eye+", 0))
    for ring, points in (plate_rings(spec.eye, field, count) | lid_rings(spec.eye, count)).items():
        vertices[layout.ring("eye+", ring)] = points
    _between(layout, "eye+", _rim(layout, spec, "eye+"), CREASE_RING, 0, vertices)
    for ring in range(EYE_RINGS):
        numbers = layout.ring("eye+", ring)
        vertices[layout.mirror[numbers]] = vertices[numbers] * _FLIP


def _symmetric(vertices: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return (vertices + vertices[mirror] * _FLIP) / 2.0


def _free(layout: Layout, spec: CharacterSpec) -> np.ndarray:
    """Vertices that may slide over the field: grid above the foot of the neck, crown, rings of plain skin."""

    def slides(name: str, a: int, b: int) -> bool:
        if name == "grid":
            return b > 0
        if name[:3] == "eye":
            return a < CREASE_RING
        return name == "crown" or (name == "mouth" and a < BORDER_RING)

    return np.array([number for key, number in layout.index.items() if slides(*key)], dtype=np.int32)


def _steep(vertices: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The free vertices under the nose and under the chin, where the rays that placed the grid graze the skin."""
    x, y, z = vertices[free].T
    nose = (np.abs(x) < 0.026) & (y > -0.060) & (y < -0.010) & (z > 0.075)
    chin = (y < -0.090) & (y > -0.150) & (z > 0.0)
    return free[nose | chin]


def _relax(
    vertices: np.ndarray, layout: Layout, field: sdf.Field, free: np.ndarray, steps: int, power: float
) -> np.ndarray:
    """Even the quads out: towards the neighbours' mean, along the surface."""
    source, target = layout.neighbours
    left = free[vertices[free, 0] >= 0.0]
    middle = free[layout.mirror[free] == free]
    own = np.isin(source, left)
    source, target = source[own], target[own]
    for _ in range(steps):
        # Long edges pull harder, so that quads stretched over a steep place are drawn on to it.
        pull = np.linalg.norm(vertices[source] - vertices[target], axis=1) ** power
        mean = np.stack([np.bincount(source, pull * vertices[target, k], len(vertices)) for k in range(3)], -1)
        mean /= np.maximum(np.bincount(source, pull, len(vertices)), 1e-12)[:, None]
        vertices[left] += 0.5 * (mean[left] - vertices[left])
        vertices[left] = sdf.project(field, vertices[left], 0.0, 1)
        vertices[layout.mirror[left]] = vertices[left] * _FLIP
        vertices[middle, 0] = 0.0
    return vertices


def _blend_lids(vertices: np.ndarray, layout: Layout) -> np.ndarray:
    """Round off the edge where the lids meet the socket: the lower one entirely, the upper one but for its crease."""
    source, target = layout.neighbours
    degree = np.maximum(np.bincount(source, minlength=len(vertices)), 1)[:, None]
    count = len(layout.ring("eye+", 0))
    strength = np.zeros((len(vertices), 1))
    for name in ("eye+", "eye-"):
        for ring in range(MARGIN_RING - 1):
            numbers = layout.ring(name, ring)
            strength[numbers] = 0.5
            strength[numbers[: count // 2 + 1]] = 0.2
            strength[numbers[[0, 1, count // 2 - 1, count // 2, count // 2 + 1, count - 1]]] = 0.28
    for _ in range(_LID_BLEND_STEPS):
        mean = np.stack([np.bincount(source, c[target], len(vertices)) for c in vertices.T], -1) / degree
        vertices = vertices + strength * (mean - vertices)
    return vertices


def build_skin(spec: CharacterSpec) -> Skin:
    """The neutral skin of a character, exactly symmetric."""
    layout = build_layout(spec.grid)
    field = head_field(spec)
    vertices = np.zeros((len(layout.index), 3))
    _place_grid(spec, layout, field, vertices)
    _place_crown(spec, layout, field, vertices)
    _place_nose(layout, field, vertices)
    vertices = _symmetric(vertices, layout.mirror)
    _place_mouth(spec, layout, field, vertices)
    _place_eye(spec, layout, field, vertices)
    free = _free(layout, spec)
    nose = _nose_keys(layout, _NOSE_COLUMNS[0])
    off_nose = free[~np.isin(free, [layout.index[k] for k in nose])]
    vertices = _relax(vertices, layout, field, off_nose, _RELAX_STEPS, 0.0)
    vertices = _relax(vertices, layout, field, _steep(vertices, off_nose), _STEEP_STEPS, 1.5)
    vertices = _relax(vertices, layout, field, free, 1, 0.0)
    vertices[free] = sdf.project(field, vertices[free], 0.0, 3)
    vertices = _blend_lids(vertices, layout)
    return Skin(_symmetric(vertices, layout.mirror), layout, field)

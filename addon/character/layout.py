"""The quad layout of the skin: a grid round the head with three openings whose rims are rings of edge loops.

Every vertex has a key: ("grid", column, row), ("crown", a, b), ("mouth", ring, i), ("eye+", ring, i), ("eye-", ring, i)
or ("throat", column, row). Columns run from the front (0) to both sides, -columns/2 at the back. A ring's i counts
counterclockwise as seen from the front, from the corner at +x; ring 0 is the one nearest to the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from .spec import GridSpec

Key = tuple[str, int, int]

MOUTH_RINGS: Final[int] = 15
"""0..3 skin, 4..8 vermilion border to contact, 9..14 inner lip and mouth bag."""
BORDER_RING: Final[int] = 4
CONTACT_RING: Final[int] = 8
EYE_RINGS: Final[int] = 9
"""0..5 skin from socket to lid, 6 margin outside, 7 margin inside, 8 lining behind the lid."""
MARGIN_RING: Final[int] = 6
LINING_RING: Final[int] = 8


@dataclass(frozen=True, eq=False)
class Layout:
    """Vertices by key, faces and the mirror image of every vertex.

    quads   (F,4) int32, counterclockwise from outside
    mirror  (V,) int32 index of the vertex on the other side
    """

    index: dict[Key, int]
    quads: np.ndarray
    mirror: np.ndarray

    @cached_property
    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Directed edges (from, to) of the mesh, each once."""
        pairs = np.concatenate([self.quads[:, [i, (i + 1) % 4]] for i in range(4)])
        count = len(self.mirror)
        ends = np.unique(np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64) @ (count, 1))
        return ends // count, ends % count

    def ring(self, name: str, ring: int) -> np.ndarray:
        """Indices of one edge loop, counterclockwise from its corner at +x."""
        found = {key[2]: number for key, number in self.index.items() if key[0] == name and key[1] == ring}
        return np.array([found[i] for i in range(len(found))], dtype=np.int32)


def perimeter(columns: tuple[int, int], rows: tuple[int, int]) -> list[tuple[int, int]]:
    """Grid points round a block, counterclockwise from the middle of its +x side."""
    (c0, c1), (r0, r1) = columns, rows
    loop = [(c1, r) for r in range(r0, r1)] + [(c, r1) for c in range(c1, c0, -1)]
    loop += [(c0, r) for r in range(r1, r0, -1)] + [(c, r0) for c in range(c0, c1)]
    start = (r1 - r0) // 2
    return loop[start:] + loop[:start]


class _Builder:
    """Collects faces of keys; numbers each key when it is first met."""

    def __init__(self, grid: GridSpec) -> None:
        self.grid = grid
        self.index: dict[Key, int] = {}
        self.quads: list[tuple[int, int, int, int]] = []

    def add(self, a: Key, b: Key, c: Key, d: Key) -> None:
        number = self.index.setdefault
        self.quads.append(tuple(number(k, len(self.index)) for k in (a, b, c, d)))  # type: ignore[arg-type]

    def point(self, c: int, r: int) -> Key:
        half = self.grid.columns // 2
        return ("grid", (c + half) % self.grid.columns - half, r)


def _holes(grid: GridSpec) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
    e0, e1 = grid.eye_columns
    return {
        "mouth": (grid.mouth_columns, grid.mouth_rows),
        "eye+": ((e0, e1), grid.eye_rows),
        "eye-": ((-e1, -e0), grid.eye_rows),
    }


def _add_grid(build: _Builder) -> None:
    half = build.grid.columns // 2
    holes = _holes(build.grid).values()
    for r in range(build.grid.rows):
        for c in range(-half, half):
            if any(c0 <= c < c1 and r0 <= r < r1 for (c0, c1), (r0, r1) in holes):
                continue
            build.add(build.point(c, r), build.point(c + 1, r), build.point(c + 1, r + 1), build.point(c, r + 1))


def _add_crown(build: _Builder) -> None:
    side = build.grid.columns // 4

    def key(a: int, b: int) -> Key:
        top = build.grid.rows
        if b == 0:
            return build.point(a - side // 2, top)
        if a == side:
            return build.point(side // 2 + b, top)
        if b == side:
            return build.point(side // 2 + side + (side - a), top)
        if a == 0:
            return build.point(-side // 2 - b, top)
        return ("crown", a, b)

    for a in range(side):
        for b in range(side):
            build.add(key(a, b), key(a + 1, b), key(a + 1, b + 1), key(a, b + 1))


def _add_rings(build: _Builder, name: str, count: int) -> None:
    loop = perimeter(*_holes(build.grid)[name])
    size = len(loop)
    for ring in range(count):
        for i in range(size):
            j = (i + 1) % size
            if ring == 0:
                outer = build.point(*loop[i]), build.point(*loop[j])
            else:
                outer = (name, ring - 1, i), (name, ring - 1, j)
            build.add(outer[0], outer[1], (name, ring, j), (name, ring, i))


def _add_throat(build: _Builder) -> None:
    columns, rows = _holes(build.grid)["mouth"]
    rim = {point: i for i, point in enumerate(perimeter(columns, rows))}

    def key(c: int, r: int) -> Key:
        return ("mouth", MOUTH_RINGS - 1, rim[c, r]) if (c, r) in rim else ("throat", c, r)

    for c in range(*columns):
        for r in range(*rows):
            build.add(key(c, r), key(c + 1, r), key(c + 1, r + 1), key(c, r + 1))


def _mirrored(key: Key, grid: GridSpec) -> Key:
    name, a, b = key
    half = grid.columns // 2
    if name == "grid":
        return (name, (-a + half) % grid.columns - half, b)
    if name == "throat":
        return (name, -a, b)
    if name == "crown":
        return (name, grid.columns // 4 - a, b)
    size = len(perimeter(*_holes(grid)[name]))
    other = {"eye+": "eye-", "eye-": "eye+", "mouth": "mouth"}[name]
    return (other, a, (size // 2 - b) % size)


def build_layout(grid: GridSpec) -> Layout:
    """The layout of the skin for the given counts (columns a multiple of 4, mouth and eye heights even)."""
    build = _Builder(grid)
    _add_grid(build)
    _add_crown(build)
    _add_rings(build, "eye+", EYE_RINGS)
    _add_rings(build, "eye-", EYE_RINGS)
    _add_rings(build, "mouth", MOUTH_RINGS)
    _add_throat(build)
    mirror = np.array([build.index[_mirrored(key, grid)] for key in build.index], dtype=np.int32)
    return Layout(build.index, np.array(build.quads, dtype=np.int32), mirror)

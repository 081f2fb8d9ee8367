"""Find the face landmarks on a mesh that nobody has marked, from what its shape keys and bones tear open.

The lips are where two surfaces touch at rest and some control parts them on the midline, in front of the teeth; the
mouth's line runs from there to both corners. The lids are found in `placement_eyes`. All else is laid out from eyes and
mouth in the proportions of the canonical face and put on the surface. Nothing is read from names.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from .errors import RigError
from .performance import LANDMARKS
from .placement_eyes import MOUTH_CORNERS, place_lids, place_rim
from .shapes import Shapes

INNER_UPPER: Final[tuple[int, ...]] = (61, 62, 63)
INNER_LOWER: Final[tuple[int, ...]] = (67, 66, 65)
OUTER_LIPS: Final[tuple[int, ...]] = (49, 50, 51, 52, 53, 55, 56, 57, 58, 59)
TOUCH: Final[float] = 0.03
"""Part of the moving face's width within which two points count as touching, and the midline as the midline."""
STRAIN: Final[float] = 1.5
"""Separation over distance from which a surface is torn, not stretched: skin strains less than its own length."""

TORN: Final[float] = 3.0
"""The same of lips on the midline, against a nose or lip that a bone draws out: on a generated Rigify face with
automatic weights those reach 2, and its jaw parts the lips by 11 times their distance at rest."""


@cache
def canonical_face() -> np.ndarray:
    """(70,3) the landmarks of the canonical face at rest, in inter-ocular distances."""
    document = json.loads(Path(__file__).with_name("canonical_face.json").read_text(encoding="utf-8"))
    return np.array(document["points"], dtype=np.float64)


def place_landmarks(shapes: Shapes) -> np.ndarray:
    """(70,) int64: the vertex of each landmark; -1 for the pupils, which are no part of the skin.

    Raises RigError with a sentence when the mesh has no mouth that opens, or neither lids that close nor eyeballs.
    """
    placed = np.full(LANDMARKS, -1, dtype=np.int64)
    mouth = _mouth_of(shapes)
    mouth.place(placed)
    for number, side in enumerate(("right", "left")):
        if place_lids(shapes, placed, side, mouth.middle, mouth.centre):
            continue
        if shapes.eyes is None:
            raise RigError(
                "fit.eyes",
                f"No shape key shuts the {side} eye on this mesh, and no eyeballs were found; place landmarks by hand, "
                "or bind by names.",
            )
        place_rim(shapes.rest, _skin(shapes, placed), placed, side, shapes.eyes[number])
    _place_rest(shapes, placed)
    return placed


def lip_pair(shapes: Shapes) -> tuple[int, int]:
    """The vertices of the upper and of the lower lip on the midline. Raises RigError where nothing opens a mouth."""
    mouth = _mouth_of(shapes)
    return mouth.upper, mouth.lower


def _mouth_of(shapes: Shapes) -> _Mouth:
    moves = shapes.all_moves
    if not len(moves) or not len(shapes.rest):
        raise RigError("fit.keys", "The mesh has no shape keys and no face bones, so there is nothing to fit.")
    active = np.abs(moves).max(axis=0).max(axis=1)
    face = shapes.rest[active > 0.1 * active.max()]
    width, middle = float(np.ptp(face[:, 0])), float(face[:, 0].max() + face[:, 0].min()) / 2
    return _Mouth(replace(shapes, moves=moves), width, middle)


class _Mouth:
    """The mouth's line: which key opens it, and the touching pairs along it."""

    def __init__(self, shapes: Shapes, width: float, middle: float) -> None:
        self.shapes, self.width, self.middle = shapes, width, middle
        midline = np.flatnonzero(np.abs(shapes.rest[:, 0] - middle) < TOUCH * width)
        torn = [self._torn(key, midline) for key in range(len(shapes.moves))]
        widest = max(float(gaps.max(initial=0.0)) for _, gaps in torn)
        if widest <= 0:
            raise RigError(
                "fit.mouth",
                "No shape key and no bone opens a mouth on this mesh; place the landmarks by hand, or bind by names.",
            )
        # Lips also part from teeth and gums, behind them: what opens the mouth is what tears furthest in front.
        opening = [key for key, (_, gaps) in enumerate(torn) if gaps.max(initial=0.0) > 0.3 * widest]
        fronts = {key: self._front(torn[key][0][torn[key][1] > 0.5 * torn[key][1].max()]) for key in opening}
        # A nose that is drawn out lies in front of the lips: what only stretches counts for nothing beside a tear.
        strains = {key: self._strain(key, fronts[key]) for key in opening}
        opening = [key for key in opening if strains[key] > TORN] or opening
        depths = {key: float(self._depth(np.array([fronts[key]]))[0]) for key in opening}
        foremost = [key for key in opening if depths[key] > max(depths.values()) - TOUCH * width]
        self.key = max(foremost, key=lambda key: float(torn[key][1].max()))
        self.upper, self.lower = fronts[self.key]

    def place(self, placed: np.ndarray) -> None:
        """Corners, inner lips and outer lips."""
        line = self._line()
        x = np.array([self._x(pair) for pair in line])
        right, left = line[int(np.argmin(x))], line[int(np.argmax(x))]
        placed[[60, 48]], placed[[64, 54]] = right[0], left[0]
        canonical = canonical_face()
        half = (self._x(left) - self._x(right)) / 2
        scale = half / canonical[54, 0]
        for upper, lower in zip(INNER_UPPER, INNER_LOWER, strict=True):
            near = line[int(np.argmin(np.abs(x - self._x((self.upper,)) - canonical[upper, 0] * scale)))]
            placed[upper], placed[lower] = near if upper != 62 else (self.upper, self.lower)
        for number in OUTER_LIPS:
            inner = 62 if canonical[number, 1] > canonical[54, 1] else 66
            offset = (canonical[number] - canonical[inner]) * scale
            placed[number] = on_surface(self.shapes.rest, self.shapes.rest[placed[inner]] + offset, 0.25 * half)

    def _strain(self, key: int, pair: tuple[int, int]) -> float:
        """How far a key parts two vertices, over their distance at rest."""
        upper, lower = pair
        parted = float(self.shapes.moves[key, upper, 1] - self.shapes.moves[key, lower, 1])
        apart = float(np.linalg.norm(self.shapes.rest[upper] - self.shapes.rest[lower]))
        return parted / max(apart, 1e-6 * self.width)

    @property
    def centre(self) -> np.ndarray:
        """(3,) between the lips."""
        return self.shapes.rest[[self.upper, self.lower]].mean(axis=0)

    def _line(self) -> list[tuple[int, int]]:
        """The frontmost torn pair in each narrow column, from the middle out to where the lips no longer part."""
        near = np.abs(self.shapes.rest - self.centre) < (0.5 * self.width, 0.12 * self.width, 0.3 * self.width)
        candidates = np.flatnonzero(near.all(axis=1))
        pairs, gaps = self._torn(self.key, candidates)
        apart = np.linalg.norm(np.subtract(*self.shapes.rest[pairs.T]), axis=1)
        pairs = pairs[gaps > STRAIN * np.maximum(apart, 1e-6 * self.width)]
        x = self.shapes.rest[pairs].mean(axis=1)[:, 0] - self.middle
        column = np.rint(x / (0.02 * self.width)).astype(int)
        found: dict[int, tuple[int, int]] = {0: (self.upper, self.lower)}
        for way in (1, -1):
            last, missed = 0, 0
            for step in range(1, 26):
                here = pairs[column == way * step]
                jump = np.abs(self.shapes.rest[here].mean(axis=1) - self.shapes.rest[list(found[last])].mean(axis=0))
                steps = abs(way * step - last)
                here = here[(jump[:, 1] < 0.02 * steps * self.width) & (jump[:, 2] < 0.04 * steps * self.width)]
                missed = 0 if len(here) else missed + 1
                if missed > 2:
                    break
                if len(here):
                    last = way * step
                    found[last] = self._front(here)
        return [found[step] for step in sorted(found)]

    def _torn(self, key: int, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (P,2) of upper and lower vertex that touch at rest, and how far the key parts them vertically."""
        rest, move = self.shapes.rest[among], self.shapes.moves[key, among]
        if not np.any(move[:, 1]):
            return np.zeros((0, 2), dtype=np.int64), np.zeros(0)
        order = np.argsort(rest[:, 1])
        rest, move, among = rest[order], move[order], among[order]
        limit = TOUCH * self.width
        found: list[np.ndarray] = []
        for index in range(len(among)):
            stop = np.searchsorted(rest[:, 1], rest[index, 1] + limit)
            others = np.arange(index + 1, stop)
            gap = move[others, 1] - move[index, 1]
            apart = np.linalg.norm(rest[others] - rest[index], axis=1)
            torn = (apart < limit) & (gap > 0)
            others, gap, apart = others[torn], gap[torn], apart[torn]
            if len(others):
                best = int(np.argmax(gap * (1.0 - 0.5 * apart / limit)))
                found.append(np.array([among[others[best]], among[index], gap[best]]))
        table = np.array(found).reshape(-1, 3)
        return table[:, :2].astype(np.int64), table[:, 2]

    def _front(self, pairs: np.ndarray) -> tuple[int, int]:
        """The foremost of the pairs; of those as far in front, the one whose points are nearest to each other."""
        depth = self._depth(pairs)
        pairs = pairs[depth > depth.max() - 0.3 * TOUCH * self.width]
        apart = np.linalg.norm(np.subtract(*self.shapes.rest[pairs.T]), axis=1)
        aside = np.abs(self.shapes.rest[pairs].mean(axis=1)[:, 0] - self.middle)
        upper, lower = pairs[int(np.argmin(apart + (aside if aside.max() < TOUCH * self.width else 0.0)))]
        return int(upper), int(lower)

    def _depth(self, pairs: np.ndarray) -> np.ndarray:
        return self.shapes.rest[pairs][..., 2].mean(axis=-1)

    def _x(self, vertices: tuple[int, ...]) -> float:
        return float(self.shapes.rest[list(vertices), 0].mean())


def _skin(shapes: Shapes, placed: np.ndarray) -> np.ndarray:
    """The vertices of the surface that the lips are part of; all of them where that is not known."""
    if not len(shapes.surface):
        return np.arange(len(shapes.rest))
    return np.flatnonzero(shapes.surface == shapes.surface[placed[62]])


def _place_rest(shapes: Shapes, placed: np.ndarray) -> None:
    """Brows, nose and jaw, laid out from eyes and mouth in canonical proportions and put on the surface."""
    canonical = canonical_face()
    eyes = [shapes.rest[placed[s : s + 6][placed[s : s + 6] >= 0]].mean(axis=0) for s in (36, 42)]
    across = eyes[1][0] - eyes[0][0]
    middle = (eyes[0] + eyes[1]) / 2
    mouth = shapes.rest[placed[list(MOUTH_CORNERS)]].mean(axis=0)
    tall = (middle[1] - mouth[1]) / -canonical[54, 1]
    deep = shapes.rest[placed[62], 2] - canonical[62, 2] * across
    for number in (*range(17), *range(17, 36)):
        x, y, z = canonical[number]
        wanted = np.array([middle[0] + x * across, middle[1] + y * tall, deep + z * across])
        placed[number] = on_surface(shapes.rest, wanted, 0.15 * across, sides=number < 17)


def on_surface(rest: np.ndarray, wanted: np.ndarray, radius: float, sides: bool = False) -> int:
    """The vertex for a point: the nearest of the foremost ones round it; with `sides` simply the nearest in space."""
    if sides:
        return int(np.argmin(np.linalg.norm(rest - wanted, axis=1)))
    flat = np.linalg.norm(rest[:, :2] - wanted[:2], axis=1)
    near = np.flatnonzero(flat < max(radius, float(flat.min()) * 1.5 + 1e-12))
    front = near[rest[near, 2] > rest[near, 2].max() - radius]
    return int(front[int(np.argmin(flat[front]))])

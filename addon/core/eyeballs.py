"""Find the eyeballs of a character among its surfaces: a pair of balls, one the mirror image of the other.

Nothing is read from names. A surface is one that hangs together by its edges; a ball is one whose points keep their
distance from one centre, whole or cut open behind, as eyes often are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

ROUND: Final[float] = 0.12
"""Part of the radius by which the points of a ball may stray from it, root mean square: a cornea bulges by a tenth, as
an eye is 24 mm long and its white a ball of 11 to 12 mm [chosen a little above]."""
LEAST_POINTS: Final[int] = 12
"""As many as an icosahedron has, the coarsest ball that anybody models; four would already define one."""
LEAST_DEPTH: Final[float] = 0.5
"""Part of the diameter that a ball must have in every direction, so that a patch of cheek is none, and half a ball, as
eyes that are cut open behind are, still one."""
ALIKE: Final[float] = 0.25
"""Part of the radius by which the two of a pair may differ in size, and of the diameter by which their centres may be
off from mirrored: characters are posed and sculpted by hand [chosen]."""
APART: Final[float] = 0.5
"""Radii that an eyeball's centre lies from the middle of the face at least: human ones lie 2.6 of them away, half of 63
mm (Dodgson, Proc. SPIE 5291, 2004), cartoons' that touch 1."""


@dataclass(frozen=True, eq=False)
class Ball:
    """A ball in the lengths of its points: `centre` (3,), `radius`."""

    centre: np.ndarray
    radius: float


def surfaces(count: int, edges: np.ndarray) -> np.ndarray:
    """(V,) int64: which surface each of `count` vertices belongs to, numbered by its least vertex.

    `edges` (E,2) are pairs of vertices. Labels flow along edges and are shortened until nothing changes.
    """
    label = np.arange(count, dtype=np.int64)
    while len(edges):
        low = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        before = label.copy()
        np.minimum.at(label, label[edges[:, 0]], low)
        np.minimum.at(label, label[edges[:, 1]], low)
        label = label[label]
        if np.array_equal(label, before):
            break
    return label


def ball_of(points: np.ndarray) -> Ball | None:
    """The ball that `points` (N,3) lie on, by linear least squares on |p|^2 = 2 p.c + k; None when they are no ball."""
    if len(points) < LEAST_POINTS:
        return None
    origin = points.mean(axis=0)
    local = points - origin
    system = np.concatenate([2.0 * local, np.ones((len(local), 1))], axis=1)
    solution, _, rank, _ = np.linalg.lstsq(system, (local**2).sum(axis=1), rcond=None)
    squared = float(solution[3] + solution[:3] @ solution[:3])
    if rank < 4 or squared <= 0:
        return None
    radius = squared**0.5
    stray = np.linalg.norm(local - solution[:3], axis=1) - radius
    if float(np.sqrt(np.mean(stray**2))) > ROUND * radius or np.ptp(local, axis=0).min() < LEAST_DEPTH * 2 * radius:
        return None
    return Ball(origin + solution[:3], radius)


def eye_pair(balls: Iterable[Ball], middle: float) -> tuple[Ball, Ball] | None:
    """The right and the left eyeball of a face that is mirrored at x = `middle`: the largest pair there is, or None."""
    listed = sorted(balls, key=lambda ball: -ball.radius)
    for right in listed:
        if right.centre[0] > middle - APART * right.radius:
            continue
        mirrored = right.centre * (-1.0, 1.0, 1.0) + (2.0 * middle, 0.0, 0.0)
        for left in listed:
            near = np.linalg.norm(left.centre - mirrored) < 2 * ALIKE * right.radius
            if near and abs(left.radius - right.radius) < ALIKE * right.radius:
                return right, left
    return None

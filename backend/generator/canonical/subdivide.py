"""A smooth surface from few points: Loop's subdivision as one matrix, so that a moving face is one product a frame.

Loop, *Smooth Subdivision Surfaces Based on Triangles* (1987): an inner edge's new point takes 3/8 of its ends and 1/8
of the points across, an inner point keeps 1 - n b with b = 3/(8 n), 3/16 for n = 3 (Warren); on a border points follow
the cubic B-spline of the border alone.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np


def subdivided(triangles: np.ndarray, count: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (V,count) float64 of the fine points in the `count` coarse ones, and the fine triangles (F,3)."""
    weights = np.eye(count)
    for _ in range(levels):
        step, triangles = _once(triangles, len(weights))
        weights = step @ weights
    return weights, triangles


def _once(triangles: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    across: dict[tuple[int, int], list[int]] = defaultdict(list)
    for a, b, c in triangles.tolist():
        for one, other, third in ((a, b, c), (b, c, a), (c, a, b)):
            across[min(one, other), max(one, other)].append(third)
    number = {edge: count + k for k, edge in enumerate(across)}
    step = np.zeros((count + len(across), count))
    _place_points(step, across, count)
    for (a, b), thirds in across.items():
        row = step[number[a, b]]
        row[[a, b]] = 0.5 if len(thirds) == 1 else 3 / 8
        for third in thirds if len(thirds) == 2 else ():
            row[third] += 1 / 8
    fine = []
    for a, b, c in triangles.tolist():
        ab, bc, ca = (number[min(p, q), max(p, q)] for p, q in ((a, b), (b, c), (c, a)))
        fine += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return step, np.array(fine)


def _place_points(step: np.ndarray, across: dict[tuple[int, int], list[int]], count: int) -> None:
    """Rows of the old points: on a border 3/4 and an eighth of each neighbour along it, else of all around."""
    around: list[list[int]] = [[] for _ in range(count)]
    border: list[list[int]] = [[] for _ in range(count)]
    for (a, b), thirds in across.items():
        for one, other in ((a, b), (b, a)):
            around[one].append(other)
            if len(thirds) == 1:
                border[one].append(other)
    for point in range(count):
        near = border[point] or around[point]
        share = 1 / 8 if border[point] else (3 / 16 if len(near) == 3 else 3 / (8 * max(len(near), 1)))
        step[point, near] = share
        step[point, point] = 1 - share * len(near)

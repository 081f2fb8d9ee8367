"""Closed all-quad bodies: rings of points joined into a tube and capped with square patches."""

from __future__ import annotations

import numpy as np


def _cap_index(size: int) -> list[tuple[int, int]]:
    """Grid points of a square patch along its rim, counterclockwise, starting at one corner."""
    k = size // 4
    return (
        [(a, 0) for a in range(k)]
        + [(k, b) for b in range(k)]
        + [(a, k) for a in range(k, 0, -1)]
        + [(0, b) for b in range(k, 0, -1)]
    )


def _cap(ring: np.ndarray, first: int, start: int, bulge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inner vertices and quads that fill a ring (N,3), N a multiple of 4, whose vertices are numbered from `first`.

    The patch is the transfinite (Coons) surface of its rim, raised by `bulge` in the middle.
    """
    k = len(ring) // 4
    number = np.full((k + 1, k + 1), -1)
    points = np.zeros((k + 1, k + 1, 3))
    for i, (a, b) in enumerate(_cap_index(len(ring))):
        number[a, b], points[a, b] = first + i, ring[i]
    inner = [(a, b) for a in range(1, k) for b in range(1, k)]
    for i, (a, b) in enumerate(inner):
        u, v = a / k, b / k
        sides = (1 - v) * points[a, 0] + v * points[a, k] + (1 - u) * points[0, b] + u * points[k, b]
        corners = (1 - u) * (1 - v) * points[0, 0] + u * (1 - v) * points[k, 0]
        corners = corners + (1 - u) * v * points[0, k] + u * v * points[k, k]
        points[a, b] = sides - corners + bulge * (16 * u * (1 - u) * v * (1 - v))
        number[a, b] = start + i
    quads = [
        (number[a, b], number[a + 1, b], number[a + 1, b + 1], number[a, b + 1]) for a in range(k) for b in range(k)
    ]
    return np.array([points[a, b] for a, b in inner]).reshape(-1, 3), np.array(quads)


def tube(
    rings: np.ndarray, start_bulge: np.ndarray | None = None, end_bulge: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Join rings (R,N,3) and close the ends for which a bulge (3,) is given.

    Each ring runs counterclockwise as seen from the side towards which the rings proceed.
    Returns vertices (V,3), the rings first, and quads (F,4) that face outward; the quads of the walls come first
    (ring by ring), then those of the start, then those of the end.
    """
    count, size, _ = rings.shape
    step = np.arange(size)
    after = (step + 1) % size
    walls = [np.stack([r * size + step, r * size + after, (r + 1) * size + after, (r + 1) * size + step], -1)
             for r in range(count - 1)]  # fmt: skip
    vertices, quads = [rings.reshape(-1, 3)], walls
    total = count * size
    for ring, bulge, flip in ((0, start_bulge, True), (count - 1, end_bulge, False)):
        if bulge is not None:
            points, faces = _cap(rings[ring], ring * size, total, bulge)
            vertices.append(points)
            quads.append(faces[:, ::-1] if flip else faces)
            total += len(points)
    return np.concatenate(vertices), np.concatenate(quads).astype(np.int32)


def join(bodies: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Several bodies as one list of vertices and quads."""
    starts = np.cumsum([0] + [len(v) for v, _ in bodies[:-1]])
    return (
        np.concatenate([v for v, _ in bodies]),
        np.concatenate([q + s for (_, q), s in zip(bodies, starts, strict=True)]).astype(np.int32),
    )


def outwards(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The quads (F,4) of a closed body turned so that they face out of it."""
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) + np.einsum("ij,ij->", a, np.cross(c, d))
    return quads if volume > 0 else np.ascontiguousarray(quads[:, ::-1])

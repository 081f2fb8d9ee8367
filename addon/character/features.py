"""Ears, brows and lashes: bodies of their own that are part of the head's mesh and move with the skin under them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from . import sdf
from .head_mesh import Skin
from .layout import MARGIN_RING
from .lids import angles, on_sphere
from .solids import join, outwards, tube
from .spec import CharacterSpec, EyeSpec

_BROW: Final[tuple[tuple[float, float, float, float], ...]] = (
    # x, y, half height, half thickness in mm, from the nose out
    (11.5, 23.4, 1.2, 0.30), (15.0, 24.3, 3.1, 0.75), (20.5, 25.5, 3.5, 0.90), (27.5, 26.8, 3.2, 0.90),
    (34.5, 27.5, 2.7, 0.80), (41.5, 27.0, 2.1, 0.75), (47.5, 25.0, 1.3, 0.55), (52.0, 22.2, 0.45, 0.30),
)  # fmt: skip
_BROW_LEAN: Final = ((0.0, 72.0), (0.12, 58.0), (0.35, 34.0), (0.7, 10.0), (1.0, -10.0))
"""Degrees by which hairs rise from the brow's own direction, by the share of its length from the nose."""
_BROW_LENGTH: Final = ((0.0, 3.0), (0.25, 4.4), (0.75, 4.4), (1.0, 2.6))
"""Millimetres."""
_BROW_RISE: Final = np.array([-0.0002, 0.0006, 0.0008, 0.0003])
"""How far a hair stands off the skin from root to tip, metres."""
_BROW_HAIRS: Final[int] = 56
_NEAR: Final[float] = 0.012
"""Skin further than this from a body does not carry it, metres."""
_SEED: Final[int] = 7
_EAR_OUTLINE: Final[tuple[tuple[float, float], ...]] = (
    # back, up in mm from the ear canal, all the way round from the front of the helix over the top
    (2, 10), (4, 19), (10, 26), (18, 28), (25, 24), (28, 15), (27, 5), (24, -4),
    (20, -12), (17, -19), (12, -25), (6, -27), (1, -24), (-1, -16), (-1, -7), (0, 2),
)  # fmt: skip
_EAR_RINGS: Final[tuple[tuple[float, float], ...]] = (
    # scale about the concha, offset outward in mm
    (0.55, -6.0), (0.82, -1.0), (0.97, 3.0), (1.0, 6.0), (0.97, 7.8), (0.90, 8.0), (0.84, 6.2), (0.74, 5.0),
    (0.60, 6.6), (0.50, 6.4), (0.40, 3.0), (0.26, 0.0),
)  # fmt: skip


_LASHES: Final = (32, 15)
"""Lashes of the upper and of the lower lid."""
Body = tuple[np.ndarray, np.ndarray]
"""Vertices (V,3) and quads (F,4)."""
_NOSTRIL: Final = (0.0068, -0.0460, 0.1070)


@dataclass(frozen=True, eq=False)
class Feature:
    """A body of the head's mesh: vertices (V,3), quads (F,4), its colour, and the skin vertices that carry it.

    carrier  (V,K) int indices of skin vertices
    share    (V,K) weights that sum to 1; all zero for what does not move with the face
    keys     displacement (V,3) by channel, in place of the carriers', for what knows better how it moves
    """

    vertices: np.ndarray
    quads: np.ndarray
    colour: str
    carrier: np.ndarray
    share: np.ndarray
    keys: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LashRow:
    """Lashes of one lid: place 0..1 along it, length and sideways spread (N,) in eyeball radii, curl and lean (rad)."""

    at: np.ndarray
    length: np.ndarray
    spread: np.ndarray
    curl: float
    lean: float


def _mirrored(feature: Feature, skin: Skin) -> Feature:
    return Feature(
        feature.vertices * (-1.0, 1.0, 1.0),
        np.ascontiguousarray(feature.quads[:, ::-1]),
        feature.colour,
        skin.layout.mirror[feature.carrier],
        feature.share,
        {_other_side(name): delta * (-1.0, 1.0, 1.0) for name, delta in feature.keys.items()},
    )


def _other_side(name: str) -> str:
    """The channel or corrective that does the same on the other side."""
    swapped = {"Left": "Right", "Right": "Left"}
    return re.sub(r"(Left|Right)(?=_|$)", lambda found: swapped[found[0]], name)


def _bind(skin: Skin, points: np.ndarray, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """The nearest skin vertices of each point and their weights, by inverse squared distance."""
    low, high = points.min(axis=0) - _NEAR, points.max(axis=0) + _NEAR
    near = np.flatnonzero(((skin.vertices > low) & (skin.vertices < high)).all(axis=1))
    distance = np.linalg.norm(points[:, None] - skin.vertices[near][None], axis=-1)
    closest = np.argsort(distance, axis=1, kind="stable")[:, :count]
    carrier = near[closest]
    weight = 1.0 / (np.take_along_axis(distance, closest, 1) ** 2 + 1e-7)
    return carrier, weight / weight.sum(axis=1, keepdims=True)


def _brow_curve(spec: CharacterSpec, skin: Skin, samples: int) -> tuple[np.ndarray, ...]:
    """Middle (N,3), direction outward, direction up, half height and half thickness (N,) along the left brow."""
    rows = np.array(_BROW) * 1e-3
    powers = np.vander(np.linspace(-1.0, 1.0, len(rows)), 6)
    fine = np.vander(np.linspace(-1.0, 1.0, samples), 6)
    x, y, half, thick = (fine @ np.linalg.lstsq(powers, rows, rcond=None)[0]).T
    half, thick = np.maximum(half * spec.brow.height, 2e-4), np.maximum(thick, 2e-4)
    y = y + spec.brow.lift
    middle = sdf.cast(skin.field, np.stack([x, y, np.full_like(x, 0.16)], -1), np.array([0.0, 0.0, -1.0]), 0.16)
    along = np.gradient(middle, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return middle, along, np.cross(sdf.gradient(skin.field, middle), along), half, thick


def _brow(spec: CharacterSpec, skin: Skin) -> Feature:
    """The brow's body: a thin pad that its hairs stand on."""
    middle, along, up, half, thick = _brow_curve(spec, skin, 26)
    angle = -2.0 * np.pi * np.arange(8) / 8
    rings = middle[:, None] + 0.72 * half[:, None, None] * np.cos(angle)[None, :, None] * up[:, None]
    rings = sdf.project(skin.field, rings, (0.45 * thick[:, None] * np.sin(angle)[None]), 3)
    vertices, quads = tube(rings, -along[0] * 1e-3, along[-1] * 1e-3)
    carrier, share = _bind(skin, vertices, 8)
    return Feature(vertices, outwards(vertices, quads), "brow", carrier, share)


def _brow_hairs(spec: CharacterSpec, skin: Skin) -> Feature:
    """Short tapered hairs that rise from the brow near the nose and lie along it towards the temple."""
    middle, along, up, half, _ = _brow_curve(spec, skin, 101)
    random = np.random.default_rng(_SEED)
    at = (np.arange(_BROW_HAIRS) + random.uniform(0.0, 1.0, _BROW_HAIRS)) / _BROW_HAIRS
    place, row = np.minimum((at * 100).astype(int), 100), random.uniform(-0.95, 0.55, _BROW_HAIRS)
    lean, length = (np.interp(at, *np.array(rows).T) for rows in (_BROW_LEAN, _BROW_LENGTH))
    lean = np.radians(lean - 22.0 * row + random.normal(0.0, 5.0, _BROW_HAIRS))
    root = middle[place] + (row * half[place])[:, None] * up[place]
    heading = np.cos(lean)[:, None] * along[place] + np.sin(lean)[:, None] * up[place]
    steps = np.linspace(0.0, 1.0, 4)
    path = root[:, None] + (length * 1e-3)[:, None, None] * steps[None, :, None] * heading[:, None]
    path = sdf.project(skin.field, path, np.broadcast_to(_BROW_RISE, path.shape[:2]), 1)
    vertices, quads = join(
        [_blade(line, n, 0.00042) for line, n in zip(path, sdf.gradient(skin.field, path), strict=True)]
    )
    carrier, share = _bind(skin, vertices, 8)
    return Feature(vertices, quads, "brow", carrier, share)


def _blade(path: np.ndarray, normal: np.ndarray, width: float) -> Body:
    """A hair: a thin closed body along a path (N,3) with normals (N,3) that narrows to its end."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, normal)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12)
    normal = np.cross(side, along)
    size = width * np.linspace(1.0, 0.18, len(path))[:, None, None]
    square = np.array([[1.0, 0.0], [0.0, 0.7], [-1.0, 0.0], [0.0, -0.7]])
    rings = path[:, None] + size * (square[None, :, :1] * side[:, None] + square[None, :, 1:] * normal[:, None])
    vertices, quads = tube(rings, np.zeros(3), np.zeros(3))
    return vertices, outwards(vertices, quads)


def _ear(skin: Skin) -> Feature:
    outline = np.array(_EAR_OUTLINE, float)
    # A closed smooth curve through the outline: trigonometric interpolation.
    curve = np.stack([np.fft.irfft(np.fft.rfft(outline[:, k]), 32) * 2.0 for k in range(2)], -1)
    concha = np.array([9.0, 1.0])
    rings = []
    for scale, out in _EAR_RINGS:
        flat = concha + (curve - concha) * scale
        lobe = np.clip((-flat[:, 1] - 8.0) / 16.0, 0.0, 1.0)
        lift = out + 0.16 * flat[:, 0] * (scale > 0.6) - lobe * 1.6 * (out > 2)
        rings.append(np.stack([lift, flat[:, 1], -flat[:, 0]], -1))
    local = np.stack(rings)[:, ::-1] * 1e-3
    lean, flare = np.radians(-10.0), np.radians(20.0)
    turn = np.array([[1, 0, 0], [0, np.cos(lean), -np.sin(lean)], [0, np.sin(lean), np.cos(lean)]])
    turn = np.array([[np.cos(flare), 0, -np.sin(flare)], [0, 1, 0], [np.sin(flare), 0, np.cos(flare)]]) @ turn
    root = sdf.cast(skin.field, np.array([[0.16, -0.010, -0.006]]), np.array([-1.0, 0.0, 0.0]), 0.16)[0]
    placed = local @ turn.T + root + (-0.0005, 0.0, 0.0)
    vertices, quads = tube(placed, np.zeros(3), np.zeros(3))
    count = len(vertices)
    return Feature(vertices, outwards(vertices, quads), "skin", np.zeros((count, 1), int), np.zeros((count, 1)))


def _nostril(skin: Skin) -> Feature:
    """A dark, shallow dome under the nose that reads as the nostril."""
    middle = sdf.project(skin.field, np.array([_NOSTRIL]), 0.0, 4)[0]
    normal = sdf.gradient(skin.field, middle[None])[0]
    along = np.array([0.30, 0.0, -1.0])
    along -= normal * (along @ normal)
    along /= np.linalg.norm(along)
    across = np.cross(normal, along)
    t = 2.0 * np.pi * np.arange(12) / 12
    rim = np.cos(t)[:, None] * along * 0.0034 + np.sin(t)[:, None] * across * 0.0023
    rings = np.stack([middle + rim * scale + normal * lift for scale, lift in ((1.0, -0.0010), (0.92, 0.0001))])
    vertices, quads = tube(rings, np.zeros(3), normal * 0.00015)
    # It goes with the skin as one: bent, it would read as a slit.
    carrier, share = (np.repeat(one, len(vertices), axis=0) for one in _bind(skin, middle[None], 12))
    return Feature(vertices, quads, "mouth", carrier, share)


def _lid_margin(skin: Skin) -> np.ndarray:
    """Vertices of the left eye's upper margin from the temple to the nose, then those of the lower one back."""
    ring = skin.layout.ring("eye+", MARGIN_RING)
    return np.concatenate([ring, ring[:1]])


def _liner(eye: EyeSpec, margin: np.ndarray) -> np.ndarray:
    """A narrow dark rim (5N,3) on the upper lid's margin (N,3) from temple to nose: the roots of the lashes."""
    azimuth, elevation, radius = angles(eye, margin)
    t = np.linspace(1.0, 0.0, len(margin))
    length = (0.045 + 0.080 * t) * np.sin(np.pi * np.linspace(0.0, 1.0, len(margin))) ** 0.7
    rows = [
        on_sphere(eye, azimuth, elevation + a * length, radius + length * f)
        for f, a in ((-0.02, 0.20), (0.5, 0.25), (1.0, 0.50), (0.5, 0.0), (-0.02, -0.06))
    ]
    return np.concatenate(rows)


def _lash_paths(eye: EyeSpec, margin: np.ndarray, rows: LashRow, droop: np.ndarray) -> np.ndarray:
    """Middles (lashes, 4, 3) of a row of lashes on a margin (N,3); `droop` (N,) radians turns them down."""
    at = rows.at * (len(margin) - 1)
    low = np.minimum(at.astype(int), len(margin) - 2)
    between = (at - low)[:, None]
    root = margin[low] + between * (margin[low + 1] - margin[low])
    droop = droop[low] + between[:, 0] * (droop[low + 1] - droop[low])
    azimuth, elevation, radius = (value[:, None] for value in angles(eye, root))
    s, length = np.linspace(0.0, 1.0, 4)[None], rows.length[:, None]
    rise = rows.lean * s + rows.curl * s**2
    return on_sphere(
        eye,
        azimuth + length * s * rows.spread[:, None],
        elevation + length * (rise - s * np.sin(np.minimum(droop[:, None], 1.2))),
        radius + 1.55 * length * s * (1.0 - 0.25 * s),
    )


def _lash_row(upper: bool) -> LashRow:
    count = _LASHES[0] if upper else _LASHES[1]
    random = np.random.default_rng(_SEED + upper)
    at = np.linspace(0.05, 0.95, count) + random.uniform(-0.3, 0.3, count) / count
    outer = 1.0 - at if upper else at
    size = np.sin(np.pi * np.clip(at, 0.0, 1.0)) ** 0.4 * random.uniform(0.8, 1.1, count)
    length = size * ((0.13 + 0.15 * outer) if upper else (0.06 + 0.05 * outer))
    return LashRow(at, length, 1.1 * (outer - 0.35), 0.50 if upper else -0.30, 0.05 if upper else -0.45)


def _lashes(spec: CharacterSpec, skin: Skin, shapes: Mapping[str, np.ndarray]) -> Feature:
    """Liner and lashes of the left eye. They turn with the lid about the eyeball, so they have keys of their own."""
    eye, loop = spec.eye, _lid_margin(skin)
    half = len(loop) // 2 + 1
    rest = skin.vertices[loop]
    faces = _liner_quads(half)

    def built(points: np.ndarray) -> Body:
        fall = np.maximum(angles(eye, rest)[1] - angles(eye, points)[1], 0.0)
        bodies: list[Body] = [(_liner(eye, points[:half]), faces)]
        for upper, margin, droop in (
            (True, points[:half], 0.9 * fall[:half]),
            (False, points[half - 1 :], 0.0 * fall[half - 1 :]),
        ):
            for path in _lash_paths(eye, margin, _lash_row(upper), droop):
                outward = path - np.asarray(eye.centre)
                bodies.append(_blade(path, np.cross(outward, np.gradient(path, axis=0)), 0.00044 if upper else 0.00026))
        return join(bodies)

    vertices, quads = built(rest)
    keys = {
        name: built(rest + delta[loop])[0] - vertices
        for name, delta in shapes.items()
        if np.abs(delta[loop]).max() > 1e-7
    }
    count = len(vertices)
    return Feature(vertices, quads, "lash", np.zeros((count, 1), int), np.zeros((count, 1)), keys)


def _liner_quads(n: int) -> np.ndarray:
    i = np.arange(n - 1)
    return np.concatenate(
        [np.stack([r * n + i, r * n + i + 1, (r + 1) * n + i + 1, (r + 1) * n + i], -1) for r in range(4)]
    )


def build_features(spec: CharacterSpec, skin: Skin, shapes: Mapping[str, np.ndarray]) -> list[Feature]:
    """Brows, lashes and ears, left then right; `shapes` are the skin's displacements by channel."""
    left = [_brow(spec, skin), _brow_hairs(spec, skin), _lashes(spec, skin, shapes), _ear(skin), _nostril(skin)]
    return [side for feature in left for side in (feature, _mirrored(feature, skin))]

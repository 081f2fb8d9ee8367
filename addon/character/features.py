"""Ears, brows and lashes: bodies of their own that are part of the head's mesh and move with the skin under them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import sdf
from .head_mesh import Skin
from .layout import MARGIN_RING
from .lids import angles, on_sphere
from .solids import tube
from .spec import CharacterSpec

_BROW: Final[tuple[tuple[float, float, float, float], ...]] = (
    # x, y, half height, half thickness in mm, from the nose out
    (11.5, 23.4, 1.2, 0.30), (15.0, 24.3, 3.1, 0.75), (20.5, 25.5, 3.5, 0.90), (27.5, 26.8, 3.2, 0.90),
    (34.5, 27.5, 2.7, 0.80), (41.5, 27.0, 2.1, 0.75), (47.5, 25.0, 1.3, 0.55), (52.0, 22.2, 0.45, 0.30),
)  # fmt: skip
_EAR_OUTLINE: Final[tuple[tuple[float, float], ...]] = (
    # back, up in mm from the ear canal, all the way round from the front of the helix over the top
    (2, 10), (4, 19), (10, 26), (18, 28), (25, 24), (28, 15), (27, 5), (24, -4),
    (19, -12), (14, -20), (9, -27), (3, -29), (-1, -24), (-1, -15), (-1, -7), (0, 2),
)  # fmt: skip
_EAR_RINGS: Final[tuple[tuple[float, float], ...]] = (
    # scale about the concha, offset outward in mm
    (0.55, -6.0), (0.82, -1.0), (0.97, 3.0), (1.0, 6.0), (0.97, 7.8), (0.90, 8.0), (0.84, 6.2), (0.74, 5.0),
    (0.60, 6.6), (0.50, 6.4), (0.40, 3.0), (0.26, 0.0),
)  # fmt: skip


_NOSTRIL: Final = (0.0072, -0.0465, 0.1085)


@dataclass(frozen=True, eq=False)
class Feature:
    """A body of the head's mesh: vertices (V,3), quads (F,4), its colour, and the skin vertices that carry it.

    carrier  (V,K) int indices of skin vertices
    share    (V,K) weights that sum to 1; all zero for what does not move with the face
    """

    vertices: np.ndarray
    quads: np.ndarray
    colour: str
    carrier: np.ndarray
    share: np.ndarray


def _mirrored(feature: Feature, skin: Skin) -> Feature:
    return Feature(
        feature.vertices * (-1.0, 1.0, 1.0),
        np.ascontiguousarray(feature.quads[:, ::-1]),
        feature.colour,
        skin.layout.mirror[feature.carrier],
        feature.share,
    )


def _bind(skin: Skin, points: np.ndarray, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """The nearest skin vertices of each point and their weights, by inverse squared distance."""
    distance = np.linalg.norm(points[:, None] - skin.vertices[None], axis=-1)
    carrier = np.argsort(distance, axis=1, kind="stable")[:, :count]
    weight = 1.0 / (np.take_along_axis(distance, carrier, 1) ** 2 + 1e-7)
    return carrier, weight / weight.sum(axis=1, keepdims=True)


def _brow(spec: CharacterSpec, skin: Skin) -> Feature:
    rows = np.array(_BROW) * 1e-3
    powers = np.vander(np.linspace(-1.0, 1.0, len(rows)), 6)
    fine = np.vander(np.linspace(-1.0, 1.0, 26), 6)
    x, y, half, thick = (fine @ np.linalg.lstsq(powers, rows, rcond=None)[0]).T
    half, thick = np.maximum(half * spec.brow.height, 2e-4), np.maximum(thick, 2e-4)
    y = y + spec.brow.lift
    middle = sdf.cast(skin.field, np.stack([x, y, np.full_like(x, 0.16)], -1), np.array([0.0, 0.0, -1.0]), 0.16)
    along = np.gradient(middle, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = sdf.gradient(skin.field, middle)
    up = np.cross(normal, along)
    angle = -2.0 * np.pi * np.arange(8) / 8
    rings = middle[:, None] + half[:, None, None] * np.cos(angle)[None, :, None] * up[:, None]
    rings = sdf.project(skin.field, rings, (thick[:, None] * np.sin(angle)[None]), 3)
    vertices, quads = tube(rings, -along[0] * 1e-3, along[-1] * 1e-3)
    carrier, share = _bind(skin, vertices, 8)
    return Feature(vertices, _outwards(vertices, quads), "brow", carrier, share)


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
    return Feature(vertices, _outwards(vertices, quads), "skin", np.zeros((count, 1), int), np.zeros((count, 1)))


def _outwards(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """The quads of a closed body turned so that they face out of it."""
    return quads if _signed_volume(vertices, quads) > 0 else np.ascontiguousarray(quads[:, ::-1])


def _signed_volume(vertices: np.ndarray, quads: np.ndarray) -> float:
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) + np.einsum("ij,ij->", a, np.cross(c, d))) / 6.0


def _nostril(skin: Skin) -> Feature:
    """A dark, shallow dome under the nose that reads as the nostril."""
    middle = sdf.project(skin.field, np.array([_NOSTRIL]), 0.0, 4)[0]
    normal = sdf.gradient(skin.field, middle[None])[0]
    along = np.array([0.30, 0.0, -1.0])
    along -= normal * (along @ normal)
    along /= np.linalg.norm(along)
    across = np.cross(normal, along)
    t = 2.0 * np.pi * np.arange(12) / 12
    rim = np.cos(t)[:, None] * along * 0.0032 + np.sin(t)[:, None] * across * 0.0019
    rings = np.stack([middle + rim * scale + normal * lift for scale, lift in ((1.0, -0.0010), (0.92, 0.0001))])
    vertices, quads = tube(rings, np.zeros(3), normal * 0.00015)
    carrier, share = _bind(skin, vertices)
    return Feature(vertices, quads, "mouth", carrier, share)


def _lash(spec: CharacterSpec, skin: Skin) -> Feature:
    """A fringe on the upper lid's margin, longest towards the temple."""
    ring = skin.layout.ring("eye+", MARGIN_RING)
    margin = ring[: len(ring) // 2 + 1]
    azimuth, elevation, radius = angles(spec.eye, skin.vertices[margin])
    t = np.linspace(1.0, 0.0, len(margin))
    length = (0.09 + 0.15 * t) * np.sin(np.pi * np.linspace(0.0, 1.0, len(margin))) ** 0.7
    rows = [
        on_sphere(spec.eye, azimuth + 0.30 * length * f * (t - 0.35), elevation + a * length, radius + length * f)
        for f, a in ((-0.02, 0.10), (0.5, 0.10), (1.0, 0.50), (0.5, 0.0), (-0.02, -0.06))
    ]
    n = len(margin)
    i = np.arange(n - 1)
    quads = np.concatenate(
        [np.stack([r * n + i, r * n + i + 1, (r + 1) * n + i + 1, (r + 1) * n + i], -1) for r in range(4)]
    )
    return Feature(np.concatenate(rows), quads, "lash", np.tile(margin, 5)[:, None], np.ones((5 * n, 1)))


def build_features(spec: CharacterSpec, skin: Skin) -> list[Feature]:
    """Brows, lashes and ears, left then right."""
    left = [_brow(spec, skin), _lash(spec, skin), _ear(skin), _nostril(skin)]
    return [side for feature in left for side in (feature, _mirrored(feature, skin))]

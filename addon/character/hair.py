"""Hair: a shell from the hairline to the crown, and over it sculpted locks, or tufts where it is curled."""

from __future__ import annotations

from typing import Final

import numpy as np

from . import sdf
from .head_mesh import Skin
from .model import Part
from .skull import solid_distance
from .solids import join, outwards, tube
from .spec import CharacterSpec, Direction, HairSpec, LockRow
from .uv import around

Body = tuple[np.ndarray, np.ndarray]
"""Vertices (V,3) and quads (F,4)."""

_CENTRE: Final = np.array([0.0, 0.030, -0.012])
_SIDES: Final[int] = 64
_RINGS: Final[int] = 16
_TOP: Final[float] = float(np.radians(68.0))
_LOCK_RINGS: Final[int] = 14
_LOCK_SIDES: Final[int] = 8
_REACH: Final[float] = 0.24
_SEED: Final[int] = 20
_SHAKEN: Final[float] = 0.014
"""Radians by which tufts stand off their lattice."""


def _towards(directions: np.ndarray) -> np.ndarray:
    """Unit vectors (...,3) of (...,2) degrees round the head and up."""
    around, up = np.moveaxis(np.radians(directions), -1, 0)
    return np.stack([np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)], -1)


def _hair_field(hair: HairSpec, skin: Skin) -> sdf.Field:
    """What hair lies on: the head and the hair's own mass."""

    def field(p: np.ndarray) -> np.ndarray:
        distance = skin.field(p)
        for _, _, points, radii, blend in hair.volumes:
            distance = sdf.union(distance, solid_distance(p, points, radii), blend)
        return distance

    return field


def _hairline(hair: HairSpec, around: np.ndarray) -> np.ndarray:
    at, height = np.radians(np.array(hair.hairline, float)).T
    fine = np.linspace(0.0, np.pi, 361)
    line = np.interp(fine, at, height)
    kernel = np.hanning(21) / np.hanning(21).sum()
    line = np.convolve(np.concatenate([line[10:0:-1], line, line[-2:-12:-1]]), kernel, "valid")
    return np.interp(np.abs(around), fine, line)


def _thickness(hair: HairSpec, around: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Thickness in metres over the head at an angle round it and a fraction from hairline to crown."""
    front = np.exp(-((around / 0.9) ** 2))
    back = 0.5 - 0.5 * np.cos(around)
    body = hair.body + hair.front * front + hair.back * back + hair.top * np.clip(t, 0.0, 1.0)
    rise = np.sin(0.5 * np.pi * np.clip(t / 0.34, 0.0, 1.0))
    return -0.0025 * (1.0 - rise) + rise * body


def _shell(hair: HairSpec, field: sdf.Field) -> Body:
    around = 2.0 * np.pi * np.arange(_SIDES) / _SIDES
    around = np.where(around > np.pi, around - 2.0 * np.pi, around)
    start = _hairline(hair, around)
    t = np.linspace(0.0, 1.0, _RINGS)[:, None]
    t = 0.55 * t + 0.45 * t**2
    elevation = start + (_TOP - start) * t
    out = _towards(np.degrees(np.stack([around + 0.0 * elevation, elevation], -1)))
    surface = sdf.cast(field, _CENTRE + _REACH * out, -out, _REACH)
    rings = surface + out * _thickness(hair, around + 0.0 * t, t + 0.0 * around)[..., None]
    return tube(rings, end_bulge=np.array([0.0, 0.0045, 0.0]))


def _row_points(ends: tuple[Direction, Direction], share: np.ndarray) -> np.ndarray:
    first, last = np.array(ends, float)
    return _towards(first + share[:, None] * (last - first))


def _paths(hair: HairSpec, row: LockRow, field: sdf.Field, random: np.random.Generator) -> np.ndarray:
    """Middles of the locks of one row (locks, rings, 3), on the shell."""
    share = np.linspace(0.0, 1.0, row.count) + random.uniform(-0.25, 0.25, row.count) / row.count
    start, via, end = (_row_points(ends, share) for ends in (row.start, row.via, row.end))
    end = end + random.normal(0.0, 0.022, end.shape)
    t = np.linspace(0.0, 1.0, _LOCK_RINGS)[None, :, None]
    out = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * via[:, None] + t**2 * end[:, None]
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    surface = sdf.cast(field, _CENTRE + _REACH * out, -out, _REACH)
    # Roots come out of the shell, the body lies on it, tips come down to the skin.
    profile = np.interp(t[..., 0], (0.0, 0.15, 0.55, 1.0), (0.2, 1.0, 1.0, 0.35))[..., None]
    return surface + out * (hair.body + hair.top * 0.5 + row.lift) * profile


def _lock(path: np.ndarray, normal: np.ndarray, row: LockRow, scale: float) -> Body:
    """One tapered lock along its path (rings, 3), on a shell with these normals."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, normal)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    normal = np.cross(side, along)
    t = np.linspace(0.0, 1.0, len(path))
    body = np.interp(t, (0.0, 0.10, 0.45, 0.80, 1.0), (0.30, 0.75, 1.0, 0.62, row.tip)) * scale
    angle = 2.0 * np.pi * np.arange(_LOCK_SIDES) / _LOCK_SIDES
    across = (body * row.width)[:, None, None] * np.cos(angle)[None, :, None] * side[:, None]
    up = (body * row.height)[:, None, None] * np.sin(angle)[None, :, None] * normal[:, None]
    vertices, quads = tube(path[:, None] + across + up, -along[0] * 1e-3, along[-1] * 2e-3)
    return vertices, outwards(vertices, quads)


def _tufts(hair: HairSpec, field: sdf.Field, random: np.random.Generator) -> list[Body]:
    """Round tufts spread evenly over the shell (a Fibonacci lattice), larger at the top."""
    number = np.arange(hair.tufts * 3)
    height = 1.0 - 2.0 * (number + 0.5) / len(number)
    around = (number * np.pi * (3.0 - np.sqrt(5.0)) + np.pi) % (2.0 * np.pi) - np.pi
    # Shaken a little, or the lattice shows as spirals.
    around += random.normal(0.0, _SHAKEN, len(number)) / np.sqrt(np.maximum(1.0 - height**2, 0.04))
    up = np.arcsin(np.clip(height, -1.0, 1.0)) + random.normal(0.0, _SHAKEN, len(number))
    inside = up > _hairline(hair, around) + np.radians(1.5)
    out = _towards(np.degrees(np.stack([around, up], -1)))[inside]
    surface = sdf.cast(field, _CENTRE + _REACH * out, -out, _REACH)
    share = np.clip((up[inside] - _hairline(hair, around[inside])) / np.radians(40.0), 0.0, 1.0)
    thick = _thickness(hair, around[inside], share)
    radius = hair.tuft_radius * random.uniform(0.70, 1.30, len(out)) * (0.75 + 0.25 * share)
    return [_ball(p + o * h, r, random) for p, o, h, r in zip(surface, out, thick, radius, strict=True)]


def _ball(middle: np.ndarray, radius: float, random: np.random.Generator) -> Body:
    polar = np.linspace(0.55, np.pi - 0.55, 5)
    angle = 2.0 * np.pi * np.arange(8) / 8
    rings = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(angle),
            -np.cos(polar)[:, None] + 0.0 * angle,
            np.sin(polar)[:, None] * np.sin(angle),
        ],
        -1,
    )
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    squash = radius * np.array([1.0, 0.8, 1.1])
    vertices, quads = tube(rings, np.array([0, -0.15, 0]), np.array([0, 0.15, 0]))
    placed = (vertices * squash) @ turn.T + middle
    return placed, outwards(placed, quads)


def build_hair(spec: CharacterSpec, skin: Skin) -> Part:
    """`Hair`, fixed to the head; not symmetric, as hair is not."""
    hair, random = spec.hair, np.random.default_rng(_SEED)
    field = _hair_field(hair, skin)
    bodies, shades = [_shell(hair, field)], [1.0 - hair.variety]
    for row in hair.locks:
        paths = _paths(hair, row, field, random)
        for path, normal in zip(paths, sdf.gradient(field, paths), strict=True):
            bodies.append(_lock(path, normal, row, random.uniform(0.85, 1.15)))
            shades.append(1.0 + hair.variety * random.uniform(-1.0, 1.0))
    for tuft in _tufts(hair, field, random) if hair.tufts else []:
        bodies.append(tuft)
        shades.append(1.0 + hair.variety * random.uniform(-1.0, 1.0))
    vertices, quads = join(bodies)
    shade = np.repeat(shades, [len(points) for points, _ in bodies])[:, None]
    count = len(vertices)
    return Part(
        name="Hair",
        vertices=vertices.astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=("hair",),
        colours=np.clip(shade * np.array(spec.palette.hair), 0.0, 1.0).astype(np.float32),
        weights={"head": np.ones(count, np.float32)},
        uv=around(vertices, quads, (0.0, float(_CENTRE[2]))),
    )

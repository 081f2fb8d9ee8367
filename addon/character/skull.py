"""The solid that the skin lies on: skull, jaw, cheeks, nose, sockets and neck as one smooth field.

Each row of `_SOLIDS` is one solid: (kind, numbers, blend width), in the order in which they are united with or carved
from what came before; a solid off the midline stands on both sides. Positions were set against the anthropometric
levels named in `spec.py` and by looking at renders; a row is what to change to sculpt.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from . import sdf
from .spec import CharacterSpec, Sculpt, Solid, Triple

_SOLIDS: Final[tuple[Solid, ...]] = (
    # operation, name, points, radii, blend width
    ("add", "cranium", ((0.0, 0.036, -0.010),), (0.0715, 0.083, 0.0985), 0.010),
    ("add", "face", ((0.0, -0.008, 0.030),), (0.0590, 0.085, 0.0655), 0.040),
    ("add", "jaw", ((0.0, -0.058, 0.034),), (0.0455, 0.050, 0.0570), 0.030),
    ("add", "jaw corner", ((0.0385, -0.064, 0.010),), (0.0135, 0.0190, 0.0180), 0.030),
    ("add", "neck", ((0.0, -0.060, -0.020), (0.0, -0.210, -0.044)), (0.0400, 0.0455), 0.034),
    ("add", "shoulders", ((0.0, -0.256, -0.052),), (0.1500, 0.0620, 0.0680), 0.060),
    ("add", "chin", ((0.0, -0.0985, 0.0815),), (0.0180, 0.0140, 0.0165), 0.030),
    ("add", "cheek", ((0.0345, -0.0450, 0.0500),), (0.0190, 0.0250, 0.0230), 0.034),
    ("add", "cheekbone", ((0.0400, -0.0230, 0.0570),), (0.0190, 0.0150, 0.0185), 0.030),
    ("add", "under eye", ((0.0320, -0.0180, 0.0645),), (0.0190, 0.0110, 0.0130), 0.022),
    ("add", "brow ridge", ((0.0080, 0.0225, 0.0815), (0.0420, 0.0235, 0.0645)), (0.0085, 0.0095), 0.022),
    ("cut", "socket", ((0.0325, 0.0060, 0.0900),), (0.0205, 0.0120, 0.0125), 0.020),
    ("add", "mouth barrel", ((0.0, -0.0690, 0.0755),), (0.0330, 0.0260, 0.0290), 0.024),
    ("cut", "chin crease", ((0.0, -0.0862, 0.1115),), (0.0180, 0.0050, 0.0080), 0.012),
    ("add", "nose bridge", ((0.0, 0.0130, 0.0812), (0.0, -0.0315, 0.1056)), (0.0056, 0.0070), 0.014),
    ("add", "nose tip", ((0.0, -0.0355, 0.1100),), (0.0092, 0.0082, 0.0090), 0.010),
    ("add", "nose wing", ((0.0108, -0.0405, 0.1000),), (0.0054, 0.0060, 0.0085), 0.006),
    ("cut", "nostril", ((0.0062, -0.0472, 0.1062),), (0.0036, 0.0050, 0.0058), 0.004),
    ("cut", "philtrum", ((0.0, -0.0545, 0.1100),), (0.0030, 0.0070, 0.0050), 0.006),
)


def solid_distance(p: np.ndarray, points: tuple[Triple, ...], radii: tuple[float, ...]) -> np.ndarray:
    """Distance (...,) to one solid: an ellipsoid about its one point, or a capsule between its two."""
    if len(points) == 2:
        return sdf.capsule(p, points[0], points[1], radii[0], radii[1])
    return sdf.ellipsoid(p, points[0], (radii[0], radii[1], radii[2]))


def _sculpted(solid: Solid, changes: tuple[Sculpt, ...]) -> Solid:
    """The solid with the changes that name it."""
    operation, name, points, radii, blend = solid
    for change in changes:
        if change.solid == name:
            x, y, z = change.move
            points = tuple((px + x, py + y, pz + z) for px, py, pz in points)
            radii = tuple(radius * factor for radius, factor in zip(radii, change.scale, strict=False))
    return operation, name, points, radii, blend


def _solids_of(spec: CharacterSpec) -> tuple[Solid, ...]:
    """All solids of a specification in order; ValueError when it changes one that does not exist."""
    unknown = {change.solid for change in spec.sculpt} - {solid[1] for solid in _SOLIDS}
    if unknown:
        raise ValueError(f"there is no solid called {', '.join(sorted(unknown))}")
    return (*(_sculpted(solid, spec.sculpt) for solid in _SOLIDS), *spec.solids)


def head_field(spec: CharacterSpec) -> sdf.Field:
    """The field of the skin, without lids and lips: those are laid over it. Symmetric in x by construction."""
    eye, solids = spec.eye, _solids_of(spec)

    def field(p: np.ndarray) -> np.ndarray:
        p = np.concatenate([np.abs(p[..., :1]), p[..., 1:]], axis=-1)
        d = np.full(p.shape[:-1], 1.0)
        for operation, _, points, radii, blend in solids:
            solid = solid_distance(p, points, radii)
            d = sdf.union(d, solid, blend) if operation == "add" else sdf.carve(d, solid, blend)
        lid = np.linalg.norm(p - np.asarray(eye.centre), axis=-1) - eye.radius * 1.07
        return sdf.union(d, lid, 0.015)

    return field

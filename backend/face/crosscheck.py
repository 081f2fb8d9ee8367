"""A second head's opinion: MakeHuman's expression units against the channels that should move the face alike.

MakeHuman (CC0 assets) has no ARKit shapes and names no landmarks, so the check is coarse. Its head is warped onto the
canonical face by what both are known to share (upper lids, tip of the nose, where the lips meet), each landmark takes
the mean motion of the vertices about it, and directions of motion are compared. Nothing of it enters the basis.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX

from . import landmarks as lm
from .basis import FaceBasis

FILE: Final[str] = "makehuman_mpfb_cc0/makehuman_head_units34.glb"

UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "eye-left-closure": ("eyeBlinkLeft",),
    "eye-left-opened-up": ("eyeWideLeft",),
    "eyebrows-left-down": ("browDownLeft",),
    "eyebrows-left-extern-up": ("browOuterUpLeft",),
    "nose-left-elevation": ("noseSneerLeft",),
    "mouth-open": ("jawOpen",),
    "mouth-corner-puller": ("mouthSmileLeft", "mouthSmileRight"),
    "mouth-depression": ("mouthFrownLeft", "mouthFrownRight"),
    "mouth-retraction": ("mouthStretchLeft", "mouthStretchRight"),
    "mouth-pursing": ("mouthPucker",),
    "mouth-part-later": ("mouthLowerDownLeft", "mouthLowerDownRight"),
}
"""MakeHuman's unit and the channels that it most resembles, by where its largest motion lies and points."""

BLUR: Final[float] = 0.06
"""IOD; about the distance that is left between landmarks and the warped head (median 0.05)."""
UPPER_LIP: Final[tuple[int, ...]] = (*range(48, 55), *range(60, 65))
LOWER_LIP: Final[tuple[int, ...]] = (*range(55, 60), *range(65, 68))
_COMPONENTS: Final[Mapping[int, str]] = {5123: "<u2", 5125: "<u4", 5126: "<f4"}


def agreement(basis: FaceBasis, rigs: Path) -> dict[str, dict[str, Any]]:
    """For each unit: the channels it is held against, the cosine between both motions of the 68 points, and their
    ratio of size (channels at 1 over unit at 1). Raises OSError or KeyError when the head is not below `rigs`.
    """
    rest, units = read_units(rigs / FILE)
    scale, warped = _warped(rest, units, basis.neutral.astype(np.float64))
    spread = _spread(warped, np.linalg.norm(units["mouth-open"], axis=1), basis.neutral[:68])
    found = {}
    for unit, channels in UNITS.items():
        theirs = (spread @ units[unit] / scale).reshape(-1)
        ours = sum(basis.displacement[CHANNEL_INDEX[name], :68].astype(np.float64) for name in channels)
        ours = np.reshape(ours, -1)
        size = np.linalg.norm(ours), np.linalg.norm(theirs)
        found[unit] = {
            "channels": list(channels),
            "cosine": round(float(ours @ theirs / (size[0] * size[1])), 3),
            "size_ratio": round(float(size[0] / size[1]), 3),
        }
    return found


def read_units(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Vertices (V,3) and unit displacements (V,3) by name of a binary glTF head with one primitive."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document, body = json.loads(data[20 : 20 + length]), data[28 + length :]
    mesh = document["meshes"][0]
    primitive = mesh["primitives"][0]
    positions = [primitive["attributes"]["POSITION"], *(target["POSITION"] for target in primitive["targets"])]
    rest, *moved = (_accessor(document, body, index) for index in positions)
    return rest, dict(zip(mesh["extras"]["targetNames"], moved, strict=True))


def _accessor(document: Mapping[str, Any], body: bytes, index: int) -> np.ndarray:
    """Rows of three of accessor `index`, dense or sparse (glTF 2.0, section 3.6.2)."""

    def view(number: int, component: int, count: int, offset: int = 0) -> np.ndarray:
        start = document["bufferViews"][number].get("byteOffset", 0) + offset
        return np.frombuffer(body, _COMPONENTS[component], count, start)

    accessor = document["accessors"][index]
    rows = np.zeros((accessor["count"], 3))
    if "bufferView" in accessor:
        flat = view(accessor["bufferView"], accessor["componentType"], rows.size, accessor.get("byteOffset", 0))
        rows[:] = flat.reshape(-1, 3)
    if sparse := accessor.get("sparse"):
        at = view(sparse["indices"]["bufferView"], sparse["indices"]["componentType"], sparse["count"])
        values = view(sparse["values"]["bufferView"], accessor["componentType"], 3 * sparse["count"])
        rows[at] = values.reshape(-1, 3)
    return rows


def _warped(rest: np.ndarray, units: Mapping[str, np.ndarray], neutral: np.ndarray) -> tuple[float, np.ndarray]:
    """Size of the head's IOD in its own unit, and its vertices (V,3) laid over the canonical face.

    Width is scaled by the distance of the upper lids, height is stretched between the shared points, and depth is
    shifted until the tips of the noses meet.
    """
    lids = []
    for side in ("left", "right"):
        motion = np.linalg.norm(units[f"eye-{side}-closure"], axis=1)
        lids.append(rest[motion > 0.5 * motion.max()].mean(axis=0))
    ours = [neutral[[pair[0] for pair in lm.LID_PAIRS[side]]].mean(axis=0) for side in ("left", "right")]
    scale = (lids[0][0] - lids[1][0]) / (ours[0][0] - ours[1][0])
    tip = rest[np.argmax(rest[:, 2])]
    opened = np.linalg.norm(units["mouth-open"], axis=1)
    front = (np.abs(rest[:, 0]) < 0.01 * scale) & (rest[:, 1] < tip[1]) & (rest[:, 2] > tip[2] - 0.4 * scale)
    lower = rest[front & (opened > 0.8 * opened[front].max()), 1].max()
    heights = np.array([lids[0][1] + scale, lids[0][1], tip[1], lower, lower - scale])
    seam = neutral[[62, 66], 1].mean()
    targets = np.array([ours[0][1] + 1, ours[0][1], neutral[30, 1], seam, seam - 1])
    y = np.interp(rest[:, 1], heights[::-1], targets[::-1])
    return scale, np.stack([rest[:, 0] / scale, y, (rest[:, 2] - tip[2]) / scale + neutral[30, 2]], axis=1)


def _spread(warped: np.ndarray, opened: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Weights (68,V) of the vertices about each point, rows summing to 1: a Gaussian of width `BLUR`.

    Lip points take theirs from the lip that does, or does not, go with the jaw.
    """
    squared = ((points[:, None] - warped[None]) ** 2).sum(axis=-1)
    with_jaw = opened > 0.5 * opened.max()
    squared[np.array(UPPER_LIP)[:, None], np.flatnonzero(with_jaw)] = np.inf
    squared[np.array(LOWER_LIP)[:, None], np.flatnonzero(~with_jaw)] = np.inf
    weights = np.exp(-squared / (2 * BLUR**2))
    return weights / weights.sum(axis=1, keepdims=True)

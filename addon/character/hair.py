"""Hair: one sculpted shell from the hairline to the crown, parted on one side."""

from __future__ import annotations

from typing import Final

import numpy as np

from . import sdf
from .head_mesh import Skin
from .model import Part
from .solids import tube
from .spec import CharacterSpec, HairSpec

_CENTRE: Final = np.array([0.0, 0.030, -0.012])
_SIDES: Final[int] = 96
_RINGS: Final[int] = 22
_TOP: Final[float] = float(np.radians(68.0))
_PART: Final[float] = float(np.radians(28.0))
"""The parting stands this far round to the character's left."""


def _hairline(hair: HairSpec, around: np.ndarray) -> np.ndarray:
    at, height = np.radians(np.array(hair.hairline, float)).T
    fine = np.linspace(0.0, np.pi, 361)
    line = np.interp(fine, at, height)
    kernel = np.hanning(21) / np.hanning(21).sum()
    line = np.convolve(np.concatenate([line[10:0:-1], line, line[-2:-12:-1]]), kernel, "valid")
    return np.interp(np.abs(around), fine, line)


def _relief(hair: HairSpec, around: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Combed locks and tufts, metres; both fade towards the crown, where all strands meet."""
    locks = np.sin(26.0 * around + 5.0 * t + 1.5 * np.sin(3.0 * around)) + 0.55 * np.sin(43.0 * around - 7.0 * t)
    tufts = np.abs(np.sin(11.0 * around + 2.0 * np.sin(9.0 * t)) * np.sin(17.0 * t + 1.7 * np.sin(5.0 * around)))
    fade = np.clip(1.4 - t, 0.0, 1.0) * np.clip(t / 0.25, 0.0, 1.0)
    return (hair.strands * locks + hair.curls * np.sqrt(tufts)) * fade


def _thickness(hair: HairSpec, around: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Thickness in metres over the skin at an angle round the head and a fraction from hairline to crown."""
    front = np.exp(-((around / 0.9) ** 2))
    back = 0.5 - 0.5 * np.cos(around)
    body = hair.body + hair.front * front + hair.back * back + hair.top * np.clip(t, 0.0, 1.0)
    rise = np.clip(t / 0.30, 0.0, 1.0)
    rise = np.sin(0.5 * np.pi * rise) ** 0.8
    sweep = hair.sweep * np.exp(-(((around + 0.30) / 0.55) ** 2)) * np.exp(-(((t - 0.34) / 0.24) ** 2))
    parting = -hair.parting * np.exp(-(((around - _PART) / 0.075) ** 2)) * np.clip(1.2 - t, 0.0, 1.0)
    return -0.0025 * (1.0 - rise) + rise * (body + sweep + parting + _relief(hair, around, t))


def build_hair(spec: CharacterSpec, skin: Skin) -> Part:
    """`Hair`, fixed to the head; not symmetric, as hair is not."""
    around = 2.0 * np.pi * np.arange(_SIDES) / _SIDES
    around = np.where(around > np.pi, around - 2.0 * np.pi, around)
    start = _hairline(spec.hair, around)
    t = np.linspace(0.0, 1.0, _RINGS)[:, None]
    t = 0.55 * t + 0.45 * t**2
    elevation = start + (_TOP - start) * t
    out = np.stack(
        [
            np.sin(around) * np.cos(elevation),
            np.sin(elevation) + 0.0 * around,
            np.cos(around) * np.cos(elevation),
        ],
        -1,
    )
    surface = sdf.cast(skin.field, _CENTRE + 0.24 * out, -out, 0.24)
    rings = surface + out * _thickness(spec.hair, around + 0.0 * t, t + 0.0 * around)[..., None]
    rings[-1] = rings[-1].mean(axis=0) + (rings[-1] - rings[-1].mean(axis=0)) * 1.0
    vertices, quads = tube(rings, end_bulge=np.array([0.0, 0.0045, 0.0]))
    count = len(vertices)
    return Part(
        name="Hair",
        vertices=vertices.astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=("hair",),
        colours=np.tile(np.array(spec.palette.hair, np.float32), (count, 1)),
        weights={"head": np.ones(count, np.float32)},
    )

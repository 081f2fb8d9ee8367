"""From channels to the controls of a rig with other names: rows applied, visemes fitted, closures kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from .channels import CHANNEL_INDEX, CHANNELS, GROUPS, indices
from .profiles import VISEME, Row
from .solve import Controls, solve

CLOSED_GAP: Final[float] = 0.012
OPEN_GAP: Final[float] = 0.04
"""Lip gaps in inter-ocular distances: sealed lips of the generator measure 0.001 to 0.008, its f and v 0.05 [chosen
between them]; 0.8 and 2.5 mm of a human face."""
FULL_PRESS: Final[float] = 0.25
"""Mean of the two mouthPress channels at which closed lips are a whole p, b or m; the generator seals at 0.35."""
NARROW_GAP: Final[tuple[float, float]] = (0.06, 0.12)
"""Lip gaps in inter-ocular distances between which FF fades: the generator's f and v measure 0.05 to 0.06."""
OPENING: Final[float] = 3.0
"""How much an inter-ocular distance between the lips counts in the fit against a whole channel, for how far a mouth
opens is seen before which shape it has [chosen: mixtures then open neither too far nor too little on the whole]."""
RIDGE: Final[float] = 0.004
"""Ridge of the fit (`solve.Controls`), which makes it well posed where mixtures look alike [chosen]."""


def openness(gap: np.ndarray) -> np.ndarray:
    """(T,) 0..1 from the lip gap (T,) in inter-ocular distances: 0 where the lips are sealed, 1 where they part."""
    return _ramp(gap, CLOSED_GAP, OPEN_GAP)


def apply_rows(rows: Sequence[Row], channels: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """(T,K) float32 values of the targets of `rows`, from `channels` (T,52) in 0..1 and the lip `gap` (T,) in IOD.

    Rows that part the lips yield where the performance has them sealed, however the rig combines its shapes.
    """
    names = [name.removeprefix(VISEME) for row in rows for name, _ in row.sources if name.startswith(VISEME)]
    visemes = viseme_weights(channels, gap, tuple(dict.fromkeys(names))) if names else {}
    parted = openness(gap)
    values = np.empty((len(channels), len(rows)), dtype=np.float32)
    for column, row in enumerate(rows):
        total = np.full(len(channels), row.offset)
        for name, gain in row.sources:
            total += gain * (
                channels[:, CHANNEL_INDEX[name]] if name in CHANNEL_INDEX else visemes[name[len(VISEME) :]]
            )
        values[:, column] = np.clip(total * parted if row.opens else total, *row.clamp)
    return values


def viseme_weights(channels: np.ndarray, gap: np.ndarray, available: tuple[str, ...]) -> Mapping[str, np.ndarray]:
    """A (T,) curve in 0..1 for each viseme in `available`, from `channels` (T,52) and the lip `gap` (T,) in IOD.

    PP is how firmly sealed lips are pressed. All others are the non-negative mixture whose mouth is nearest to the
    channels and opens as far as the lips do, zero while they are sealed; FF also fades where they are too far apart for
    it. sil rests, since silence is the face without visemes, and so do those that only the tongue makes.
    """
    parted = openness(gap)
    press = channels[:, indices("mouthPress")].mean(axis=1)
    sealed = (1.0 - parted) * np.clip(press / FULL_PRESS, 0.0, 1.0)
    table = viseme_faces()
    fitted = tuple(name for name in available if name in table)
    shown = viseme_features(fitted)
    fit = Controls(shown, np.zeros(len(fitted)), np.ones(len(fitted)), ridge=RIDGE)
    weights = solve(fit, mouth_features(channels, gap))
    found = {name: weights[:, column] * parted for column, name in enumerate(fitted)}
    if "FF" in found:
        found["FF"] = found["FF"] * (1.0 - _ramp(gap, *NARROW_GAP))
    found |= {name: sealed if name == "PP" else np.zeros(len(channels)) for name in available if name not in table}
    return found


def mouth_features(channels: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """(T,F) float64 what the fit compares of a performance: the channels of the mouth, then how far the lips part."""
    opening = np.array(channels, dtype=np.float64)
    opening[:, CHANNEL_INDEX["jawOpen"]] -= opening[:, CHANNEL_INDEX["mouthClose"]]  # lips over a lowered jaw
    opening[:, CHANNEL_INDEX["mouthClose"]] = 0.0
    apart = np.maximum(np.asarray(gap, dtype=np.float64) - _viseme_table()["rest_gap"], 0.0)
    return np.concatenate([opening[:, indices(*GROUPS["mouth"])], OPENING * apart[:, None]], axis=1)


def viseme_features(names: Sequence[str]) -> np.ndarray:
    """(V,F) the same of visemes at 1, as the canonical face shows them."""
    faces = np.array([viseme_faces()[name] for name in names]).reshape(-1, len(CHANNELS))
    gaps = np.array([_viseme_table()["gaps"][name] for name in names]).reshape(-1, 1)
    return np.concatenate([faces[:, indices(*GROUPS["mouth"])], OPENING * gaps], axis=1)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    ramp = np.clip((np.asarray(values, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    return ramp * ramp * (3.0 - 2.0 * ramp)


@cache
def viseme_faces() -> Mapping[str, np.ndarray]:
    """The (52,) channels that each viseme at 1 stands for."""
    table: dict[str, np.ndarray] = {}
    for name, mix in _viseme_table()["visemes"].items():
        table[name] = np.zeros(len(CHANNELS))
        for channel, value in mix.items():
            table[name][CHANNEL_INDEX[channel]] = value
    return table


@cache
def _viseme_table() -> Mapping[str, Any]:
    return json.loads(Path(__file__).with_name("viseme_channels.json").read_text(encoding="utf-8"))

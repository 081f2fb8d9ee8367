"""The numbers of the procedural performer: JSON tables in `data/`, each value beside its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from addon.core.channels import CHANNEL_INDEX, CHANNELS
from addon.core.emotion import EMOTIONS


@cache
def table(name: str) -> Mapping[str, Any]:
    """The table `data/<name>.json`, read once."""
    return json.loads(files("backend.rules").joinpath("data", f"{name}.json").read_text(encoding="utf-8"))


@cache
def value(name: str, entry: str) -> float:
    """One number of a table, whether written bare or as `{"value": ..., "source": ...}`."""
    found = table(name)[entry]
    return float(found["value"] if isinstance(found, Mapping) else found)


def channel_vector(weights: Mapping[str, float]) -> np.ndarray:
    """(52,) float64 channel values from a mapping by name; the rest are 0. Raises KeyError on an unknown name."""
    vector = np.zeros(len(CHANNELS))
    for name, weight in weights.items():
        vector[CHANNEL_INDEX[name]] = weight
    return vector


def per_emotion(rows: Mapping[str, Any]) -> np.ndarray:
    """(8, ...) float64: the rows of a table keyed by emotion, in `EMOTIONS` order."""
    return np.array([rows[name] for name in EMOTIONS], dtype=np.float64)

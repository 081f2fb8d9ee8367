"""The ranges of sliders and custom properties, where a performance goes beyond them: held to, or raised for as long.

A shape key cannot leave its slider's range; a custom property can, yet its rig was not made for that. Which of the two
happens is the artist's choice and is said in either case. What a range was before is noted on its datablock, and put
back when the takes are removed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np

from .actions import Track
from .controls import listed
from .ownership import label

RANGES_PROPERTY: Final[str] = "soliloquy_ranges"
"""Custom property of a datablock: the ranges, by data path, that were raised, as they were."""
WIDEST: Final[float] = 10.0
"""How far Blender lets the slider of a shape key go, either way."""
ROOM: Final[float] = 1e-4
"""Values this far beyond a range are rounding, and no matter for the artist."""


class Ranges:
    """The ranges of one bake: `hold` each curve, then tell and, once all is computed, `apply`."""

    def __init__(self, raised: bool) -> None:
        self._raised = raised
        self._beyond: dict[bpy.types.ID, dict[str, str]] = {}  # names of controls by data path
        self._wider: list[tuple[bpy.types.ID, str, float, float]] = []

    def hold(self, datablock: bpy.types.ID, track: Track) -> Track:
        """A curve within the range of what it drives; bones have none."""
        owner = _owner(datablock, track.path)
        if owner is None:
            return track
        wanted, (low, high) = track.values, _range(*owner)
        if wanted.min() < low - ROOM or wanted.max() > high + ROOM:
            self._beyond.setdefault(datablock, {})[track.path] = owner[1] or owner[0].name
            if self._raised:
                low, high = min(low, float(wanted.min())), max(high, float(wanted.max()))
                low, high = (low, high) if owner[1] else (max(low, -WIDEST), min(high, WIDEST))
                self._wider.append((datablock, track.path, low, high))
        return replace(track, values=np.clip(wanted, low, high))

    def sentences(self) -> list[str]:
        """What was limited or raised, one sentence for each datablock."""
        return [self._said(datablock, list(names.values())) for datablock, names in self._beyond.items()]

    def apply(self) -> None:
        """Raise the ranges, and note what they were."""
        for datablock, path, low, high in self._wider:
            owner = _owner(datablock, path)
            if owner is None:
                continue
            noted = json.loads(datablock.get(RANGES_PROPERTY, "{}"))
            noted.setdefault(path, _range(*owner))
            datablock[RANGES_PROPERTY] = json.dumps(noted)
            _set_range(*owner, low, high)

    def _said(self, datablock: bpy.types.ID, names: list[str]) -> str:
        whose = f"{listed(names)} of {label(datablock)}"
        if self._raised:
            return (
                f"The ranges of {whose} were raised to hold the whole movement; Remove What Soliloquy Made puts them "
                "back."
            )
        return (
            f"{whose} were limited by the range of their sliders; choose Raise Slider Ranges to see the whole movement."
        )


def put_back(datablock: bpy.types.ID) -> int:
    """Give raised ranges what they were. Returns how many there were; controls that are gone are passed over."""
    noted = datablock.get(RANGES_PROPERTY)
    if noted is None:
        return 0
    ranges = json.loads(noted)
    for path, (low, high) in ranges.items():
        try:
            owner = _owner(datablock, path)
            if owner is not None:
                _set_range(*owner, low, high)
        except (ValueError, KeyError, TypeError):
            continue  # the artist has renamed or removed that control since
    del datablock[RANGES_PROPERTY]
    return len(ranges)


def _owner(datablock: bpy.types.ID, path: str) -> tuple[Any, str] | None:
    """What has the range of a data path: a shape key and "", or the owner of a custom property and its name."""
    if path.endswith('"]'):
        holder, _, quoted = path.rpartition('["')
        return datablock.path_resolve(holder) if holder else datablock, bpy.utils.unescape_identifier(quoted[:-2])
    if isinstance(datablock, bpy.types.Key):
        return datablock.path_resolve(path.rpartition(".")[0]), ""
    return None


def _range(owner: Any, name: str) -> tuple[float, float]:
    if not name:
        return owner.slider_min, owner.slider_max
    limits = owner.id_properties_ui(name).as_dict()
    return float(limits["min"]), float(limits["max"])


def _set_range(owner: Any, name: str, low: float, high: float) -> None:
    if name:
        owner.id_properties_ui(name).update(min=low, max=high)
    else:
        owner.slider_min, owner.slider_max = low, high

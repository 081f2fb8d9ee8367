"""Bones that were probed: a note of what each of their axes does to the landmarks, kept beside the landmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from .errors import RigError
from .performance import LANDMARKS
from .profiles import ROLES, SHIFTS, TURNS

PROBES_PROPERTY: Final[str] = "soliloquy_probes"
"""Custom property of a mesh object: the text of `probes_text`."""
LIMITS: Final[Mapping[str, float]] = {**dict.fromkeys(TURNS, 1.0), **dict.fromkeys(SHIFTS, 0.5)}
"""How far a probed axis may go either way: a lid turns about an eyeball by some 0.9 radians to shut, the corner of a
mouth moves by a third of the distance between the eyes [both measured on ICT-FaceKit; chosen above them]."""
_DIGITS: Final[int] = 5


@dataclass(frozen=True, eq=False)
class Probe:
    """One axis of a bone: `moves` (70,3) is what it adds to the landmarks for each radian or unit, in IOD."""

    bone: str
    axis: str
    moves: np.ndarray


@dataclass(frozen=True, eq=False)
class Probed:
    """The bones of a face: `unit` is the length of one shift in the armature, `roles` its head and eyes by `ROLES`."""

    unit: float = 1.0
    probes: tuple[Probe, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)


def probes_text(probed: Probed) -> str:
    """The note: landmarks that an axis does not move are left out."""
    listed = [
        {
            "bone": probe.bone,
            "axis": probe.axis,
            "moves": {str(n): probe.moves[n].round(_DIGITS).tolist() for n in np.flatnonzero(probe.moves.any(axis=1))},
        }
        for probe in probed.probes
    ]
    return json.dumps({"unit": probed.unit, "roles": dict(probed.roles), "probes": listed})


def probes_of(text: str) -> Probed:
    """The value of a note. Raises RigError when it is not one."""
    try:
        document = json.loads(text)
        roles = {str(role): str(bone) for role, bone in document["roles"].items() if role in ROLES}
        return Probed(float(document["unit"]), tuple(map(_probe, document["probes"])), roles)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise RigError("probes.text", "The note of probed bones is damaged; bind the character again.") from error


def _probe(entry: Any) -> Probe:
    moves = np.zeros((LANDMARKS, 3))
    for number, move in entry["moves"].items():
        moves[int(number)] = move
    if entry["axis"] not in LIMITS:
        raise ValueError(entry["axis"])
    return Probe(str(entry["bone"]), entry["axis"], moves)

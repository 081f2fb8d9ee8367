"""The values of a face that is bound by geometry: its keys and bones solved for together, once for a bake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..core.baking import SceneCurves
from ..core.geometry import fit_values, residuals
from . import geometry
from .parts import Character


@dataclass(frozen=True, eq=False)
class Solved:
    """What was solved for, with the layer of each.

    keys   values (N,) and layer by shape key; those that move no landmark are not in it
    bones  values (N,) by bone and axis: radians, and shifts in `unit` lengths of the armature
    layers of the bones
    """

    keys: Mapping[str, tuple[np.ndarray, str]] = field(default_factory=dict)
    bones: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    unit: float = 1.0


def solve_face(character: Character, curves: SceneCurves, notes: list[str]) -> Solved:
    """Solve a line for a character that is bound by geometry, and note how near it comes; nothing for any other."""
    fit = character.fit
    if fit is None:
        return Solved()
    face = geometry.face_fit(fit, character)
    values = fit_values(face, curves.landmarks, curves.gap)
    left = residuals(face, values, curves.landmarks, curves.gap)
    said = ", ".join(f"{region} {distance:.1f}" for region, distance in left.items())
    notes.append(f"{fit.owner.name} is fitted by geometry to within (mm of a human face): {said}.")
    keys = {
        name: (values[:, column], face.layer(column)) for column, name in enumerate(fit.keys) if face.usable[column]
    }
    bones: dict[str, dict[str, np.ndarray]] = {}
    layers: dict[str, tuple[float, str]] = {}
    for column, probe in enumerate(fit.bones, len(fit.keys)):
        bones.setdefault(probe.bone, {})[probe.axis] = values[:, column].astype(np.float64)
        strength = float(np.linalg.norm(face.effects[column]))
        layers[probe.bone] = max(layers.get(probe.bone, (0.0, "")), (strength, face.layer(column)))
    return Solved(keys, bones, {bone: layer for bone, (_, layer) in layers.items()}, fit.unit)

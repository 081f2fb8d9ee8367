"""Binding without names: what controls do to the 70 landmarks, and the values that make a performance's own motion.

A rig's face is measured in its own inter-ocular distances, and each region in its own size on top of that: a cartoon
mouth twice as wide moves twice as far, and still closes when the performance closes, because what is fitted there is
the distance between facing points, not where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .errors import RigError
from .mapping import openness
from .placement import canonical_face
from .placement_eyes import MOUTH_CORNERS
from .solve import Controls, residual, solve

LIP_PAIRS: Final[tuple[tuple[int, int], ...]] = ((61, 67), (62, 66), (63, 65))
LID_PAIRS: Final[tuple[tuple[int, int], ...]] = ((43, 47), (44, 46), (37, 41), (38, 40))
REGIONS: Final[Mapping[str, tuple[int, ...]]] = {
    "mouth": tuple(range(48, 68)),
    "eyes": tuple(range(36, 48)),
    "brows": tuple(range(17, 27)),
    "nose": tuple(range(27, 36)),
    "jaw": tuple(range(6, 11)),
}
LOWERED: Final[tuple[int, ...]] = (6, 7, 8, 9, 10, 55, 56, 57, 58, 59, 65, 66, 67)
"""Chin and lower lip, which sink as far as the jaw is built to drop."""
WEIGHTS: Final[Mapping[str, float]] = {"mouth": 1.0, "eyes": 1.5, "brows": 1.2, "nose": 1.0, "jaw": 2.0}
PAIR_WEIGHT: Final[float] = 6.0
"""How much each region counts, and a facing pair against a single point: an open closure is worse than a wide smile
[chosen]."""
TOUCHING: Final[float] = 0.03
"""A gap between the lips at rest up to this many inter-ocular distances is a closed mouth, and is left as it is."""
MILLIMETRES: Final[float] = 63.0
"""Of a human face in one inter-ocular distance: mean distance of adult pupils (Dodgson, Proc. SPIE 5291, 2004)."""
WIDEST_GAPS: Final[tuple[float, float, float]] = (0.414, 0.502, 0.414)
"""Lip gaps in inter-ocular distances, by `LIP_PAIRS`, that jawOpen at 1 makes on the canonical face
(backend/weights/face_basis; a test says so)."""
ALIKE: Final[float] = 0.2
"""Regions whose size is within this part of the canonical one count as of its size: corners are not found better."""
SPARSITY: Final[float] = 0.006
TEMPORAL: Final[float] = 0.02
RIDGE: Final[float] = 0.002
"""Weights of the solve for this use, in inter-ocular distances [chosen: idle keys rest, closures are not smoothed]."""
LEAST_EFFECT: Final[float] = 0.004
"""A control that moves no landmark by this many inter-ocular distances is left at rest: nothing tells its value."""

_LAYERS: Final[Mapping[str, str]] = {"mouth": "speech", "jaw": "speech", "eyes": "blink", "brows": "expression"}


@dataclass(frozen=True, eq=False)
class FaceFit:
    """A rig's face as its controls move it, in contract axes and the rig's own inter-ocular distances.

    rest      (70,3) landmarks at rest; those that are not placed are NaN
    effects   (K,70,3) what each control at 1 adds; 0 where a landmark is not placed
    low, high (K,) limits of the controls
    bones     how many of them, the last, are bones: a shape key at 1 is all that the rig is built to do, a bone's 1 is
              a radian or a length and says nothing of that
    """

    rest: np.ndarray
    effects: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bones: int = 0

    @property
    def mouth_scale(self) -> float:
        """Width of the mouth against the canonical one."""
        right, left = self.rest[list(MOUTH_CORNERS)]
        return _scale(float(np.linalg.norm(left - right)) / float(2 * canonical_face()[MOUTH_CORNERS[1], 0]))

    @property
    def gap_scales(self) -> np.ndarray:
        """(3,) how far each pair of lip landmarks parts, against the canonical mouth.

        As the key that opens the mouth widest does it, for mouths open in other shapes than the canonical one; by the
        width of the mouth where that is more, or where no key tells.
        """
        keys = self.effects[: len(self.effects) - self.bones]
        gaps = np.array([[effect[a, 1] - effect[b, 1] for a, b in LIP_PAIRS] for effect in keys]).reshape(-1, 3)
        if not len(gaps):
            return np.full(3, self.mouth_scale)
        widest = gaps[int(np.argmax(gaps.mean(axis=1)))]
        built = widest / np.array(WIDEST_GAPS)
        return built if built.mean() > self.mouth_scale else np.full(3, self.mouth_scale)

    @property
    def lid_scale(self) -> float:
        """Opening of the lids against the canonical one."""
        return _scale(_gap(self.rest, LID_PAIRS) / _gap(canonical_face(), LID_PAIRS))

    def layer(self, control: int) -> str:
        """The layer that a control belongs to, by the region of the face that it moves most."""
        moved = {name: float(np.linalg.norm(self.effects[control, list(REGIONS[name])])) for name in _LAYERS}
        return _LAYERS[max(moved, key=lambda name: moved[name])]

    @property
    def usable(self) -> np.ndarray:
        """(K,) bool, the controls that move some landmark."""
        return np.linalg.norm(self.effects, axis=2).max(axis=1, initial=0.0) > LEAST_EFFECT


def usable_landmarks(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Landmarks (70,3) in a rig's own lengths, NaN where not placed, in its inter-ocular distances, and that distance.

    Raises RigError when eyes or lips are not placed, for without them there is nothing to fit.
    """
    needed = [*REGIONS["eyes"], *MOUTH_CORNERS, *(number for pair in LIP_PAIRS for number in pair)]
    if np.isnan(points[needed]).any():
        raise RigError("fit.landmarks", "Landmarks of eyes and lips are missing; bind the character again.")
    right, left = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    unit = float(np.linalg.norm(left - right))
    if unit <= 0:
        raise RigError("fit.landmarks", "Both eyes lie at one place; bind the character again.")
    return (points - (right + left) / 2) / unit, unit


def fit_values(fit: FaceFit, landmarks: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """(T,K) values of the controls for performed `landmarks` (T,70,3) and their lip `gap` (T,), both in IOD."""
    usable = np.flatnonzero(fit.usable)
    values = np.zeros((len(landmarks), len(fit.effects)), dtype=np.float32)
    values[:, usable] = solve(_controls(fit, usable), _wanted(fit, landmarks, gap))
    return values


def residuals(fit: FaceFit, values: np.ndarray, landmarks: np.ndarray, gap: np.ndarray) -> dict[str, float]:
    """Root mean square distance by region that `values` leave undone, in millimetres of a human face."""
    usable = np.flatnonzero(fit.usable)
    left = residual(_controls(fit, usable), values[:, usable], _wanted(fit, landmarks, gap))
    points = left[:, : 3 * len(_POINTS)].reshape(len(left), -1, 3) / _POINT_WEIGHTS[:, None]
    found = {}
    for name, numbers in REGIONS.items():
        apart = np.linalg.norm(points[:, [_POINTS.index(n) for n in numbers]], axis=2)
        found[name] = MILLIMETRES * float(np.sqrt(np.mean(apart**2))) / _scales(fit)[name]
    return found


_POINTS: Final[tuple[int, ...]] = tuple(n for numbers in REGIONS.values() for n in numbers)
_POINT_WEIGHTS: Final = np.array([WEIGHTS[name] for name, numbers in REGIONS.items() for _ in numbers])


def _controls(fit: FaceFit, usable: np.ndarray) -> Controls:
    return Controls(
        _features(fit.effects[usable]), fit.low[usable], fit.high[usable],
        ridge=RIDGE, sparsity=SPARSITY, temporal=TEMPORAL,
    )  # fmt: skip


def _features(motion: np.ndarray) -> np.ndarray:
    """(N,F) what is fitted of the motion of landmarks (N,70,3): points, then facing pairs, each with its weight."""
    points = (motion[:, list(_POINTS)] * _POINT_WEIGHTS[:, None]).reshape(len(motion), 3 * len(_POINTS))
    pairs = np.stack([motion[:, a, 1] - motion[:, b, 1] for a, b in (*LIP_PAIRS, *LID_PAIRS)], axis=1)
    return np.concatenate([points, PAIR_WEIGHT * pairs], axis=1)


def _wanted(fit: FaceFit, landmarks: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """(T,F) the motion that the rig should make: the performed one in the size of each of its regions."""
    motion = np.asarray(landmarks, dtype=np.float64) - canonical_face()
    scales = _scales(fit)
    for name, numbers in REGIONS.items():
        motion[:, list(numbers)] *= scales[name]
    gaps = np.stack([motion[:, a, 1] - motion[:, b, 1] for a, b in LIP_PAIRS], axis=1)
    wider = fit.gap_scales / scales["mouth"]
    motion[:, list(LOWERED), 1] *= wider.mean()
    motion[:, np.isnan(fit.rest).any(axis=1)] = 0.0
    wanted = _features(motion)
    parted, rest = openness(gap), _gap(fit.rest, LIP_PAIRS)
    hangs = rest > TOUCHING * scales["mouth"]
    first = 3 * len(_POINTS)
    for column, scale in enumerate(wider, first):
        opening = scale * gaps[:, column - first]
        # Sealed lips touch whatever the rig's own distance at rest; where that counts as touching already they are
        # pressed as the performance presses them, never through each other.
        closing = np.full(len(gap), -rest) if hangs else np.clip(opening, -rest, 0.0)
        wanted[:, column] = PAIR_WEIGHT * (parted * opening + (1.0 - parted) * closing)
    return wanted


def _scales(fit: FaceFit) -> Mapping[str, float]:
    mouth = fit.mouth_scale
    return {"mouth": mouth, "eyes": fit.lid_scale, "brows": 1.0, "nose": 1.0, "jaw": mouth}


def _gap(points: np.ndarray, pairs: tuple[tuple[int, int], ...]) -> float:
    return float(np.mean([points[a, 1] - points[b, 1] for a, b in pairs]))


def _scale(ratio: float) -> float:
    return 1.0 if abs(ratio - 1.0) < ALIKE else ratio

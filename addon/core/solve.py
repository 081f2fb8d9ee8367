"""Fit control values to measured motion: bounded least squares over all frames at once.

The values W (T,K) of K controls over T frames minimise

    1/2 |W B - Y|^2 + 1/2 ridge |W S|^2 + sparsity |W S|_1 + 1/2 temporal sum_t |(w_t - w_(t-1)) S|^2,  low <= w <= high

where row k of B (K,F) is what control k at 1 adds to the F measured features, Y (T,F) is the motion wanted, and S holds
the lengths of the rows of B, so that the weights mean the same for a jaw and for a nostril. The objective is strictly
convex. It is solved by accelerated proximal gradient steps (Beck and Teboulle, SIAM J. Imaging
Sciences 2(1), 2009) in coordinates that give every control the same curvature, with the momentum restarted where it
points uphill (O'Donoghue and Candes, Found. Computational Mathematics 15, 2015). One step costs one product with the
Gram matrix for all frames. `solve_reference` is the slow solver that this one is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .errors import RigError

STEPS: Final[int] = 400
TOLERANCE: Final[float] = 2e-5
"""Most steps, and the largest change of a value in a step at which it stops; the reference is then met within 1e-3."""
POWER_STEPS: Final[int] = 30


@dataclass(frozen=True, eq=False)
class Controls:
    """What can be moved, and how freely.

    effects   (K,F) what each control at 1 adds to the features
    low, high (K,) limits of the values; low <= 0 <= high, for 0 is rest
    ridge     > 0, weight of the squared values times effects, which decides between controls that do the same
    sparsity  >= 0, weight of their absolute values times effects, which keeps idle controls at rest; in features
    temporal  >= 0, weight of squared changes from frame to frame times effects
    """

    effects: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ridge: float = 0.02
    sparsity: float = 0.0
    temporal: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.effects)
        if np.ndim(self.effects) != 2 or np.shape(self.low) != (count,) or np.shape(self.high) != (count,):
            raise RigError("solve.shape", "Each control of a fit needs its effect and both limits.")
        if not np.isfinite(self.effects).all() or np.any(self.low > 0) or np.any(self.high < 0):
            raise RigError("solve.limits", "Rest (0) must lie between the limits of every control of a fit.")
        if self.ridge <= 0 or self.sparsity < 0 or self.temporal < 0:
            raise RigError("solve.weights", "The ridge of a fit must be positive, its other weights not negative.")

    @property
    def reach(self) -> np.ndarray:
        """(K,) length of each control's effect at 1, the diagonal of S; 1 where a control does nothing."""
        length = np.linalg.norm(np.asarray(self.effects, dtype=np.float64), axis=1)
        return np.where(length > 0, length, 1.0)


def solve(controls: Controls, wanted: np.ndarray) -> np.ndarray:
    """(T,K) float32 values of the controls whose motion is nearest to `wanted` (T,F)."""
    effects = np.asarray(controls.effects, dtype=np.float64)
    frames = np.asarray(wanted, dtype=np.float64)
    count, width = len(frames), len(effects)
    if frames.ndim != 2 or frames.shape[1] != effects.shape[1]:
        raise RigError("solve.shape", "The motion to fit has other features than the controls.")
    if not count or not width:
        return np.zeros((count, width), dtype=np.float32)
    reach = controls.reach
    unit = effects / reach[:, None]  # solve for V = W S, in which every control has curvature 1
    gram = (unit @ unit.T + controls.ridge * np.eye(width)).astype(np.float32)
    pull = (frames @ unit.T).astype(np.float32)
    limits = (controls.low * reach).astype(np.float32), (controls.high * reach).astype(np.float32)
    values = _descend(gram, pull, controls, limits, TOLERANCE * float(reach.min()))
    return (values / reach.astype(np.float32)).astype(np.float32)


def residual(controls: Controls, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(T,F) what of the motion wanted the values (T,K) leave undone."""
    return np.asarray(wanted, dtype=np.float64) - np.asarray(values, dtype=np.float64) @ controls.effects


def _descend(
    gram: np.ndarray, pull: np.ndarray, controls: Controls, limits: tuple[np.ndarray, np.ndarray], tolerance: float
) -> np.ndarray:
    """(T,K) float32 the values, by steps in buffers that are made once: memory is what this waits for, not sums."""
    step = 1.0 / (_largest(gram) + 4.0 * controls.temporal)
    shrink, tied = np.float32(step * controls.sparsity), np.float32(step * controls.temporal)
    # A gradient step is linear in the values: what does not change from step to step is put together beforehand.
    keep = ((1.0 - 2.0 * float(tied)) * np.eye(len(gram)) - step * gram).astype(np.float32)
    drift = np.float32(step) * pull
    values, moved = np.zeros_like(pull), np.empty_like(pull)
    ahead, change, spare = values.copy(), np.empty_like(pull), np.empty_like(pull)
    momentum = 1.0
    for _ in range(STEPS):
        np.matmul(ahead, keep, out=moved)
        moved += drift
        if tied:
            _add_neighbours(moved, np.multiply(ahead, tied, out=spare))
        _settle(moved, shrink, limits, spare)
        np.subtract(moved, values, out=change)
        if max(float(change.max()), -float(change.min())) < tolerance:
            return moved
        uphill = float(np.vdot(np.subtract(ahead, moved, out=spare), change)) > 0
        following = 1.0 if uphill else (1.0 + (1.0 + 4.0 * momentum * momentum) ** 0.5) / 2.0
        change *= np.float32(0.0 if uphill else (momentum - 1.0) / following)
        np.add(moved, change, out=ahead)
        values, moved, momentum = moved, values, following
    return values


def _add_neighbours(moved: np.ndarray, part: np.ndarray) -> None:
    """Draw every frame towards those beside it; the first and the last stand beside themselves."""
    moved[1:] += part[:-1]
    moved[:-1] += part[1:]
    moved[0] += part[0]
    moved[-1] += part[-1]


def _settle(moved: np.ndarray, shrink: np.float32, limits: tuple[np.ndarray, np.ndarray], spare: np.ndarray) -> None:
    """The proximal step of sparsity and limits, in place: nearer to 0 by `shrink`, and within the limits.

    Minimum and maximum, for numpy's clip takes several times as long.
    """
    low, high = limits
    if shrink:
        np.minimum(moved, shrink, out=spare)
        np.maximum(spare, -shrink, out=spare)
        moved -= spare
    np.minimum(moved, high, out=moved)
    np.maximum(moved, low, out=moved)


def _largest(gram: np.ndarray) -> float:
    """An upper estimate of the largest eigenvalue: power steps, and a little more."""
    vector = np.ones(len(gram), dtype=np.float64)
    for _ in range(POWER_STEPS):
        vector = gram @ vector
        vector /= np.linalg.norm(vector)
    return float(vector @ gram @ vector) * 1.05

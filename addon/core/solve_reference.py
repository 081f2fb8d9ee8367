"""The slow solver that the fast one is held against: one value at a time, exactly, until nothing moves any more.

Cyclic coordinate descent on the objective in `solve`; for a strictly convex one whose other parts are separable it
converges to the minimum (Tseng, J. Optimization Theory and Applications 109, 2001).
"""

from __future__ import annotations

import numpy as np

from .solve import Controls


def solve_slowly(controls: Controls, wanted: np.ndarray, tolerance: float = 1e-7, sweeps: int = 20000) -> np.ndarray:
    """(T,K) float64 values, by sweeps over all frames and controls until no value changes by more than `tolerance`."""
    effects = np.asarray(controls.effects, dtype=np.float64)
    frames = np.asarray(wanted, dtype=np.float64)
    gram, pull, squared = effects @ effects.T, frames @ effects.T, controls.reach**2
    values = np.zeros((len(frames), len(effects)))
    for _ in range(sweeps):
        largest = 0.0
        for t in range(len(frames)):
            for k in range(len(effects)):
                before = values[t, k]
                values[t, k] = _best(controls, gram, squared[k], pull[t, k], values, t, k)
                largest = max(largest, abs(values[t, k] - before))
        if largest <= tolerance:
            break
    return values


def _best(
    controls: Controls, gram: np.ndarray, squared: float, pull: float, values: np.ndarray, t: int, k: int
) -> float:
    """The one value that is best while all others stay; `squared` is the square of the control's reach."""
    neighbours = [values[n, k] for n in (t - 1, t + 1) if 0 <= n < len(values)]
    curvature = gram[k, k] + squared * (controls.ridge + controls.temporal * len(neighbours))
    force = pull - values[t] @ gram[k] + gram[k, k] * values[t, k] + squared * controls.temporal * sum(neighbours)
    shrunk = np.sign(force) * max(abs(force) - controls.sparsity * squared**0.5, 0.0)
    return float(np.clip(shrunk / curvature, controls.low[k], controls.high[k]))

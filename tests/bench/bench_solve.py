"""The geometric solver: frames a second with 52 unknowns, in processor time, which other work does not lengthen.

    python tests/bench/bench_solve.py

Prints, never fails. The product promises 5,000 frames a second on two cores.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from addon.core.solve import Controls, solve
from backend.face.basis import load_basis

FRAMES = 2000


def main() -> int:
    """Run the solver on lively channels of the canonical face."""
    effects = load_basis().displacement[:, :68].reshape(52, -1).astype(np.float64)
    problem = Controls(effects, np.zeros(52), np.ones(52), sparsity=0.002, temporal=0.2)
    rng = np.random.default_rng(7)
    at = np.arange(FRAMES)[:, None] / 30
    values = 0.5 + 0.7 * np.sin(at * rng.uniform(0.5, 8, 52) + rng.uniform(0, 6, 52))
    wanted = values @ effects + rng.normal(0, 0.003, (FRAMES, effects.shape[1]))
    solve(problem, wanted[:10])
    start = time.process_time()
    solve(problem, wanted)
    speed = FRAMES / (time.process_time() - start)
    sys.stdout.write(f"{speed:.0f} frames a second of one core, {2 * speed:.0f} of two\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""How long a job takes: wall clock, processor time of this process (all its threads), and both against real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """`wall` and `cpu` seconds that `seconds` of speech took."""

    seconds: float
    wall: float
    cpu: float

    @property
    def times_real(self) -> float:
        """Speech seconds per second of wall clock."""
        return self.seconds / max(self.wall, 1e-9)

    @property
    def times_real_cpu(self) -> float:
        """Speech seconds per second of processor time: what one idle core would reach, whatever else runs now."""
        return self.seconds / max(self.cpu, 1e-9)


def timed(job: Callable[[], object], seconds: float, repeats: int = 1) -> Timing:
    """Run `job` `repeats` times, and take the fastest wall clock and the least processor time."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Timing(seconds, min(walls), min(cpus))

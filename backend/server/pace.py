"""How long a job will still take, by the pace of the stage it is in."""

from __future__ import annotations

import time
from typing import Final

LEAST_SECONDS: Final[float] = 1.0
"""A stage that is younger than this says nothing yet."""
UNKNOWN: Final[float] = -1.0


class Pace:
    """Told the fraction of the whole job that is done, stage by stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = (0.0, 0.0)

    def seconds_left(self, stage: str, fraction: float, now: float | None = None) -> float:
        """Seconds to the end of the job if it goes on as since this stage began; -1 while that is not known."""
        now = time.monotonic() if now is None else now
        if stage != self._stage:
            self._stage, self._began = stage, (now, fraction)
        passed, done = now - self._began[0], fraction - self._began[1]
        if passed < LEAST_SECONDS or done <= 0.0:
            return UNKNOWN
        return passed * (1.0 - fraction) / done

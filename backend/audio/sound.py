"""A decoded line: mono samples at the one rate that the whole backend works at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

SAMPLE_RATE: Final[int] = 16_000
MIN_SECONDS: Final[float] = 0.05
MAX_SECONDS: Final[float] = 600.0


@dataclass(frozen=True, eq=False)
class Sound:
    """`samples` (n,) float32 mono at 16 kHz in -1..1; `sha256` of those samples; `warnings` for the artist."""

    samples: np.ndarray
    sha256: str
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

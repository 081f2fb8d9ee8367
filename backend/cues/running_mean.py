"""Running means that go on where the last piece of a line ended."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

BLOCK: Final[int] = 32
"""Rows over which a running mean of many columns is taken at once."""


class RunningMean:
    """y = (1 - d) x + d y' of the row before, for each column; pieces give what the whole gives."""

    def __init__(self, decay: float, first: np.ndarray, block: int = BLOCK) -> None:
        """`decay` is d, 0..1, and `first` (D,) the mean before the first row; `block` rows are taken at once."""
        self._shares, self._fading = _block(decay, block)
        self._memory = np.asarray(first, dtype=np.float64)

    def run(self, rows: np.ndarray) -> np.ndarray:
        """(N,D) float64: the mean up to each of `rows` (N,D)."""
        means = np.empty(rows.shape)
        size = len(self._shares)
        for at in range(0, len(rows), size):
            block = rows[at : at + size].astype(np.float64)
            count = len(block)
            means[at : at + count] = self._shares[:count, :count] @ block + self._fading[:count] * self._memory
            self._memory = means[at + count - 1].copy()
        return means


def decay_of(seconds: float, rate: int) -> float:
    """The decay of a time constant, for so many rows a second."""
    return float(np.exp(-1.0 / (seconds * rate)))


@cache
def _block(decay: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(N,N): what each row of a block has of those before it in the mean, and (N,1) of the mean before the block."""
    older = np.arange(size)[:, None] - np.arange(size)
    shares = np.where(older >= 0, (1.0 - decay) * decay ** np.maximum(older, 0), 0.0)
    return shares, decay ** np.arange(1, size + 1)[:, None]

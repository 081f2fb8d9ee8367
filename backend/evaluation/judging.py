"""Emotion as somebody else reads it: what a judge is, the 8x8 confusion of its verdicts, and rise with intensity."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np

from addon.core.emotion import EMOTIONS
from addon.core.performance import Performance

JUDGE_MODULE: Final[str] = "backend.evaluation.judge"
"""Where the learned judge lives, with `load_judge() -> Judge`."""


@runtime_checkable
class Judge(Protocol):
    """Reads an emotion from a performance, without being told which was asked for."""

    def read(self, performance: Performance) -> np.ndarray:
        """(8,) probabilities in `EMOTIONS` order, summing to 1."""
        ...


def installed_judge() -> Judge | None:
    """The judge that comes with this version, or None where there is none."""
    if importlib.util.find_spec(JUDGE_MODULE) is None:
        return None
    return importlib.import_module(JUDGE_MODULE).load_judge()


def verdict(judge: Judge, performance: Performance) -> np.ndarray:
    """(8,) float64 probabilities. Raises ValueError when the judge returns something else."""
    probabilities = np.asarray(judge.read(performance), dtype=np.float64)
    if probabilities.shape != (len(EMOTIONS),) or not np.isclose(probabilities.sum(), 1.0, atol=1e-3):
        raise ValueError(f"a judge returns {len(EMOTIONS)} probabilities that sum to 1, not {probabilities}")
    return probabilities


def confusion(asked: Sequence[str], verdicts: Sequence[np.ndarray]) -> np.ndarray:
    """(8,8) int: clips by emotion asked for (rows) and emotion read (columns: the most probable)."""
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), dtype=np.int64)
    for emotion, probabilities in zip(asked, verdicts, strict=True):
        table[EMOTIONS.index(emotion), int(np.argmax(probabilities))] += 1
    return table


def accuracy(table: np.ndarray) -> float:
    """Share of clips read as the emotion asked for; nan without clips."""
    return float(np.trace(table) / table.sum()) if table.sum() else float("nan")


def rises(by_intensity: Mapping[float, Sequence[float]]) -> float:
    """Share of clips whose probability of the asked emotion never falls from one intensity to the next, rising.

    `by_intensity` has for each intensity the probability of each clip, in one order of clips. nan without clips.
    """
    levels = np.array([by_intensity[level] for level in sorted(by_intensity)], dtype=np.float64)
    if levels.size == 0:
        return float("nan")
    return float(np.mean(np.all(np.diff(levels, axis=0) >= 0, axis=0)))

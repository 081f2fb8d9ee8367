"""Steps of the cue generator that were taken, and the state between two of them, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .spaces import EXPRESSION_SIZE, HEAD_SIZE

TREMOR: Final[int] = 4
"""Normal numbers of the gaze stream per step that microsaccades are drawn from."""
MOVED: Final[int] = EXPRESSION_SIZE + HEAD_SIZE
"""Dimensions of the motor system: expression, then head."""
ROW: Final[int] = 2 * MOVED + 4
COLUMNS: Final[Mapping[str, slice]] = {
    "position": slice(0, MOVED),
    "velocity": slice(MOVED, 2 * MOVED),
    "look": slice(2 * MOVED, 2 * MOVED + 2),
    "ages": slice(2 * MOVED + 2, ROW),
}
"""A row, the streams after a step: position and velocity (17 each) of expression and head, look (2), ages (2) of look
and blink, each as in `generator.CueState`."""


@dataclass(frozen=True, eq=False)
class StepState:
    """As `generator.CueState`, packed: `row` (B,38) and `hidden` (B,H)."""

    row: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True, eq=False)
class Steps:
    """M steps of B lines: `rows` (B,M,38), the streams after them, and what was decided in them, (B,M).

    `saccade` and `blink` say whether one begins in a step, `saccade_at` and `blink_at` at which share of it; `tremor`
    (B,M,4) are the normal numbers of its microsaccade: whether, when, and the place (2). `before` is the state that the
    first step starts from.
    """

    before: StepState

    rows: np.ndarray
    saccade: np.ndarray
    saccade_at: np.ndarray
    blink: np.ndarray
    blink_at: np.ndarray
    tremor: np.ndarray

    def __getitem__(self, span: slice) -> Steps:
        """Some of the steps."""
        arrays = {name: array[:, span] for name, array in vars(self).items() if name != "before"}
        return Steps(before=self.before, **arrays)

    @property
    def position(self) -> np.ndarray:
        """(B,M,17) of expression and head."""
        return self.rows[..., COLUMNS["position"]]

    @property
    def velocity(self) -> np.ndarray:
        """(B,M,17) of expression and head, units per second."""
        return self.rows[..., COLUMNS["velocity"]]

    @property
    def look(self) -> np.ndarray:
        """(B,M,2) degrees."""
        return self.rows[..., COLUMNS["look"]]

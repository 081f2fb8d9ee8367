"""Steps of the cue generator that were taken, and the state between two of them, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .spaces import EXPRESSION_SIZE, HEAD_SIZE

TREMOR: Final[int] = 4
"""Normal numbers of the gaze stream per step that microsaccades are drawn from."""
MOVED: Final[int] = EXPRESSION_SIZE + HEAD_SIZE
"""Dimensions of the motor system: expression, then head."""


@dataclass(frozen=True, eq=False)
class StepState:
    """As `generator.CueState`, packed: position and velocity (B,17) of expression and head, look (B,2), ages (B,2) of
    look and blink, hidden (B,H) as (h + 1) / 2.
    """

    position: np.ndarray
    velocity: np.ndarray
    look: np.ndarray
    ages: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True, eq=False)
class Steps:
    """M steps of B lines: the states after them, (B,M,...) as in StepState, and what was decided in them, (B,M).

    `saccade` and `blink` say whether one begins in a step, `saccade_at` and `blink_at` at which share of it; `tremor`
    (B,M,4) are the normal numbers of its microsaccade: whether, when, and the place (2). `before` is the state that the
    first step starts from.
    """

    before: StepState

    position: np.ndarray
    velocity: np.ndarray
    look: np.ndarray
    ages: np.ndarray
    saccade: np.ndarray
    saccade_at: np.ndarray
    blink: np.ndarray
    blink_at: np.ndarray
    tremor: np.ndarray

    def __getitem__(self, span: slice) -> Steps:
        """Some of the steps."""
        arrays = {name: array[:, span] for name, array in vars(self).items() if name != "before"}
        return Steps(before=self.before, **arrays)

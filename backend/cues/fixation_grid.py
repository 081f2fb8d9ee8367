"""Gaze, discretized: a grid of fixation cells, as *Emotional Conversation* (arXiv 2406.07895) models it.

Regression would average a look to the left and one to the right into a dead stare; a class per cell does not. Cells
are 5 degrees wide, about the partner's face at 1 m; inside its cell a look is drawn around what was seen there.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .clock import CUE_RATE

CELL: Final[float] = 5.0
YAW_CELLS: Final[int] = 9
PITCH_CELLS: Final[int] = 7
"""Yaw to +-22.5 and pitch to +-17.5 degrees: the range beyond which the head joins in."""
CELLS: Final[int] = YAW_CELLS * PITCH_CELLS
STAY: Final[int] = CELLS
"""The class of a step in which no saccade begins."""
SACCADE_SPEED: Final[float] = 30.0
"""Degrees per second above which eyes are in a saccade: the customary velocity threshold."""


def cell_of(look: np.ndarray) -> np.ndarray:
    """(N,) numbers of the cells that looks (N,2), pitch and yaw in degrees, lie in; outside the grid, the nearest."""
    pitch = np.clip(np.floor(look[:, 0] / CELL + PITCH_CELLS / 2), 0, PITCH_CELLS - 1)
    yaw = np.clip(np.floor(look[:, 1] / CELL + YAW_CELLS / 2), 0, YAW_CELLS - 1)
    return (pitch * YAW_CELLS + yaw).astype(np.int64)


def centres() -> np.ndarray:
    """(CELLS,2) pitch and yaw of the middles of the cells, degrees."""
    number = np.arange(CELLS)
    pitch = (number // YAW_CELLS - (PITCH_CELLS - 1) / 2) * CELL
    yaw = (number % YAW_CELLS - (YAW_CELLS - 1) / 2) * CELL
    return np.stack([pitch, yaw], axis=1)


def fixations_in(gaze: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Saccades in a track of gaze (T,2) degrees: their starts (F,) in seconds and the looks (F,2) they end in.

    The first is the look that the track begins with, at 0 s. Movements under a degree are left out.
    """
    speed = np.linalg.norm(np.diff(gaze, axis=0, append=gaze[-1:]), axis=1) * fps
    edges = np.diff(np.concatenate([[0], (speed > SACCADE_SPEED).astype(np.int8), [0]]))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    end = np.minimum(last, len(gaze) - 1)
    wide = np.linalg.norm(gaze[end] - gaze[first], axis=1) >= 1.0
    starts = np.concatenate([[0.0], first[wide] / fps])
    return starts, np.concatenate([gaze[:1], gaze[end[wide]]])


def classes_of(starts: np.ndarray, looks: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes (steps,) of 25 steps a second, STAY where no saccade starts, and the look (steps,2) after each step."""
    classes = np.full(steps, STAY, dtype=np.int64)
    index = np.minimum((starts * CUE_RATE).astype(np.int64), steps - 1)
    classes[index] = cell_of(looks)
    latest = np.clip(np.searchsorted(index, np.arange(steps), side="right") - 1, 0, None)
    return classes, looks[latest]

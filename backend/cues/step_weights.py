"""The generator's weights in the order in which the stepper uses them.

What a step would do to its small arrays again and again is done to the weights once: units are divided out, counts and
sums become products, the outputs that are chosen among lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from . import fixation_grid as grid
from .aversion import averting
from .generator import SECONDS_PER_STEP, VELOCITY_UNIT, CueGenerator
from .motor import STIFFNESS
from .spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE
from .steps import MOVED

HISTORY: Final[int] = 3 * MOVED + 4
"""Columns of a row of the stepper: position and velocity (17 each), how far the drive is from the position (17), look
(2), logarithms of the ages (2). The network reads all but the drive."""
PULL: Final[int] = 2 * MOVED
LOOK: Final[int] = 3 * MOVED
AGES: Final[int] = LOOK + 2
"""Where they begin, after position and velocity."""


@dataclass(frozen=True, eq=False)
class StepWeights:
    """Weights (inputs, outputs) and biases.

    `remember` (HISTORY, audio). The recurrent unit: `inner` (audio, 3 H) and `outer` (H, 3 H), reset, update and new,
    the last doubled and the hidden state kept as (h + 1) / 2: of that, tanh x = 2 sigmoid(2 x) - 1 is a sigmoid.
    `leave` (H, ...): logits of the choices, then means and deviations of all mixture components, then the blink.
    `sums` (C, 2 C) turns exponentials of the choices into cumulative ones and, for each, the sum of its choice;
    `averting` (1, C) is what aversion adds to the choices, `groups` (C,) names the choice of each column, and `counted`
    (C, 2) turns those that a rank has passed into the pair of components and the fixation cell. `picked` (E*H, 34) are
    the columns of mean and deviation for each pair, `cells` (CELLS + 1, 4) middle and spread, `follow`
    (HISTORY, HISTORY) the motor system's step.
    """

    remember: Tensor
    remember_bias: np.ndarray
    inner: Tensor
    inner_bias: Tensor
    outer: Tensor
    outer_bias: Tensor
    leave: Tensor
    leave_bias: Tensor
    sums: Tensor
    averting: Tensor
    groups: np.ndarray
    counted: Tensor
    picked: np.ndarray
    cells: np.ndarray
    follow: Tensor
    hidden: int

    @classmethod
    def of(cls, generator: CueGenerator) -> StepWeights:
        """The weights of a generator, on the CPU."""
        state = {name: value.detach().cpu().float() for name, value in generator.state_dict().items()}
        expression, head = generator.config.expression_mixture, generator.config.head_mixture
        leave, leave_bias = _leaving(state["leave.weight"], state["leave.bias"], expression, head)
        inner, inner_bias, outer, outer_bias = _recurrent(state)
        sizes = (expression, head, grid.CELLS + 1)
        groups = np.repeat(np.arange(3), sizes)
        return cls(
            remember=_remembering(state["remember.weight"]),
            remember_bias=state["remember.bias"].numpy(),
            inner=inner,
            inner_bias=inner_bias,
            outer=outer,
            outer_bias=outer_bias,
            leave=leave,
            leave_bias=leave_bias,
            sums=_sums(groups),
            averting=_averting(groups, state["cell_mean"].numpy()),
            groups=groups,
            counted=_counted(sizes),
            picked=_picked(expression, head),
            cells=np.pad(np.concatenate([state["cell_mean"], state["cell_spread"]], axis=1), ((0, 1), (0, 0))),
            follow=_follow(),
            hidden=generator.config.hidden,
        )


def _remembering(weight: Tensor) -> Tensor:
    """(HISTORY, audio): for rows in the stepper's order and in its units."""
    size = EXPRESSION_SIZE
    expression, speed, head, turn, look, ages = weight.split((size, size, HEAD_SIZE, HEAD_SIZE, 2, 2), dim=1)
    drive = weight.new_zeros(len(weight), MOVED)
    ordered = [expression, head, speed / VELOCITY_UNIT, turn / VELOCITY_UNIT, drive, look / GAZE_UNIT, ages]
    return torch.cat(ordered, dim=1).T.contiguous()


def _recurrent(state: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Both halves of the recurrent unit, with their biases; those of reset and update are all in the inner one."""
    (inner, outer), (inside, outside) = (
        (state[f"unit.{kind}_ih_l0"], state[f"unit.{kind}_hh_l0"]) for kind in ("weight", "bias")
    )
    gates = len(inner) // 3 * 2
    double = torch.cat([torch.ones(gates), torch.full((gates // 2,), 2.0)])
    outside = outside - outer.sum(dim=1)  # h = 2 (h + 1) / 2 - 1
    bias = torch.cat([inside[:gates] + outside[:gates], inside[gates:]])
    rest = torch.cat([torch.zeros(gates), outside[gates:]])
    return (inner.T * double).contiguous(), bias * double, (2.0 * outer.T * double).contiguous(), rest * double


def _leaving(weight: Tensor, bias: Tensor, expression: int, head: int) -> tuple[Tensor, Tensor]:
    """(H, outputs) and bias: choices, means and deviations of expression and of head, blink.

    Deviations are wanted as exp(1 - 2 s), what their bounded form (`Mixture`) is made of.
    """
    parts = [expression, expression * EXPRESSION_SIZE, expression * EXPRESSION_SIZE]
    parts += [head, head * HEAD_SIZE, head * HEAD_SIZE, grid.CELLS + 1, 1]
    parted = ((0, 1, 0), (3, 1, 0), (6, 1, 0), (1, 1, 0), (2, -2, 1), (4, 1, 0), (5, -2, 1), (7, 1, 0))
    rows = [(weight.split(parts)[k] * s, bias.split(parts)[k] * s + add) for k, s, add in parted]
    return torch.cat([row for row, _ in rows]).T.contiguous(), torch.cat([b for _, b in rows])


def _sums(groups: np.ndarray) -> Tensor:
    """(C, 2 C): sums up to each column inside its choice, and over the whole choice."""
    same = (groups[:, None] == groups).astype(np.float32)
    return torch.from_numpy(np.concatenate([np.triu(same), same], axis=1))


def _averting(groups: np.ndarray, cell_mean: np.ndarray) -> Tensor:
    """(1, C): fixation cells come after the choices of expression and head, and last of all STAY."""
    added = np.zeros((1, len(groups)), np.float32)
    added[0, -1 - len(cell_mean) : -1] = averting(cell_mean)
    return torch.from_numpy(added)


def _counted(sizes: tuple[int, int, int]) -> Tensor:
    """(C, 2): what each column that a rank has passed adds to the number of the pair and of the cell.

    The last of each choice adds nothing: it is chosen where all before it are passed.
    """
    counted = np.zeros((sum(sizes), 2), np.float32)
    starts = np.cumsum([0, *sizes])
    for choice, (column, step) in enumerate(((0, sizes[1]), (0, 1), (1, 1))):
        counted[starts[choice] : starts[choice + 1] - 1, column] = step
    return torch.from_numpy(counted)


def _follow() -> Tensor:
    """`motor.follow` as a matrix on rows of the stepper; looks stay, drives and ages are left to the next step."""
    fade = float(np.exp(-STIFFNESS * SECONDS_PER_STEP))
    turn = STIFFNESS * SECONDS_PER_STEP
    position, velocity, pull = (np.arange(MOVED) + start for start in (0, MOVED, PULL))
    step = np.zeros((HISTORY, HISTORY))
    step[position, position] = 1.0
    step[velocity, position], step[velocity, velocity] = fade * SECONDS_PER_STEP, fade * (1.0 - turn)
    step[pull, position], step[pull, velocity] = 1.0 - fade * (1.0 + turn), fade * STIFFNESS * turn
    look = np.arange(LOOK, AGES)
    step[look, look] = 1.0
    return torch.from_numpy(step.astype(np.float32))


def _picked(expression: int, head: int) -> np.ndarray:
    """(expression x head, 34): the columns of the outputs that a pair of components means."""
    first = expression + head + grid.CELLS + 1
    starts = np.cumsum([first, *[expression * EXPRESSION_SIZE] * 2, head * HEAD_SIZE])
    rows = []
    for one in range(expression):
        for other in range(head):
            mine, its = np.arange(EXPRESSION_SIZE) + one * EXPRESSION_SIZE, np.arange(HEAD_SIZE) + other * HEAD_SIZE
            rows.append(np.concatenate([starts[0] + mine, starts[2] + its, starts[1] + mine, starts[3] + its]))
    return np.stack(rows)

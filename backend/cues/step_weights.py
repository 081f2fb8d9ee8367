"""The generator's weights in the order in which the stepper uses them.

What a step would do to its small arrays again and again is done to the weights once: units are divided out, the two
halves of the recurrent unit become one matrix, the outputs that are chosen among lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from . import fixation_grid as grid
from .generator import SECONDS_PER_STEP, VELOCITY_UNIT, CueGenerator
from .motor import STIFFNESS
from .spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE
from .steps import MOVED

HISTORY: Final[int] = 2 * MOVED + 4
"""Columns that the stepper remembers: position and velocity (17 each), look (2), logarithms of the ages (2)."""
_FADE: Final[float] = float(np.exp(-STIFFNESS * SECONDS_PER_STEP))
_TURN: Final[float] = STIFFNESS * SECONDS_PER_STEP
FOLLOW: Final[np.ndarray] = np.array(
    [
        [_FADE * (1.0 + _TURN), _FADE * SECONDS_PER_STEP, 1.0 - _FADE * (1.0 + _TURN)],
        [-_FADE * STIFFNESS * _TURN, _FADE * (1.0 - _TURN), _FADE * STIFFNESS * _TURN],
    ],
    dtype=np.float32,
)
"""`motor.follow` as a matrix: position, velocity and drive to position and velocity."""


@dataclass(frozen=True, eq=False)
class StepWeights:
    """Weights (inputs, outputs) and biases.

    `remember` (HISTORY, audio); `gates` (audio + H, 4 H): reset, update, new from the input, new from the hidden state,
    the last two doubled, so that tanh x = 2 sigmoid(2 x) - 1; `leave` (H, ...): logits of the choices, then means and
    deviations of all mixture components, then the blink. `sums` turns exponentials of the choices into cumulative ones,
    `ends` (3,) are the last columns of the three choices and `groups` (C,) names each column's, `picked` (E*H, 34) the
    columns of mean and deviation for each pair of components.
    """

    remember: Tensor
    remember_bias: np.ndarray
    gates: Tensor
    gates_bias: Tensor
    leave: Tensor
    leave_bias: Tensor
    sums: Tensor
    ends: np.ndarray
    groups: np.ndarray
    picked: np.ndarray
    cell_mean: np.ndarray
    cell_spread: np.ndarray
    hidden: int

    @classmethod
    def of(cls, generator: CueGenerator) -> StepWeights:
        """The weights of a generator, on the CPU."""
        state = {name: value.detach().cpu().float() for name, value in generator.state_dict().items()}
        sizes = [generator.config.expression_mixture, generator.config.head_mixture, grid.CELLS + 1]
        leave, bias = _leaving(state["leave.weight"], state["leave.bias"], sizes[0], sizes[1])
        gates, gates_bias = _gates(state)
        same = np.repeat(np.arange(3), sizes)
        rising = np.triu(np.ones((sum(sizes), sum(sizes)), np.float32))
        return cls(
            remember=_remembering(state["remember.weight"]),
            remember_bias=state["remember.bias"].numpy(),
            gates=gates,
            gates_bias=gates_bias,
            leave=leave,
            leave_bias=bias,
            sums=torch.from_numpy(rising * (same[:, None] == same[None])),
            ends=np.cumsum(sizes) - 1,
            groups=same,
            picked=_picked(sizes[0], sizes[1]),
            cell_mean=_with_stay(state["cell_mean"]),
            cell_spread=_with_stay(state["cell_spread"]),
            hidden=generator.config.hidden,
        )


def _remembering(weight: Tensor) -> Tensor:
    """(HISTORY, audio): for history in the stepper's order and in its units."""
    size = EXPRESSION_SIZE
    expression, speed, head, turn, look, ages = weight.split((size, size, HEAD_SIZE, HEAD_SIZE, 2, 2), dim=1)
    ordered = [expression, head, speed / VELOCITY_UNIT, turn / VELOCITY_UNIT, look / GAZE_UNIT, ages]
    return torch.cat(ordered, dim=1).T.contiguous()


def _gates(state: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """One matrix and bias for both halves of the recurrent unit."""
    reset_in, update_in, new_in = state["unit.weight_ih_l0"].chunk(3)
    reset, update, new = state["unit.weight_hh_l0"].chunk(3)
    columns = [
        torch.cat([reset_in, reset], dim=1),
        torch.cat([update_in, update], dim=1),
        torch.cat([2.0 * new_in, torch.zeros_like(new)], dim=1),
        torch.cat([torch.zeros_like(new_in), 2.0 * new], dim=1),
    ]
    inner, outer = (state[f"unit.bias_{half}_l0"].chunk(3) for half in ("ih", "hh"))
    biases = [inner[0] + outer[0], inner[1] + outer[1], 2.0 * inner[2], 2.0 * outer[2]]
    return torch.cat(columns).T.contiguous(), torch.cat(biases)


def _leaving(weight: Tensor, bias: Tensor, expression: int, head: int) -> tuple[Tensor, Tensor]:
    """(H, outputs) and bias: choices, means and deviations of expression and of head, blink.

    Deviations are wanted as exp(1 - 2 s), what their bounded form (`Mixture`) is made of.
    """
    parts = [expression, expression * EXPRESSION_SIZE, expression * EXPRESSION_SIZE]
    parts += [head, head * HEAD_SIZE, head * HEAD_SIZE, grid.CELLS + 1, 1]
    parted = ((0, 1, 0), (3, 1, 0), (6, 1, 0), (1, 1, 0), (2, -2, 1), (4, 1, 0), (5, -2, 1), (7, 1, 0))
    rows = [(weight.split(parts)[k] * s, bias.split(parts)[k] * s + add) for k, s, add in parted]
    return torch.cat([row for row, _ in rows]).T.contiguous(), torch.cat([b for _, b in rows])


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


def _with_stay(cells: Tensor) -> np.ndarray:
    """(CELLS+1,2): the cells' numbers, and zeros for none."""
    return np.concatenate([cells.numpy(), np.zeros((1, 2), np.float32)])

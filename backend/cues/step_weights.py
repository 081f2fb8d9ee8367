"""The generator's weights in the order in which `acting_graph` uses them.

What a step would do to its small arrays again and again is done to the weights once: units are divided out, counts and
sums become products, the outputs that are chosen among lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from . import fixation_grid as grid
from .aversion import averting
from .generator import SECONDS_PER_STEP, VELOCITY_UNIT, CueGenerator
from .motor import STIFFNESS
from .spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE
from .steps import MOVED


@dataclass(frozen=True, eq=False)
class StepWeights:
    """Weights (inputs, outputs) and biases, float32.

    `remember` (38, audio) of rows as in `Steps`, their ages as logarithms. The recurrent unit: `gates`
    (audio + H, 2 H) reset and update, `new` (audio, H), `recall` (H, H).
    `leave` (H, ...): logits of the choices, then means and deviations of all mixture components, then the blink; so
    many of each are `parts`. `sums` (C, 2 C) turns exponentials of the choices into cumulative ones and, for each, the
    sum of its choice; `averting` (1, ...) is what aversion adds to the outputs, `groups` (C,) names the choice of each
    column, and `counted` (C, 2) turns those that a rank has passed into the pair of components and the fixation cell.
    `picked` (E*H, 34) are the columns of mean and deviation for each pair, `cells` (CELLS + 1, 4) middle and spread,
    `follow` (51, 34) the motor system's step, from position, velocity and how far the drive is from the position.
    """

    remember: np.ndarray
    remember_bias: np.ndarray
    gates: np.ndarray
    gates_bias: np.ndarray
    new: np.ndarray
    new_bias: np.ndarray
    recall: np.ndarray
    recall_bias: np.ndarray
    leave: np.ndarray
    leave_bias: np.ndarray
    parts: tuple[int, int, int]
    sums: np.ndarray
    averting: np.ndarray
    groups: np.ndarray
    counted: np.ndarray
    picked: np.ndarray
    cells: np.ndarray
    follow: np.ndarray
    hidden: int

    @classmethod
    def of(cls, generator: CueGenerator) -> StepWeights:
        """The weights of a generator."""
        state = {name: _array(value) for name, value in generator.state_dict().items()}
        expression, head = generator.config.expression_mixture, generator.config.head_mixture
        leave, leave_bias = _leaving(state["leave.weight"], state["leave.bias"], expression, head)
        (inner, outer), (inside, outside) = (
            (state[f"unit.{kind}_ih_l0"], state[f"unit.{kind}_hh_l0"]) for kind in ("weight", "bias")
        )
        both = 2 * generator.config.hidden
        sizes = (expression, head, grid.CELLS + 1)
        groups = np.repeat(np.arange(3), sizes)
        return cls(
            remember=_remembering(state["remember.weight"]),
            remember_bias=state["remember.bias"],
            gates=np.concatenate([inner[:both], outer[:both]], axis=1).T,
            gates_bias=inside[:both] + outside[:both],
            new=inner[both:].T,
            new_bias=inside[both:],
            recall=outer[both:].T,
            recall_bias=outside[both:],
            leave=leave,
            leave_bias=leave_bias,
            parts=(len(groups), leave.shape[1] - len(groups) - 1, 1),
            sums=_sums(groups),
            averting=_averting(groups, state["cell_mean"], leave.shape[1]),
            groups=groups,
            counted=_counted(sizes),
            picked=_picked(expression, head),
            cells=np.pad(np.concatenate([state["cell_mean"], state["cell_spread"]], axis=1), ((0, 1), (0, 0))),
            follow=_follow(),
            hidden=generator.config.hidden,
        )


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy()


def _remembering(weight: np.ndarray) -> np.ndarray:
    """(38, audio): for rows in the order of `Steps` and in its units."""
    sizes = (EXPRESSION_SIZE, EXPRESSION_SIZE, HEAD_SIZE, HEAD_SIZE, 2)
    expression, speed, head, turn, look, ages = np.split(weight, np.cumsum(sizes), axis=1)
    ordered = [expression, head, speed / VELOCITY_UNIT, turn / VELOCITY_UNIT, look / GAZE_UNIT, ages]
    return np.concatenate(ordered, axis=1).T.astype(np.float32)


def _leaving(weight: np.ndarray, bias: np.ndarray, expression: int, head: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, outputs) and bias: choices, means and deviations of expression and of head, blink.

    Deviations are wanted as what is bounded in `Mixture`, half less than what is said.
    """
    parts = (expression, expression * EXPRESSION_SIZE, expression * EXPRESSION_SIZE)
    parts += (head, head * HEAD_SIZE, head * HEAD_SIZE, grid.CELLS + 1)
    rows, biases = (np.split(array, np.cumsum(parts)) for array in (weight, bias))
    order, less = (0, 3, 6, 1, 2, 4, 5, 7), {2: 0.5, 5: 0.5}
    said = np.concatenate([rows[part] for part in order]).T
    return said, np.concatenate([biases[part] - np.float32(less.get(part, 0.0)) for part in order])


def _sums(groups: np.ndarray) -> np.ndarray:
    """(C, 2 C): sums up to each column inside its choice, and over the whole choice."""
    same = (groups[:, None] == groups).astype(np.float32)
    return np.concatenate([np.triu(same), same], axis=1)


def _averting(groups: np.ndarray, cell_mean: np.ndarray, outputs: int) -> np.ndarray:
    """(1, outputs): fixation cells come after the choices of expression and head, and last of all STAY."""
    added = np.zeros((1, outputs), np.float32)
    stay = len(groups) - 1
    added[0, stay - len(cell_mean) : stay] = averting(cell_mean)
    return added


def _counted(sizes: tuple[int, int, int]) -> np.ndarray:
    """(C, 2): what each column that a rank has passed adds to the number of the pair and of the cell.

    The last of each choice adds nothing: it is chosen where all before it are passed.
    """
    counted = np.zeros((sum(sizes), 2), np.float32)
    starts = np.cumsum([0, *sizes])
    for choice, (column, step) in enumerate(((0, sizes[1]), (0, 1), (1, 1))):
        counted[starts[choice] : starts[choice + 1] - 1, column] = step
    return counted


def _follow() -> np.ndarray:
    """`motor.follow` as a matrix (51, 34) on position, velocity and how far the drive is from the position."""
    fade = float(np.exp(-STIFFNESS * SECONDS_PER_STEP))
    turn = STIFFNESS * SECONDS_PER_STEP
    position, velocity, pull = (np.arange(MOVED) + MOVED * part for part in range(3))
    step = np.zeros((3 * MOVED, 2 * MOVED), np.float32)
    step[position, position] = 1.0
    step[velocity, position], step[velocity, velocity] = fade * SECONDS_PER_STEP, fade * (1.0 - turn)
    step[pull, position], step[pull, velocity] = 1.0 - fade * (1.0 + turn), fade * STIFFNESS * turn
    return step


def _picked(expression: int, head: int) -> np.ndarray:
    """(expression x head, 34) int64: the columns, among those of means and deviations, that a pair of components
    means.
    """
    starts = np.cumsum([0, *[expression * EXPRESSION_SIZE] * 2, head * HEAD_SIZE])
    rows = []
    for one in range(expression):
        for other in range(head):
            mine, its = np.arange(EXPRESSION_SIZE) + one * EXPRESSION_SIZE, np.arange(HEAD_SIZE) + other * HEAD_SIZE
            rows.append(np.concatenate([starts[0] + mine, starts[2] + its, starts[1] + mine, starts[3] + its]))
    return np.stack(rows).astype(np.int64)

"""The generator's step again, in numpy: what inference runs.

A step is a few dozen operations on small arrays, and what they cost in torch is overhead, on a GPU more than on a CPU.
`generator.CueGenerator.step` is the reference, which training differentiates; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from . import fixation_grid as grid
from .generator import (
    BEFORE,
    OLDEST,
    SECONDS_PER_STEP,
    SHORTEST_BLINK_INTERVAL,
    SHORTEST_FIXATION,
    VELOCITY_UNIT,
    CueGenerator,
)
from .mixture import LEAST, MOST
from .motor import STIFFNESS
from .spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE

MOVED: Final[int] = EXPRESSION_SIZE + HEAD_SIZE
"""Dimensions of the motor system: expression, then head."""
_FADE: Final[np.float32] = np.float32(np.exp(-STIFFNESS * SECONDS_PER_STEP))
_MIDDLE: Final[np.float32] = np.float32(0.5 * np.log(LEAST * MOST))
_REACH: Final[np.float32] = np.float32(0.5 * np.log(MOST / LEAST))
_STIFF: Final[np.float32] = np.float32(STIFFNESS)
_STEP: Final[np.float32] = np.float32(SECONDS_PER_STEP)


@dataclass(frozen=True, eq=False)
class StepState:
    """As `generator.CueState`, packed: position and velocity (B,17) of expression and head, look (B,2), ages (B,2) of
    look and blink, hidden (B,H).
    """

    position: np.ndarray
    velocity: np.ndarray
    look: np.ndarray
    ages: np.ndarray
    hidden: np.ndarray


@dataclass(frozen=True, eq=False)
class Steps:
    """M steps of B lines: the states after them, (B,M,...) as in StepState, and what was decided in them, (B,M).

    `saccade` and `blink` say whether one begins in a step, `saccade_at` and `blink_at` at which share of it.
    """

    position: np.ndarray
    velocity: np.ndarray
    look: np.ndarray
    ages: np.ndarray
    saccade: np.ndarray
    saccade_at: np.ndarray
    blink: np.ndarray
    blink_at: np.ndarray

    def __getitem__(self, span: slice) -> Steps:
        """Some of the steps."""
        return Steps(**{name: array[:, span] for name, array in vars(self).items()})


class Stepper:
    """The generator's weights as arrays, and its step."""

    def __init__(self, generator: CueGenerator) -> None:
        state = {
            name: value.detach().cpu().numpy().astype(np.float32) for name, value in generator.state_dict().items()
        }
        self._remember = _linear(state, "remember")
        self._leave = _linear(state, "leave")
        self._into = np.ascontiguousarray(state["unit.weight_ih_l0"].T), state["unit.bias_ih_l0"]
        self._over = np.ascontiguousarray(state["unit.weight_hh_l0"].T), state["unit.bias_hh_l0"]
        self._cell_mean, self._cell_spread = state["cell_mean"], state["cell_spread"]
        self._cuts = np.cumsum(generator.sizes)[:-1]
        config = generator.config
        self._mixtures = (config.expression_mixture, EXPRESSION_SIZE), (config.head_mixture, HEAD_SIZE)
        self._hidden = config.hidden

    def start(self, batch: int) -> StepState:
        """As `CueGenerator.start`."""
        zeros = [np.zeros((batch, size), np.float32) for size in (MOVED, MOVED, 2, self._hidden)]
        return StepState(zeros[0], zeros[1], zeros[2], np.full((batch, 2), BEFORE, np.float32), zeros[3])

    def run(
        self,
        state: StepState,
        heard: Sequence[np.ndarray],
        noise: Mapping[str, np.ndarray],
        held: Steps | None = None,
        layers: Sequence[str] = (),
    ) -> tuple[Steps, StepState]:
        """M steps: `heard` as `CueGenerator.listen` gives it, (B,M,...); `noise` by stream (B,M,n).

        Where `held` steps are given, only `layers` are drawn anew and the others follow `held`.
        """
        audio, scale, shift, out = (np.swapaxes(part, 0, 1) for part in heard)
        scale, (out_scale, out_shift) = scale + 1.0, np.split(out, 2, axis=-1)
        out_scale = out_scale + 1.0
        normal = {name: np.swapaxes(numbers, 0, 1) for name, numbers in noise.items()}
        rank = {name: ndtr(normal[name][..., :2]) for name in ("gaze", "blink")}
        component = {name: ndtr(normal[name][..., -1]) for name in ("expression", "head")}
        drift = np.concatenate([normal["expression"][..., :-1], normal["head"][..., :-1]], axis=-1)
        taken = _room(len(state.look), len(audio), rank)
        for step in range(len(audio)):
            hidden = self._unit(self._enter(state, audio[step], scale[step], shift[step]), state.hidden)
            said = (hidden * out_scale[step] + out_shift[step]) @ self._leave[0] + self._leave[1]
            expression, head, gaze, blink_logit = np.split(said, self._cuts, axis=1)
            mean, spread = self._drawn((expression, head), (component["expression"][step], component["head"][step]))
            position, velocity = _follow(state.position, state.velocity, mean + spread * drift[step])
            saccade, look = self._look(state, gaze, rank["gaze"][step, :, 0], normal["gaze"][step, :, 2:4])
            chance = 1.0 / (1.0 + np.exp(-blink_logit[:, 0]))
            blink = (rank["blink"][step, :, 0] < chance) & (state.ages[:, 1] > SHORTEST_BLINK_INTERVAL)
            begun = np.stack([saccade, blink], axis=1)
            state = StepState(position, velocity, look, np.where(begun, np.float32(0.0), state.ages) + _STEP, hidden)
            if held is not None:
                state = _forced(state, held, step, layers)
            for name in ("position", "velocity", "look", "ages"):
                getattr(taken, name)[:, step] = getattr(state, name)
            taken.saccade[:, step], taken.blink[:, step] = saccade, blink
        return taken, state

    def _enter(self, state: StepState, audio: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
        size = EXPRESSION_SIZE
        history = np.concatenate(
            [
                state.position[:, :size], state.velocity[:, :size] / VELOCITY_UNIT, state.position[:, size:],
                state.velocity[:, size:] / VELOCITY_UNIT, state.look / GAZE_UNIT,
                np.log1p(np.minimum(state.ages, OLDEST)),
            ],
            axis=1,
            dtype=np.float32,
        )  # fmt: skip
        entered = (audio + history @ self._remember[0] + self._remember[1]) * scale + shift
        return _gelu(entered)

    def _unit(self, entered: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """The gated recurrent unit (Cho et al. 2014), in torch's arrangement of the gates: reset, update, new."""
        into = entered @ self._into[0] + self._into[1]
        over = hidden @ self._over[0] + self._over[1]
        width = hidden.shape[1]
        gates = 1.0 / (1.0 + np.exp(-(into[:, : 2 * width] + over[:, : 2 * width])))
        new = np.tanh(into[:, 2 * width :] + gates[:, :width] * over[:, 2 * width :])
        return new + gates[:, width:] * (hidden - new)

    def _drawn(self, numbers: Sequence[np.ndarray], ranks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation (B,17) of the components that the ranks (B,) pick, as in `Mixture.draw`."""
        means, spreads = [], []
        for (components, size), given, rank in zip(self._mixtures, numbers, ranks, strict=True):
            weights = np.exp(given[:, :components] - given[:, :components].max(axis=1, keepdims=True))
            cumulative = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
            chosen = np.minimum((cumulative < rank[:, None]).sum(axis=1), components - 1)
            rows = np.arange(len(given))
            parts = given[:, components:].reshape(len(given), 2, components, size)
            means.append(parts[rows, 0, chosen])
            spreads.append(parts[rows, 1, chosen])
        spread = np.concatenate(spreads, axis=1)
        return np.concatenate(means, axis=1), np.exp(_MIDDLE + _REACH * np.tanh(spread - np.float32(0.5)))

    def _look(
        self, state: StepState, logits: np.ndarray, rank: np.ndarray, inside: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether a saccade begins (B,), and the look (B,2) after the step."""
        logits = logits.astype(np.float64)
        cumulative = np.cumsum(np.exp(logits - logits.max(axis=1, keepdims=True)), axis=1)
        chosen = np.minimum((cumulative < rank[:, None] * cumulative[:, -1:]).sum(axis=1), grid.STAY)
        saccade = (chosen != grid.STAY) & (state.ages[:, 0] > SHORTEST_FIXATION)
        cell = np.minimum(chosen, grid.CELLS - 1)
        place = self._cell_mean[cell] + self._cell_spread[cell] * np.clip(inside, -2.0, 2.0)
        return saccade, np.where(saccade[:, None], place, state.look)


def _follow(position: np.ndarray, velocity: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `motor.follow`."""
    offset = position - drive
    pull = velocity + _STIFF * offset
    return drive + (offset + pull * _STEP) * _FADE, (velocity - _STIFF * _STEP * pull) * _FADE


def _forced(state: StepState, held: Steps, step: int, layers: Sequence[str]) -> StepState:
    """The state with all streams of `held` after a step but those in `layers`: what is not drawn anew stays."""
    moved = np.concatenate([np.full(EXPRESSION_SIZE, "expression" in layers), np.full(HEAD_SIZE, "head" in layers)])
    return StepState(
        position=np.where(moved, state.position, held.position[:, step]),
        velocity=np.where(moved, state.velocity, held.velocity[:, step]),
        look=state.look if "gaze" in layers else held.look[:, step],
        ages=np.where(np.array(["gaze" in layers, "blink" in layers]), state.ages, held.ages[:, step]),
        hidden=state.hidden,
    )


def _room(batch: int, steps: int, rank: Mapping[str, np.ndarray]) -> Steps:
    """Arrays for steps that are to be taken; the shares of the step are known already."""
    widths = {"position": MOVED, "velocity": MOVED, "look": 2, "ages": 2}
    room = {name: np.empty((batch, steps, width), np.float32) for name, width in widths.items()}
    flags = {name: np.empty((batch, steps), bool) for name in ("saccade", "blink")}
    return Steps(**room, **flags, saccade_at=rank["gaze"][..., 1].T, blink_at=rank["blink"][..., 1].T)


def _gelu(x: np.ndarray) -> np.ndarray:
    """The tanh form of GELU (Hendrycks & Gimpel 2016), as torch has it."""
    return 0.5 * x * (1.0 + np.tanh(np.float32(0.7978845608028654) * (x + np.float32(0.044715) * x * x * x)))


def _linear(state: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(state[f"{name}.weight"].T), state[f"{name}.bias"]

"""The generator's step again, on arrays: what inference runs.

A step is a few dozen operations on small arrays, and what most of them cost in torch is overhead, on a GPU more than
on a CPU.
`generator.CueGenerator.step` is the reference, which training differentiates; a test holds the two together.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
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

SETTLING: Final[int] = 15
"""Steps in which the motor system comes to rest on what is asked of it: 0.6 s, about six of its time constants."""
TREMOR: Final[int] = 4
"""Normal numbers of the gaze stream per step that microsaccades are drawn from."""
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


@dataclass(frozen=True, eq=False)
class _Given:
    """What the steps are given by sound, emotion and character, time first: (M,B,...)."""

    base: np.ndarray
    scale: np.ndarray
    out_scale: np.ndarray
    out_shift: np.ndarray


@dataclass(frozen=True, eq=False)
class _Chance:
    """What the steps are given by chance, time first: ranks 0..1 for choices, normal numbers for places."""

    expression: np.ndarray
    head: np.ndarray
    drift: np.ndarray
    gaze: np.ndarray
    inside: np.ndarray
    blink: np.ndarray

    @classmethod
    def of(cls, normal: Mapping[str, np.ndarray]) -> _Chance:
        """From normal numbers (M,B,n) by stream, in the arrangement of `CueGenerator.step`."""
        return cls(
            expression=ndtr(normal["expression"][..., -1]),
            head=ndtr(normal["head"][..., -1]),
            drift=np.concatenate([normal["expression"][..., :-1], normal["head"][..., :-1]], axis=-1),
            gaze=ndtr(normal["gaze"][..., :2]),
            inside=np.clip(normal["gaze"][..., 2:4], -2.0, 2.0),
            blink=ndtr(normal["blink"][..., :2]),
        )


class Stepper:
    """The generator's weights as arrays, and its step."""

    def __init__(self, generator: CueGenerator) -> None:
        state = {
            name: value.detach().cpu().numpy().astype(np.float32) for name, value in generator.state_dict().items()
        }
        self._remember = copy.deepcopy(generator.remember).cpu().float()
        self._leave = copy.deepcopy(generator.leave).cpu().float()
        self._gates = [weight.detach().cpu().float() for weight in generator.unit.all_weights[0]]
        self._cell_mean, self._cell_spread = state["cell_mean"], state["cell_spread"]
        ends = np.cumsum(generator.sizes).tolist()
        self._cuts = tuple(zip([0, *ends[:-1]], ends, strict=True))
        config = generator.config
        self._mixtures = (config.expression_mixture, EXPRESSION_SIZE), (config.head_mixture, HEAD_SIZE)
        self._hidden = config.hidden

    def start(self, batch: int) -> StepState:
        """As `CueGenerator.start`."""
        zeros = [np.zeros((batch, size), np.float32) for size in (MOVED, MOVED, 2, self._hidden)]
        return StepState(zeros[0], zeros[1], zeros[2], np.full((batch, 2), BEFORE, np.float32), zeros[3])

    def settled(self, heard: Sequence[np.ndarray], noise: Mapping[str, np.ndarray]) -> StepState:
        """The state in which lines begin: what the first step of `heard` comes to when it lasts, with nothing drawn.

        A character that is sad is so before the line begins.
        """
        lasting = [np.repeat(part[:, :1], SETTLING, axis=1) for part in heard]
        still = {name: np.zeros((len(lasting[0]), SETTLING, n.shape[-1]), np.float32) for name, n in noise.items()}
        start = self.start(len(lasting[0]))
        _, after = self.run(start, lasting, still)
        return StepState(after.position, np.zeros_like(after.velocity), start.look, start.ages, after.hidden)

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
        width = out.shape[-1] // 2
        given = _Given(
            base=audio * (scale + 1.0) + shift,
            scale=scale + 1.0,
            out_scale=out[..., :width] + 1.0,
            out_shift=out[..., width:],
        )
        chance = _Chance.of({name: np.swapaxes(numbers, 0, 1) for name, numbers in noise.items()})
        taken = _room(state, noise, chance)
        for step in range(len(audio)):
            state = self._step(state, given, chance, step, taken)
            if held is not None:
                state = _forced(state, held, step, layers)
            for name in ("position", "velocity", "look", "ages"):
                getattr(taken, name)[:, step] = getattr(state, name)
        return taken, state

    def _step(self, state: StepState, given: _Given, chance: _Chance, step: int, taken: Steps) -> StepState:
        """The state after a step; what begins in it is written to `taken`."""
        entered = _linear(self._history(state), self._remember) * given.scale[step] + given.base[step]
        hidden = self._unit(_gelu(entered), state.hidden)
        said = _linear(hidden * given.out_scale[step] + given.out_shift[step], self._leave)
        expression, head, gaze, blinks = (said[:, a:b] for a, b in self._cuts)
        mean, spread = self._drawn((expression, head), (chance.expression[step], chance.head[step]))
        position, velocity = _follow(state.position, state.velocity, mean + spread * chance.drift[step])
        saccade, look = self._look(state, gaze, chance.gaze[step, :, 0], chance.inside[step])
        blink = chance.blink[step, :, 0] < 1.0 / (1.0 + np.exp(-blinks[:, 0]))
        blink &= state.ages[:, 1] > SHORTEST_BLINK_INTERVAL
        taken.saccade[:, step], taken.blink[:, step] = saccade, blink
        begun = np.stack([saccade, blink], axis=1)
        return StepState(position, velocity, look, np.where(begun, np.float32(0.0), state.ages) + _STEP, hidden)

    def _history(self, state: StepState) -> np.ndarray:
        """(B,38) as `CueGenerator.history`."""
        size = EXPRESSION_SIZE
        history = np.empty((len(state.look), 2 * MOVED + 4), np.float32)
        history[:, :size] = state.position[:, :size]
        history[:, size : 2 * size] = state.velocity[:, :size]
        history[:, 2 * size : 2 * size + HEAD_SIZE] = state.position[:, size:]
        history[:, 2 * size + HEAD_SIZE : 2 * MOVED] = state.velocity[:, size:]
        history[:, size : 2 * size] *= np.float32(1.0 / VELOCITY_UNIT)
        history[:, 2 * size + HEAD_SIZE : 2 * MOVED] *= np.float32(1.0 / VELOCITY_UNIT)
        history[:, 2 * MOVED : 2 * MOVED + 2] = state.look * np.float32(1.0 / GAZE_UNIT)
        history[:, 2 * MOVED + 2 :] = np.log1p(np.minimum(state.ages, np.float32(OLDEST)))
        return history

    def _unit(self, entered: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """The gated recurrent unit; its matrices are large enough for torch to be the faster one."""
        with torch.inference_mode():
            return torch.gru_cell(torch.from_numpy(entered), torch.from_numpy(hidden), *self._gates).numpy()

    def _drawn(self, numbers: Sequence[np.ndarray], ranks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation (B,17) of the components that the ranks (B,) pick, as in `Mixture.draw`."""
        means, spreads = [], []
        rows = np.arange(len(ranks[0]))
        for (components, size), given, rank in zip(self._mixtures, numbers, ranks, strict=True):
            cumulative = np.cumsum(np.exp(given[:, :components].astype(np.float64)), axis=1)
            chosen = np.minimum((cumulative < rank[:, None] * cumulative[:, -1:]).sum(axis=1), components - 1)
            parts = given[:, components:].reshape(len(given), 2, components, size)[rows, :, chosen]
            means.append(parts[:, 0])
            spreads.append(parts[:, 1])
        spread = np.concatenate(spreads, axis=1)
        return np.concatenate(means, axis=1), np.exp(_MIDDLE + _REACH * _tanh(spread - np.float32(0.5)))

    def _look(
        self, state: StepState, logits: np.ndarray, rank: np.ndarray, inside: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether a saccade begins (B,), and the look (B,2) after the step."""
        cumulative = np.cumsum(np.exp(logits.astype(np.float64)), axis=1)
        chosen = np.minimum((cumulative < rank[:, None] * cumulative[:, -1:]).sum(axis=1), grid.STAY)
        saccade = (chosen != grid.STAY) & (state.ages[:, 0] > SHORTEST_FIXATION)
        cell = np.minimum(chosen, grid.CELLS - 1)
        place = self._cell_mean[cell] + self._cell_spread[cell] * inside
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


def _room(state: StepState, noise: Mapping[str, np.ndarray], chance: _Chance) -> Steps:
    """Arrays for steps that are to be taken; what chance alone decides is known already."""
    batch, steps = noise["blink"].shape[:2]
    widths = {"position": MOVED, "velocity": MOVED, "look": 2, "ages": 2}
    room = {name: np.empty((batch, steps, width), np.float32) for name, width in widths.items()}
    flags = {name: np.empty((batch, steps), bool) for name in ("saccade", "blink")}
    at = {"saccade_at": chance.gaze[..., 1].T, "blink_at": chance.blink[..., 1].T}
    return Steps(before=state, **room, **flags, **at, tremor=noise["gaze"][..., -TREMOR:])


def _gelu(x: np.ndarray) -> np.ndarray:
    """The tanh form of GELU (Hendrycks & Gimpel 2016), as torch has it."""
    return 0.5 * x * (1.0 + _tanh(np.float32(0.7978845608028654) * (x + np.float32(0.044715) * x * x * x)))


def _tanh(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent by the exponential, which numpy has vectorised: a quarter of the time of its own."""
    return 1.0 - 2.0 / (1.0 + np.exp(2.0 * np.clip(x, -20.0, 20.0)))


def _linear(x: np.ndarray, layer: torch.nn.Linear) -> np.ndarray:
    """A linear layer; by torch, which keeps to one thread where numpy would start a second one for this little."""
    with torch.inference_mode():
        return layer(torch.from_numpy(x)).numpy()

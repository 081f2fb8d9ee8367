"""The generator's step again, on arrays: what inference runs.

A step is a few dozen operations on small arrays, and what most of them cost is overhead: here they work in place, on
weights that `step_weights` has put in order.
`generator.CueGenerator.step` is the reference, which training differentiates; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor

from . import fixation_grid as grid
from .activation import GELU_CUBIC, GELU_LINEAR
from .generator import BEFORE, OLDEST, SECONDS_PER_STEP, SHORTEST_BLINK_INTERVAL, SHORTEST_FIXATION, CueGenerator
from .mixture import LEAST, MOST
from .spaces import EXPRESSION_SIZE
from .step_weights import AGES, HISTORY, LOOK, PULL, StepWeights
from .steps import MOVED, TREMOR, Steps, StepState

SETTLING: Final[int] = 15
"""Steps in which the motor system comes to rest on what is asked of it: 0.6 s, about six of its time constants."""
LISTENING: Final[float] = 0.45
"""Effort of the head while nobody speaks: then it moves in 5 to 21 % of the frames, by
emotion, and people do in 12.8 % (Hadar 1983)."""
_RANGE: Final[np.float32] = np.float32(np.log(MOST / LEAST))
_STEP: Final[np.float32] = np.float32(SECONDS_PER_STEP)
_OLDEST: Final[np.float32] = np.float32(OLDEST)
_SHORTEST: Final[np.ndarray] = np.array([SHORTEST_FIXATION, SHORTEST_BLINK_INTERVAL], np.float32)
_HALF: Final[np.float32] = np.float32(0.5)
_CURVE: Final[Tensor] = torch.tensor(GELU_LINEAR)


@dataclass(frozen=True, eq=False)
class _Given:
    """What the steps are given by sound, emotion and character, one entry a step: (B,...).

    `effort` (B,17) is how far a drive is followed, 0..1: the head of somebody who does not speak keeps its place.
    `averted` (B,1) is how far looks are averted (`aversion`).
    """

    base: Sequence[Tensor]
    scale: Sequence[Tensor]
    out_scale: Sequence[Tensor]
    out_shift: Sequence[Tensor]
    averted: Sequence[Tensor]
    effort: np.ndarray

    @classmethod
    def of(cls, heard: Sequence[np.ndarray], remember_bias: np.ndarray) -> _Given:
        """From what `Stepper.run` is given, (B,M,...) or (B,1,...)."""
        audio, scale, shift, out, bearing = (np.swapaxes(part, 0, 1) for part in heard)
        speaking = bearing[..., :1]
        width = out.shape[-1] // 2
        scale = scale + np.float32(1.0)
        base = (audio + remember_bias) * scale + shift
        out_scale = out[..., :width] + np.float32(1.0)
        effort = np.ones((*speaking.shape[:2], MOVED), np.float32)
        effort[..., EXPRESSION_SIZE:] = LISTENING + (1.0 - LISTENING) * np.clip(speaking, 0.0, 1.0)
        # The hidden state h is kept as (h + 1) / 2.
        steps = (base, scale, np.float32(2.0) * out_scale, out[..., width:] - out_scale, bearing[..., 1:])
        tensors = [torch.from_numpy(part).expand(len(base), -1, -1).unbind() for part in steps]
        return cls(tensors[0], tensors[1], tensors[2], tensors[3], tensors[4], effort)


@dataclass(frozen=True, eq=False)
class _Chance:
    """What the steps are given by chance, time first: `ranks` (B,C) 0..1 of the choices, one a column of them, by step;
    `drift` (M,B,17) and `inside` (M,B,2) for places; `blink` (M,B), the logit above which one begins.
    """

    ranks: Sequence[Tensor]
    drift: np.ndarray
    inside: np.ndarray
    blink: np.ndarray

    @classmethod
    def of(cls, noise: Mapping[str, np.ndarray], groups: np.ndarray) -> _Chance:
        """From normal numbers (B,M,n) by stream, in the arrangement of `CueGenerator.step`."""
        normal = {name: np.swapaxes(numbers, 0, 1) for name, numbers in noise.items()}
        chosen = [normal["expression"][..., -1], normal["head"][..., -1], normal["gaze"][..., 0]]
        rank = ndtr(normal["blink"][..., 0].astype(np.float64))
        return cls(
            ranks=torch.from_numpy(ndtr(np.stack(chosen, axis=-1)).take(groups, axis=-1)).unbind(),
            drift=np.concatenate([normal["expression"][..., :-1], normal["head"][..., :-1]], axis=-1),
            inside=np.clip(normal["gaze"][..., 2:4], -2.0, 2.0),
            blink=np.log(rank / (1.0 - rank)).astype(np.float32),
        )


class Stepper:
    """The generator's step; see the module."""

    def __init__(self, generator: CueGenerator) -> None:
        self._weights = StepWeights.of(generator)

    def start(self, batch: int) -> StepState:
        """As `CueGenerator.start`."""
        still, look, ages = (np.zeros((batch, size), np.float32) for size in (MOVED, 2, 2))
        return StepState(still, still, look, ages + np.float32(BEFORE), np.full((batch, self._weights.hidden), _HALF))

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
        """M steps: `heard` (B,M,...), or (B,1,...) of what lasts, is what `CueGenerator.listen` gives, and last (B,M,2)
        how much somebody speaks, 0..1, and how far looks are averted; `noise` (B,M,n) by stream.

        Where `held` steps are given, only `layers` are drawn anew and the others follow `held`.
        """
        given = _Given.of(heard, self._weights.remember_bias)
        chance = _Chance.of(noise, self._weights.groups)
        desk = _Desk(self._weights, state, len(given.base))
        with torch.inference_mode():
            for step in range(len(given.base)):
                desk.take(given, chance, step)
                if held is not None:
                    desk.follow(held, step, layers)
        return desk.steps(state, noise), desk.state


class _Desk:
    """The arrays that M steps of B lines are worked out on: a step reads its row of each and leaves the next one."""

    def __init__(self, weights: StepWeights, state: StepState, steps: int) -> None:
        batch, hidden = len(state.look), weights.hidden
        self._weights = weights
        self._rows = np.zeros((steps + 1, batch, HISTORY), np.float32)
        self._rows[0, :, :MOVED], self._rows[0, :, MOVED:PULL] = state.position, state.velocity
        self._rows[0, :, LOOK:AGES] = state.look
        self._ages = np.empty((steps + 1, batch, 2), np.float32)
        self._ages[0] = state.ages
        self._begun = np.empty((steps, batch, 2), bool)
        self._hidden = torch.from_numpy(state.hidden.copy())
        self._history = torch.from_numpy(self._rows).unbind()
        widths = (weights.remember.shape[1], 3 * hidden, 3 * hidden, hidden, weights.leave.shape[1])
        self._entered, self._inner, self._outer, self._fresh, self._said = (torch.empty(batch, w) for w in widths)
        self._curve = torch.empty_like(self._entered)
        choices = len(weights.groups)
        self._share, self._sums = torch.empty(batch, choices), torch.empty(batch, 2 * choices)
        self._passed, self._counts = torch.empty(batch, choices), torch.empty(batch, 2)
        self._gates = [(half[:, : 2 * hidden], half[:, 2 * hidden :]) for half in (self._inner, self._outer)]
        self._reset, self._update = self._inner[:, :hidden], self._inner[:, hidden : 2 * hidden]
        self._below, self._whole = self._sums[:, :choices], self._sums[:, choices:]
        self._choices = self._said[:, :choices]
        self._spoken = self._said.numpy()
        self._first = np.arange(batch)[:, None] * self._spoken.shape[1]

    @property
    def state(self) -> StepState:
        """The state after the last step."""
        last = self._rows[-1].copy()
        hidden = self._hidden.numpy().copy()
        return StepState(last[:, :MOVED], last[:, MOVED:PULL], last[:, LOOK:AGES], self._ages[-1].copy(), hidden)

    def steps(self, before: StepState, noise: Mapping[str, np.ndarray]) -> Steps:
        """The steps that were taken from the state `before` on."""
        rows, ages, begun = (array.swapaxes(0, 1) for array in (self._rows[1:], self._ages[1:], self._begun))
        return Steps(
            before=before,
            position=rows[..., :MOVED],
            velocity=rows[..., MOVED:PULL],
            look=rows[..., LOOK:AGES],
            ages=ages,
            saccade=begun[..., 0],
            saccade_at=ndtr(noise["gaze"][..., 1]),
            blink=begun[..., 1],
            blink_at=ndtr(noise["blink"][..., 1]),
            tremor=noise["gaze"][..., -TREMOR:],
        )

    def take(self, given: _Given, chance: _Chance, step: int) -> None:
        """Take a step."""
        self._hear(given, step)
        pair, cell = self._choose(chance.ranks[step])
        self._move(pair, chance.drift[step], given.effort[step], step)
        ages, begun, after = self._ages[step], self._begun[step], self._ages[step + 1]
        np.not_equal(cell, grid.STAY, out=begun[:, 0])
        np.greater(self._spoken[:, -1], chance.blink[step], out=begun[:, 1])
        begun &= ages > _SHORTEST
        np.add(ages, _STEP, out=after)
        if begun.any():
            after[begun] = _STEP
            cells = self._weights.cells.take(cell, axis=0)
            place = cells[:, :2] + cells[:, 2:] * chance.inside[step]
            np.copyto(self._rows[step + 1, :, LOOK:AGES], place, where=begun[:, :1])

    def follow(self, held: Steps, step: int, layers: Sequence[str]) -> None:
        """Take over all streams of `held` after a step but those in `layers`: what is not drawn anew stays."""
        row, ages = self._rows[step + 1], self._ages[step + 1]
        for first, last, name in ((0, EXPRESSION_SIZE, "expression"), (EXPRESSION_SIZE, MOVED, "head")):
            if name not in layers:
                row[:, first:last] = held.position[:, step, first:last]
                row[:, MOVED + first : MOVED + last] = held.velocity[:, step, first:last]
        if "gaze" not in layers:
            row[:, LOOK:AGES], ages[:, 0] = held.look[:, step], held.ages[:, step, 0]
        if "blink" not in layers:
            ages[:, 1] = held.ages[:, step, 1]

    def _hear(self, given: _Given, step: int) -> None:
        """The recurrent unit, and what it says of the step under the output modulation."""
        weights, entered, curve, hidden, fresh = self._weights, self._entered, self._curve, self._hidden, self._fresh
        np.log1p(np.minimum(self._ages[step], _OLDEST), out=self._rows[step, :, AGES:])
        torch.mm(self._history[step], weights.remember, out=entered)
        torch.addcmul(given.base[step], entered, given.scale[step], out=entered)
        torch.addcmul(_CURVE, entered, entered, value=GELU_CUBIC, out=curve)  # `activation.gelu`
        entered.mul_(curve.mul_(entered).sigmoid_())
        torch.addmm(weights.inner_bias, entered, weights.inner, out=self._inner)
        torch.addmm(weights.outer_bias, hidden, weights.outer, out=self._outer)
        (gates, new), (more, recalled) = self._gates
        gates.add_(more).sigmoid_()
        torch.addcmul(new, self._reset, recalled, out=fresh).sigmoid_()
        torch.lerp(fresh, hidden, self._update, out=hidden)
        torch.addcmul(given.out_shift[step], hidden, given.out_scale[step], out=fresh)
        torch.addmm(weights.leave_bias, fresh, weights.leave, out=self._said)
        self._choices.addmm_(given.averted[step], weights.averting)

    def _choose(self, ranks: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """(B,) the pair of components of expression and head, and the fixation cell, that the ranks (B,C) pick by the
        inverse of the cumulative distribution.
        """
        torch.mm(torch.exp(self._choices, out=self._share), self._weights.sums, out=self._sums)
        torch.lt(self._below, self._whole.mul_(ranks), out=self._passed)
        counts = torch.mm(self._passed, self._weights.counted, out=self._counts).numpy().astype(np.intp)
        return counts[:, 0], counts[:, 1]

    def _move(self, pair: np.ndarray, drift: np.ndarray, effort: np.ndarray, step: int) -> None:
        """Draw the drives of expression and head from the chosen components, and follow them for a step."""
        drawn = self._spoken.take(self._weights.picked.take(pair, axis=0) + self._first)
        pull, spread = drawn[:, :MOVED], drawn[:, MOVED:]
        np.exp(spread, out=spread)
        spread += np.float32(1.0)
        np.divide(_RANGE, spread, out=spread)
        np.exp(spread, out=spread)
        spread *= drift
        spread *= np.float32(LEAST)
        pull += spread
        row = self._rows[step]
        pull -= row[:, :MOVED]
        np.multiply(pull, effort, out=row[:, PULL:LOOK])
        torch.mm(self._history[step], self._weights.follow, out=self._history[step + 1])

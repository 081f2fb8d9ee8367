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

from . import fixation_grid as grid
from .activation import GELU_CUBIC, GELU_LINEAR
from .generator import BEFORE, OLDEST, SECONDS_PER_STEP, SHORTEST_BLINK_INTERVAL, SHORTEST_FIXATION, CueGenerator
from .mixture import LEAST, MOST
from .spaces import EXPRESSION_SIZE
from .step_weights import FOLLOW, HISTORY, StepWeights
from .steps import MOVED, TREMOR, Steps, StepState

SETTLING: Final[int] = 15
"""Steps in which the motor system comes to rest on what is asked of it: 0.6 s, about six of its time constants."""
LISTENING: Final[float] = 0.45
"""Effort of the head while nobody speaks: then it moves in 5 to 21 % of the frames, by
emotion, and people do in 12.8 % (Hadar 1983)."""
_LOWEST: Final[np.float32] = np.float32(np.log(LEAST))
_RANGE: Final[np.float32] = np.float32(np.log(MOST / LEAST))
_STEP: Final[np.float32] = np.float32(SECONDS_PER_STEP)
_SHORTEST: Final[np.ndarray] = np.array([SHORTEST_FIXATION, SHORTEST_BLINK_INTERVAL], np.float32)


@dataclass(frozen=True, eq=False)
class _Given:
    """What the steps are given by sound, emotion and character, time first: (M,B,...).

    `effort` (M,B,17) is how far a drive is followed, 0..1: the head of somebody who does not speak keeps its place.
    """

    base: np.ndarray
    scale: np.ndarray
    out_scale: np.ndarray
    out_shift: np.ndarray
    effort: np.ndarray

    @classmethod
    def of(cls, heard: Sequence[np.ndarray], remember_bias: np.ndarray) -> _Given:
        """From what `Stepper.run` is given, (B,M,...)."""
        audio, scale, shift, out, speaking = (np.swapaxes(part, 0, 1) for part in heard)
        width = out.shape[-1] // 2
        scale = scale + np.float32(1.0)
        base = (audio + remember_bias) * scale + shift
        effort = np.ones((*speaking.shape[:2], MOVED), np.float32)
        effort[..., EXPRESSION_SIZE:] = LISTENING + (1.0 - LISTENING) * np.clip(speaking, 0.0, 1.0)
        return cls(base, scale, out[..., :width] + np.float32(1.0), np.ascontiguousarray(out[..., width:]), effort)


@dataclass(frozen=True, eq=False)
class _Chance:
    """What the steps are given by chance, time first: `ranks` (M,B,C) 0..1 of the choices, one a column of them;
    `drift` (M,B,17) and `inside` (M,B,2) for places; `blink` (M,B), the logit above which one begins.
    """

    ranks: np.ndarray
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
            ranks=ndtr(np.stack(chosen, axis=-1))[..., groups],
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
        zeros = [np.zeros((batch, size), np.float32) for size in (MOVED, MOVED, 2, self._weights.hidden)]
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
        """M steps: `heard` (B,M,...) is what `CueGenerator.listen` gives, and last how much somebody speaks, 0..1;
        `noise` (B,M,n) by stream.

        Where `held` steps are given, only `layers` are drawn anew and the others follow `held`.
        """
        given = _Given.of(heard, self._weights.remember_bias)
        chance = _Chance.of(noise, self._weights.groups)
        taken = _room(state, noise)
        desk = _Desk(self._weights, state)
        for step in range(len(given.base)):
            begun = desk.take(given, chance, step)
            if held is not None:
                desk.follow(held, step, layers)
            taken.position[:, step], taken.velocity[:, step] = desk.moved
            taken.look[:, step], taken.ages[:, step] = desk.look, desk.ages
            taken.saccade[:, step], taken.blink[:, step] = begun[:, 0], begun[:, 1]
        return taken, desk.state


class _Desk:
    """The arrays that steps of B lines are worked out on; what a step leaves there is the state for the next one."""

    def __init__(self, weights: StepWeights, state: StepState) -> None:
        batch, hidden = len(state.look), weights.hidden
        audio = weights.remember.shape[1]
        self._weights = weights
        self._history = np.empty((batch, HISTORY), np.float32)
        self._past = self._history[:, : 2 * MOVED].reshape(batch, 2, MOVED).swapaxes(0, 1)
        self.look = self._history[:, 2 * MOVED : 2 * MOVED + 2]
        self.look[:] = state.look
        self.ages = state.ages.copy()
        self._motion = np.empty((3, batch, MOVED), np.float32)  # position, velocity, drive
        self.moved = self._motion[:2]
        self.moved[:] = state.position, state.velocity
        self._entered = np.empty((batch, audio + hidden), np.float32)
        self._hidden = self._entered[:, audio:]
        self._hidden[:] = state.hidden
        self._gated = np.empty((batch, 4 * hidden), np.float32)
        self._said = np.empty((batch, weights.leave.shape[1]), np.float32)
        self._tensors = [torch.from_numpy(a) for a in (self._history, self._entered, self._gated, self._said)]
        self._rows = np.arange(batch)[:, None]

    @property
    def state(self) -> StepState:
        """The state after the last step."""
        position, velocity = self.moved.copy()
        return StepState(position, velocity, self.look.copy(), self.ages.copy(), self._hidden.copy())

    def take(self, given: _Given, chance: _Chance, step: int) -> np.ndarray:
        """Take a step; (B,2) whether a saccade and a blink begin in it."""
        self._hear(given, step)
        chosen = self._choose(chance.ranks[step])
        self._move(chosen, chance.drift[step], given.effort[step])
        begun = np.empty(self.ages.shape, bool)
        np.not_equal(chosen[:, 2], grid.STAY, out=begun[:, 0])
        np.greater(self._said[:, -1], chance.blink[step], out=begun[:, 1])
        begun &= self.ages > _SHORTEST
        place = self._weights.cell_mean[chosen[:, 2]] + self._weights.cell_spread[chosen[:, 2]] * chance.inside[step]
        np.copyto(self.look, place, where=begun[:, :1])
        np.copyto(self.ages, np.float32(0.0), where=begun)
        self.ages += _STEP
        return begun

    def follow(self, held: Steps, step: int, layers: Sequence[str]) -> None:
        """Take over all streams of `held` after a step but those in `layers`: what is not drawn anew stays."""
        for kept, name in ((slice(0, EXPRESSION_SIZE), "expression"), (slice(EXPRESSION_SIZE, MOVED), "head")):
            if name not in layers:
                self.moved[:, :, kept] = held.position[:, step, kept], held.velocity[:, step, kept]
        if "gaze" not in layers:
            self.look[:], self.ages[:, 0] = held.look[:, step], held.ages[:, step, 0]
        if "blink" not in layers:
            self.ages[:, 1] = held.ages[:, step, 1]

    def _hear(self, given: _Given, step: int) -> None:
        """The recurrent unit, and what it says of the step under the output modulation."""
        weights, (history, entered, gated, said) = self._weights, self._tensors
        self._past[:] = self.moved
        np.log1p(np.minimum(self.ages, np.float32(OLDEST)), out=self._history[:, 2 * MOVED + 2 :])
        mixed = torch.mm(history, weights.remember).numpy()
        mixed *= given.scale[step]
        mixed += given.base[step]
        self._entered[:, : mixed.shape[1]] = _gelu(mixed)
        torch.addmm(weights.gates_bias, entered, weights.gates, out=gated)
        size = weights.hidden
        gated[:, : 2 * size].sigmoid_()
        reset, update, new, recalled = (self._gated[:, k * size : (k + 1) * size] for k in range(4))
        recalled *= reset
        recalled += new
        gated[:, 3 * size :].sigmoid_()
        recalled *= np.float32(2.0)
        recalled -= np.float32(1.0)
        self._hidden -= recalled
        self._hidden *= update
        self._hidden += recalled
        modulated = self._hidden * given.out_scale[step]
        modulated += given.out_shift[step]
        torch.addmm(weights.leave_bias, torch.from_numpy(modulated), weights.leave, out=said)

    def _choose(self, ranks: np.ndarray) -> np.ndarray:
        """(B,3): the components of expression and head and the fixation cell that the ranks (B,C) pick, by the inverse
        of the cumulative distribution.
        """
        weights = self._weights
        share = torch.from_numpy(np.exp(self._said[:, : len(weights.groups)]))
        cumulative = torch.mm(share, weights.sums).numpy()
        passed = cumulative < ranks * cumulative[:, weights.ends[weights.groups]]
        starts = [0, *(weights.ends[:-1] + 1)]
        return np.minimum(np.add.reduceat(passed, starts, axis=1, dtype=np.int64), weights.ends - starts)

    def _move(self, chosen: np.ndarray, drift: np.ndarray, effort: np.ndarray) -> None:
        """Draw the drives of expression and head from the chosen components, and follow them for a step."""
        weights = self._weights
        components = int(weights.ends[1] - weights.ends[0])
        drawn = self._said[self._rows, weights.picked[chosen[:, 0] * components + chosen[:, 1]]]
        spread = drawn[:, MOVED:]
        np.exp(spread, out=spread)
        spread += np.float32(1.0)
        np.divide(_RANGE, spread, out=spread)
        spread += _LOWEST
        np.exp(spread, out=spread)
        spread *= drift
        drive, position = self._motion[2], self._motion[0]
        np.add(drawn[:, :MOVED], spread, out=drive)
        drive -= position
        drive *= effort
        drive += position
        moved = FOLLOW @ self._motion.reshape(3, -1)
        self.moved[:] = moved.reshape(self.moved.shape)


def _room(state: StepState, noise: Mapping[str, np.ndarray]) -> Steps:
    """Arrays for steps that are to be taken; what chance alone decides is known already."""
    batch, steps = noise["blink"].shape[:2]
    widths = {"position": MOVED, "velocity": MOVED, "look": 2, "ages": 2}
    room = {name: np.empty((batch, steps, width), np.float32) for name, width in widths.items()}
    flags = {name: np.empty((batch, steps), bool) for name in ("saccade", "blink")}
    at = {"saccade_at": ndtr(noise["gaze"][..., 1]), "blink_at": ndtr(noise["blink"][..., 1])}
    return Steps(before=state, **room, **flags, **at, tremor=noise["gaze"][..., -TREMOR:])


def _gelu(x: np.ndarray) -> np.ndarray:
    """The tanh form of GELU (Hendrycks & Gimpel 2016), as `activation.gelu` has it."""
    inner = x * x
    inner *= np.float32(-GELU_CUBIC)
    inner -= np.float32(GELU_LINEAR)
    inner *= x
    np.exp(inner, out=inner)
    inner += np.float32(1.0)
    return np.divide(x, inner, out=inner)

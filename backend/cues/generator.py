"""The auto-regressive generators of expression, gaze, blinks and head.

Each step of 40 ms sees what the encoder heard, the condition, and the last outputs of all streams; a gated recurrent
unit keeps the rest. Expression and head are drives of a motor system, drawn from mixtures of Gaussians; gaze is a class
per fixation cell or none; a blink begins or not. Every draw is a function of normal numbers handed in, a fixed count a
stream, so that one seed repeats and streams are drawn apart from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from . import fixation_grid as grid
from .activation import gelu
from .film import CONDITION_WIDTH, Film
from .mixture import Mixture
from .motor import follow
from .spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE

SECONDS_PER_STEP: Final[float] = 0.04
VELOCITY_UNIT: Final[float] = 4.0
"""Divides velocities (units per second) where the network reads them."""
BEFORE: Final[float] = 2.0
"""Seconds since the last saccade and blink when a line begins."""
OLDEST: Final[float] = 20.0
"""Seconds since the last saccade or blink are told up to this."""
SHORTEST_FIXATION: Final[float] = 0.19
"""Seconds: above the published minimum between saccades, 150 ms (Ruhland)."""
SHORTEST_BLINK_INTERVAL: Final[float] = 0.4
"""Seconds: the lids are open again before they close anew."""
NOISE: Final[dict[str, int]] = {"expression": EXPRESSION_SIZE + 1, "head": HEAD_SIZE + 1, "gaze": 4, "blink": 2}
"""Normal numbers that each stream draws per step."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Size of the generators."""

    audio: int = 96
    hidden: int = 160
    expression_mixture: int = 3
    head_mixture: int = 4


@dataclass(frozen=True)
class CueState:
    """Where the cues are between two steps, all (B, ...).

    expression (14) and head (3) with their velocities, in network units; look (2) degrees; look_age, blink_age (1)
    seconds since the last saccade and blink began; hidden (H) of the recurrent unit.
    """

    expression: Tensor
    expression_velocity: Tensor
    head: Tensor
    head_velocity: Tensor
    look: Tensor
    look_age: Tensor
    blink_age: Tensor
    hidden: Tensor


@dataclass(frozen=True)
class Outlook:
    """What the generator expects of the next step: distributions, each (B, [T,] ...)."""

    expression: Mixture
    head: Mixture
    gaze: Tensor
    blink: Tensor


@dataclass(frozen=True)
class Events:
    """What was decided at a step, (B,): `saccade` and `blink` whether one begins, and at which share of the step."""

    saccade: Tensor
    saccade_at: Tensor
    blink: Tensor
    blink_at: Tensor


class CueGenerator(nn.Module):
    """See the module."""

    cell_mean: Tensor
    cell_spread: Tensor
    cell_centre: Tensor

    def __init__(self, config: GeneratorConfig, features: int) -> None:
        super().__init__()
        self.config = config
        history = 2 * (EXPRESSION_SIZE + HEAD_SIZE) + 2 + 2
        self.hear = nn.Linear(features, config.audio)
        self.remember = nn.Linear(history, config.audio)
        self.film = Film(CONDITION_WIDTH, config.audio)
        self.unit = nn.GRU(config.audio, config.hidden, batch_first=True)
        self.out_film = Film(CONDITION_WIDTH, config.hidden)
        sizes = [
            Mixture.width(config.expression_mixture, EXPRESSION_SIZE),
            Mixture.width(config.head_mixture, HEAD_SIZE),
            grid.CELLS + 1,
            1,
        ]
        self.sizes = sizes
        self.leave = nn.Linear(config.hidden, sum(sizes))
        self.register_buffer("cell_mean", torch.zeros(grid.CELLS, 2))
        self.register_buffer("cell_spread", torch.ones(grid.CELLS, 2))
        self.register_buffer("cell_centre", torch.from_numpy(grid.centres()).float(), persistent=False)

    def start(self, batch: int) -> CueState:
        """At rest, looking ahead, as a line begins."""
        like = self.cell_mean
        zeros = {size: like.new_zeros(batch, size) for size in (1, 2, HEAD_SIZE, EXPRESSION_SIZE, self.config.hidden)}
        old = like.new_full((batch, 1), BEFORE)
        return CueState(
            zeros[EXPRESSION_SIZE], zeros[EXPRESSION_SIZE], zeros[HEAD_SIZE], zeros[HEAD_SIZE], zeros[2], old, old,
            zeros[self.config.hidden],
        )  # fmt: skip

    def listen(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What a step needs of the sound and the condition (B,T,...), for all steps at once."""
        heard = self.hear(features)
        scale, shift = self.film.affine(condition).chunk(2, dim=-1)
        out = self.out_film.affine(condition)
        return heard, scale, shift, out

    def history(self, state: CueState) -> Tensor:
        """(B, 38): the last outputs of all streams as the network reads them."""
        ages = torch.cat([state.look_age, state.blink_age], dim=-1)
        return torch.cat(
            [
                state.expression, state.expression_velocity / VELOCITY_UNIT, state.head,
                state.head_velocity / VELOCITY_UNIT, state.look / GAZE_UNIT, torch.log1p(ages.clamp(max=OLDEST)),
            ],
            dim=-1,
        )  # fmt: skip

    def enter(self, heard: Tensor, scale: Tensor, shift: Tensor, history: Tensor) -> Tensor:
        """The input of the recurrent unit."""
        return gelu((heard + self.remember(history)) * (1.0 + scale) + shift)

    def outlook(self, hidden: Tensor, out: Tensor) -> Outlook:
        """The distributions that the hidden state (..., H) means under the output modulation (..., 2 H)."""
        scale, shift = out.chunk(2, dim=-1)
        expression, head, gaze, blink = self.leave(hidden * (1.0 + scale) + shift).split(self.sizes, dim=-1)
        return Outlook(
            Mixture.of(expression, self.config.expression_mixture, EXPRESSION_SIZE),
            Mixture.of(head, self.config.head_mixture, HEAD_SIZE),
            gaze,
            blink[..., 0],
        )

    def step(
        self, state: CueState, heard: tuple[Tensor, Tensor, Tensor, Tensor], noise: dict[str, Tensor]
    ) -> tuple[CueState, Events, Outlook]:
        """One step of all streams: `heard` (B, ...), `noise` by stream (B, n)."""
        audio, scale, shift, out = heard
        entered = self.enter(audio, scale, shift, self.history(state))
        hidden = torch.gru_cell(entered, state.hidden, *self.unit.all_weights[0])
        outlook = self.outlook(hidden, out)
        expression = follow(state.expression, state.expression_velocity, outlook.expression.draw(noise["expression"]))
        head = follow(state.head, state.head_velocity, outlook.head.draw(noise["head"]))
        chosen = pick(outlook.gaze, noise["gaze"][:, 0])
        saccade = (chosen != grid.STAY) & (state.look_age[:, 0] > SHORTEST_FIXATION)
        cell = chosen.clamp(max=grid.CELLS - 1)
        inside = self.cell_mean[cell] + self.cell_spread[cell] * noise["gaze"][:, 2:].clamp(-2.0, 2.0)
        look = torch.where(saccade[:, None], inside, state.look)
        blink = uniform(noise["blink"][:, 0]) < torch.sigmoid(outlook.blink)
        blink = blink & (state.blink_age[:, 0] > SHORTEST_BLINK_INTERVAL)
        aged = {
            name: torch.where(begun[:, None], 0.0, age) + SECONDS_PER_STEP
            for name, begun, age in (("look", saccade, state.look_age), ("blink", blink, state.blink_age))
        }
        after = CueState(*expression, *head, look, aged["look"], aged["blink"], hidden)
        at = uniform(noise["gaze"][:, 1]), uniform(noise["blink"][:, 1])
        return after, Events(saccade, at[0], blink, at[1]), outlook


def pick(logits: Tensor, normal: Tensor) -> Tensor:
    """(B,) class drawn from logits (B,K) by the rank of a normal number (B,): inverse of the cumulative."""
    cumulative = torch.softmax(logits.double(), dim=-1).cumsum(dim=-1)
    return (cumulative < uniform(normal).double()[:, None]).sum(dim=-1).clamp(max=logits.shape[-1] - 1)


def uniform(normal: Tensor) -> Tensor:
    """A normal number's rank, 0..1."""
    return torch.special.ndtr(normal)

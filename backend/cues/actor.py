"""The actor: encoder and cue model together, for one line or many, whole or in pieces; all inference goes this way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.rules.streams import stream

from .causal import Memory
from .clock import STEPS_PER_CUE
from .encoder import SpeechEncoder
from .film import CHARACTER_WIDTH, CONDITION_WIDTH
from .generator import NOISE
from .model import CueModel, per_cue
from .spaces import LIP_OUTPUTS
from .stepper import Stepper, Steps, StepState

TREMOR: Final[int] = 4
"""Further normal numbers of the gaze stream per step, for microsaccades."""
DRAWN: Final[Mapping[str, int]] = {**NOISE, "gaze": NOISE["gaze"] + TREMOR}


@dataclass(frozen=True, eq=False)
class Ear:
    """What the convolutions of one line keep of its past."""

    encoder: Memory
    lips: Memory


@dataclass(frozen=True, eq=False)
class ActorMemory:
    """What the next piece needs of the last one; `features` and `condition` (B,0 or 1,...) wait for their cue step."""

    ears: list[Ear]
    cues: StepState
    features: Tensor
    condition: Tensor


@dataclass(frozen=True, eq=False)
class Played:
    """A piece of B lines as the networks played it: S encoder steps, and the M cue steps that they complete.

    features (B,S,F) that the encoder heard; lips (B,S,17) as the lips generator gives them; the cue `steps`, and the
    `noise` (B,M,n) by stream that they were drawn from.
    """

    features: np.ndarray
    lips: np.ndarray
    steps: Steps
    noise: Mapping[str, np.ndarray]


class Dice:
    """The normal numbers of a line's streams, drawn step by step: a piece draws what the whole would."""

    def __init__(self, seeds: Mapping[str, int], sound_sha256: str) -> None:
        """`seeds` by layer; the sound's hash keeps two lines with one seed apart."""
        self._streams = {name: stream(seeds[name], sound_sha256, f"cues.{name}") for name in DRAWN}

    def roll(self, steps: int) -> dict[str, np.ndarray]:
        """Of the next cue steps: (steps, n) float32 by stream."""
        return {
            name: random.standard_normal((steps, DRAWN[name]), dtype=np.float32)
            for name, random in self._streams.items()
        }


class Actor:
    """Encoder and cue model on one device."""

    def __init__(self, encoder: SpeechEncoder, cues: CueModel, device: torch.device | str = "cpu") -> None:
        self.encoder = encoder.to(device).eval()
        self.cues = cues.to(device).eval()
        self.stepper = Stepper(cues.generator)
        self.device = torch.device(device)
        self.mel_mean = encoder.mel_mean.cpu().numpy()

    def start(self, batch: int) -> ActorMemory:
        """The memory before the first piece of B lines."""
        like = self.encoder.mel_mean
        return ActorMemory(
            [Ear(self.encoder.stack.start(1), self.cues.lips.stack.start(1)) for _ in range(batch)],
            self.stepper.start(batch),
            like.new_zeros(batch, 0, self.encoder.config.width),
            like.new_zeros(batch, 0, CONDITION_WIDTH),
        )

    @torch.inference_mode()
    def play(
        self,
        inputs: np.ndarray,
        emotion: np.ndarray,
        dice: Sequence[Dice],
        memory: ActorMemory,
        character: np.ndarray | None = None,
        held: Steps | None = None,
        layers: Sequence[str] = (),
        counts: Sequence[int] | None = None,
    ) -> tuple[Played, ActorMemory]:
        """Play S steps: `inputs` (B,S,320), `emotion` (B,S,9), each line's `dice`, example frames (B,16,52).

        Of each line only the first `counts` steps are heard, where they are given; the rest is padding. Where `held`
        steps are given, only `layers` are drawn anew and the others follow `held`.
        """
        code = self._tensor(np.zeros((len(inputs), CHARACTER_WIDTH), np.float32))
        if character is not None:
            code = self.cues.character(self._tensor(character))
        condition = self.cues.condition(self._tensor(emotion), code)
        features, lips, ears = self._hear(
            self._tensor(inputs), condition, memory, counts or [inputs.shape[1]] * len(inputs)
        )
        known, felt = torch.cat([memory.features, features], 1), torch.cat([memory.condition, condition], 1)
        whole = known.shape[1] // STEPS_PER_CUE * STEPS_PER_CUE
        heard = self.cues.generator.listen(per_cue(known[:, :whole]), per_cue(felt[:, :whole]))
        rolls = [die.roll(whole // STEPS_PER_CUE) for die in dice]
        noise = {name: np.stack([roll[name] for roll in rolls]) for name in DRAWN}
        steps, state = self.stepper.run(memory.cues, [part.cpu().numpy() for part in heard], noise, held, layers)
        after = ActorMemory(ears, state, known[:, whole:], felt[:, whole:])
        return Played(features.cpu().numpy(), lips.cpu().numpy(), steps, noise), after

    def _hear(
        self, inputs: Tensor, condition: Tensor, memory: ActorMemory, counts: Sequence[int]
    ) -> tuple[Tensor, Tensor, list[Ear]]:
        """Features and lips (B,S,...), zeros in the padding, and the lines' ears after them.

        Line by line: each is a run of steps without gaps, which costs half of what a batch of such runs does on a CPU.
        """
        shape = inputs.shape[:2]
        features = inputs.new_zeros(*shape, self.encoder.config.width)
        lips = inputs.new_zeros(*shape, LIP_OUTPUTS)
        ears = list(memory.ears)
        for line, (ear, count) in enumerate(zip(memory.ears, counts, strict=True)):
            if count <= 0:
                continue
            own = slice(line, line + 1), slice(0, count)
            features[own], encoder_memory = self.encoder(inputs[own], ear.encoder)
            lips[own], lips_memory = self.cues.lips(features[own], condition[own], ear.lips)
            ears[line] = Ear(encoder_memory, lips_memory)
        return features, lips, ears

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self.device)


def even(steps: int) -> int:
    """The next even number of encoder steps: what whole cue steps hear."""
    return -(-steps // STEPS_PER_CUE) * STEPS_PER_CUE

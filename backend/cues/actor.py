"""The actor: encoder and cue model together, for one line or many, whole or in pieces; all inference goes this way.

It hears each line by itself, then acts many lines step by step together: convolutions like long runs of one line,
recurrent steps like many lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from addon.core.emotion import EmotionTrack
from backend.audio.sound import SAMPLE_RATE
from backend.rules.streams import stream

from .causal import Memory
from .clock import STEPS_PER_CUE
from .encoder import PROSODY, SpeechEncoder
from .film import CHARACTER_WIDTH, CONDITION_WIDTH
from .frontend import encoder_inputs
from .generator import NOISE
from .model import CueModel, per_cue
from .stepper import Stepper
from .steps import TREMOR, Steps, StepState
from .told import TRUST

DRAWN: Final[Mapping[str, int]] = {**NOISE, "gaze": NOISE["gaze"] + TREMOR}
"""Normal numbers of each stream per cue step; the last ones of gaze are for microsaccades."""
ROOM_LEVEL: Final[float] = 1e-3
ROOM_SAMPLES: Final[int] = 2 * SAMPLE_RATE
"""What is heard before a line: two seconds, more than the encoder remembers, of noise at -60 dB, a quiet room."""
NAMELESS: Final[np.ndarray] = np.zeros(0, np.int64)
"""Stands for phones and visemes that nobody wants to know."""


@dataclass(frozen=True, eq=False)
class Ear:
    """What is kept of a line's past; `features` and `condition` (1,0 or 1,...) wait for their cue step."""

    encoder: Memory
    lips: Memory
    features: Tensor
    condition: Tensor


@dataclass(frozen=True, eq=False)
class Heard:
    """A piece of one line as it was heard: S encoder steps, and the M cue steps that they complete.

    `lips` (S,17) as the lips generator gives them; `phones`, `visemes` (S,) the likeliest, numbers in `ENCODED_PHONES`
    and `VISEMES`; `motion` what the cue steps need of the sound, the emotion and the character: as
    `CueGenerator.listen` gives it, each (M,...), or (1,...) of an emotion that lasts; and last (M,1) how much somebody
    speaks, about 0..1.
    """

    lips: np.ndarray
    phones: np.ndarray
    visemes: np.ndarray
    motion: tuple[np.ndarray, ...]


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
    """Encoder and cue model. What it hears with runs on `device`; it acts on the CPU, where small steps are faster."""

    def __init__(self, encoder: SpeechEncoder, cues: CueModel, device: torch.device | str = "cpu") -> None:
        self.encoder = encoder.to(device).eval()
        self.cues = cues.to(device).eval()
        self.stepper = Stepper(cues.generator)
        self.device = torch.device(device)
        self.mel_mean = encoder.mel_mean.cpu().numpy()

    def ear(self) -> Ear:
        """Before the first piece of a line: after a quiet room, so that a mouth at rest begins the line at rest.

        Networks that remember nothing at all part the lips for the first 80 ms.
        """
        return self._rested

    @cached_property
    def _rested(self) -> Ear:
        like = self.encoder.mel_mean
        waiting = like.new_zeros(1, 0, self.encoder.config.width), like.new_zeros(1, 0, CONDITION_WIDTH)
        new = Ear(self.encoder.stack.start(1), self.cues.lips.stack.start(1), *waiting)
        room = ROOM_LEVEL * np.random.default_rng(0).standard_normal(ROOM_SAMPLES)
        inputs = encoder_inputs(room.astype(np.float32), self.mel_mean)
        inputs = inputs[: even(len(inputs) - 1)]
        neutral = EmotionTrack.constant("neutral").sample(np.zeros(len(inputs)))
        _, after = self.hear(inputs, self.feel(neutral), new, names=False)
        return Ear(after.encoder, after.lips, *waiting)

    @torch.inference_mode()
    def feel(self, emotion: np.ndarray, character: np.ndarray | None = None) -> Tensor:
        """(1,S,C): the condition of a line under `emotion` (S,9), with example frames of the character (16,52)."""
        code = self.encoder.mel_mean.new_zeros(1, CHARACTER_WIDTH)
        if character is not None:
            code = self.cues.character(self._tensor(character))
        return self.cues.condition(self._tensor(emotion), code)

    @torch.inference_mode()
    def hear(
        self, inputs: np.ndarray, condition: Tensor, ear: Ear, told: np.ndarray | None = None, names: bool = True
    ) -> tuple[Heard, Ear]:
        """Hear S steps of a line: `inputs` (S,320), and the `condition` (1,S,C) as it is felt.

        `told` (S,5) are the phones of a known text (`told_phones`). A condition that lasts through a whole line may be
        (1,1,C), where S is even. Without `names` nobody wants to know the phones and visemes: there are none.
        """
        features, encoder_memory = self.encoder(self._tensor(inputs), ear.encoder)
        said = None if told is None else torch.from_numpy(told[None]).to(self.device)
        lips, lips_memory = self.cues.lips(features, condition, ear.lips, said, TRUST)
        known = torch.cat([ear.features, features], dim=1)
        whole = known.shape[1] // STEPS_PER_CUE * STEPS_PER_CUE
        acted = per_cue(known[:, :whole])
        felt, waiting = condition, ear.condition
        if condition.shape[1] == len(inputs):
            felt = torch.cat([ear.condition, condition], dim=1)
            felt, waiting = per_cue(felt[:, :whole]), felt[:, whole:]
        speaking = self.encoder.heads[3](acted)[..., PROSODY.index("speaking"), None]
        motion = *self.cues.generator.listen(acted, felt), speaking
        heard = Heard(
            lips=lips[0].cpu().numpy(),
            phones=_likeliest(self.encoder.heads[0], features) if names else NAMELESS,
            visemes=_likeliest(self.encoder.heads[1], features) if names else NAMELESS,
            motion=tuple(part[0].cpu().numpy() for part in motion),
        )
        return heard, Ear(encoder_memory, lips_memory, known[:, whole:], waiting)

    def act(
        self,
        motions: Sequence[tuple[np.ndarray, ...]],
        dice: Sequence[Dice],
        state: StepState | None,
        held: Steps | None = None,
        layers: Sequence[str] = (),
    ) -> tuple[Steps, StepState]:
        """Act a piece of B lines: their `motion` as heard, nothing after the end of the shorter ones, and their `dice`.

        `state` is that after the last piece, None before the first. Where `held` steps are given, only `layers` are
        drawn anew and the others follow `held`.
        """
        longest = max(len(motion[0]) for motion in motions)
        stacked = [_together(parts, longest) for parts in zip(*motions, strict=True)]
        rolls = [die.roll(longest) for die in dice]
        noise = {name: np.stack([roll[name] for roll in rolls], axis=1).swapaxes(0, 1) for name in DRAWN}
        return self.stepper.run(state or self.stepper.settled(stacked, noise), stacked, noise, held, layers)

    def _tensor(self, array: np.ndarray) -> Tensor:
        """An array (...) of one line as a tensor (1,...)."""
        return torch.from_numpy(np.ascontiguousarray(array[None], dtype=np.float32)).to(self.device)


def _likeliest(head: nn.Module, features: Tensor) -> np.ndarray:
    """(S,) the likeliest class at each step of one line."""
    return head(features)[0].argmax(dim=1).cpu().numpy()


def _together(parts: Sequence[np.ndarray], length: int) -> np.ndarray:
    """(B,length,D) of each line's part (M,D) or (1,D), or (B,1,D) where all of them last; in memory, time first."""
    rows = 1 if all(len(part) == 1 for part in parts) else length
    stacked = np.zeros((rows, len(parts), parts[0].shape[1]), np.float32)
    for line, part in enumerate(parts):
        stacked[: rows if len(part) == 1 else len(part), line] = part
    return stacked.swapaxes(0, 1)


def even(steps: int) -> int:
    """The next even number of encoder steps: what whole cue steps hear."""
    return -(-steps // STEPS_PER_CUE) * STEPS_PER_CUE

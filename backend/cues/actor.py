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
from torch import Tensor

from addon.core.emotion import EmotionTrack
from backend.audio.features import MEL_BANDS
from backend.audio.sound import SAMPLE_RATE
from backend.rules.streams import stream

from .aversion import aversion_of
from .clock import MEL_PER_STEP, STEPS_PER_CUE
from .encoder import VOICE, SpeechEncoder
from .film import CHARACTER_WIDTH, CONDITION_WIDTH
from .frontend import encoder_inputs
from .generator import NOISE
from .listener import GraphListener, Listener, Memory, Piece, TorchListener
from .model import CueModel
from .stepper import Stepper
from .steps import TREMOR, Steps, StepState

DRAWN: Final[Mapping[str, int]] = {**NOISE, "gaze": NOISE["gaze"] + TREMOR}
"""Normal numbers of each stream per cue step; the last ones of gaze are for microsaccades."""
ROOM_LEVEL: Final[float] = 1e-3
ROOM_SAMPLES: Final[int] = 2 * SAMPLE_RATE
"""What is heard before a line: two seconds, more than the encoder remembers, of noise at -60 dB, a quiet room."""
AMIDST: Final[float] = 0.25
"""How far the first step of a line lies above the corpus' mean speech, in encoder inputs, where a recording was cut
amidst a sound: of a reader's files that were, most begin at 0.1 to 1.4; after a noisy room lines begin at -0.3 and
less, after a quiet one at -3. On that reader r of the opening is 0.713 with it, 0.702 without; on others the same."""


@dataclass(frozen=True, eq=False)
class Ear:
    """What is kept of a line's past: the listener's `memory`; `heard` and `modulation` (0 or 1,...) wait for their cue
    step.
    """

    memory: Memory
    heard: np.ndarray
    modulation: np.ndarray


@dataclass(frozen=True, eq=False)
class Heard:
    """A piece of one line as it was heard: S encoder steps, and the M cue steps that they complete.

    `lips` (S,17) as the lips generator gives them; `voice` (S,4) the `VOICE`; `phones`, `visemes` (S,) the likeliest,
    numbers in `ENCODED_PHONES` and `VISEMES`; `motion` what the cue steps need of the sound, the emotion and the
    character: as `CueGenerator.listen` gives it, each (M,...), or (1,...) of an emotion that lasts; and last (M,2) how
    much somebody speaks, about 0..1, and how far looks are averted.
    """

    lips: np.ndarray
    voice: np.ndarray
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
    """Encoder and cue model. It hears on `device`, and acts on the CPU, where small steps are faster."""

    def __init__(self, encoder: SpeechEncoder, cues: CueModel, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.cues = cues.to(device).eval()
        self.stepper = Stepper(cues.generator)
        self.mel_mean = encoder.mel_mean.cpu().numpy()
        listener = GraphListener if self.device.type == "cpu" else TorchListener
        self.listener: Listener = listener(encoder.to(device).eval(), cues)
        self._felt: dict[bytes, np.ndarray] = {}

    def _before(self, first: np.ndarray) -> Ear:
        """The ear before a line whose `first` step (320,) is to be heard: after a quiet room, so that a mouth at rest
        begins the line at rest; where the recording begins amidst a sound, of nothing.

        A network that remembers nothing parts the lips for 80 ms of a silence; one that remembers a quiet room takes
        0.3 s of a vowel that was cut off for silence.
        """
        of_corpus = first.reshape(MEL_PER_STEP, -1)[:, :MEL_BANDS]
        if of_corpus.mean() < AMIDST:
            return self._rested
        return Ear(self.listener.start(), self._rested.heard, self._rested.modulation)

    @cached_property
    def _rested(self) -> Ear:
        room = ROOM_LEVEL * np.random.default_rng(0).standard_normal(ROOM_SAMPLES)
        inputs = encoder_inputs(room.astype(np.float32), self.mel_mean)
        neutral = self.feel(EmotionTrack.constant("neutral").sample(np.zeros(1)))
        piece, memory = self.listener.listen(inputs, neutral[:, :CONDITION_WIDTH], None, self.listener.start())
        return Ear(memory, self._split(piece)[0][:0], np.zeros((0, piece.modulation.shape[1] + 1), np.float32))

    def feel(self, emotion: np.ndarray, character: np.ndarray | None = None) -> np.ndarray:
        """(S,49): the condition of a line under `emotion` (S,9), with example frames of the character (16,52); last how
        far its looks are averted.
        """
        if len(emotion) > 1 or character is not None:
            return self._feel(emotion, character)
        lasting = emotion.tobytes()  # as most lines of a batch have it
        felt = self._felt.get(lasting)
        if felt is None:
            felt = self._feel(emotion, None)
            self._felt = {lasting: felt}
        return felt

    @torch.inference_mode()
    def _feel(self, emotion: np.ndarray, character: np.ndarray | None) -> np.ndarray:
        code = torch.zeros(1, CHARACTER_WIDTH, device=self.device)
        if character is not None:
            code = self.cues.character(self._tensor(character))
        condition = self.cues.condition(self._tensor(emotion), code)[0].cpu().numpy()
        return np.concatenate([condition, aversion_of(emotion)], axis=1)

    def hear(
        self, inputs: np.ndarray, condition: np.ndarray, ear: Ear | None, told: np.ndarray | None = None
    ) -> tuple[Heard, Ear]:
        """Hear S steps of a line: `inputs` (S,320), and the `condition` (S,49) as it is felt; `ear` is None before its
        first piece.

        `told` (S,5) are the phones of a known text (`told_phones`). A condition that lasts through a whole line may be
        (1,49), where S is even.
        """
        ear = ear or self._before(inputs[0])
        felt, averted = condition[:, :CONDITION_WIDTH], condition[:, CONDITION_WIDTH:]
        piece, memory = self.listener.listen(inputs, felt, told, ear.memory)
        fresh, voice = self._split(piece)
        heard, waiting = _cue_steps(np.concatenate([ear.heard, fresh]))
        modulation, still = np.concatenate([piece.modulation, averted], axis=1), ear.modulation
        if len(condition) == len(inputs):
            modulation, still = _cue_steps(np.concatenate([ear.modulation, modulation]))
        scale, shift, out, averted = np.split(modulation, self._modulated, axis=1)
        bearing = np.concatenate([heard[:, -1:], np.broadcast_to(averted, (len(heard), 1))], axis=1)
        motion = heard[:, :-1], scale, shift, out, bearing
        return Heard(piece.lips, voice, piece.phones, piece.visemes, motion), Ear(memory, waiting, still)

    def _split(self, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        """What the cue steps hear of a piece (S,97), last how much somebody speaks, and the voice (S,4)."""
        audio = self.cues.config.generator.audio
        return piece.heard[:, : audio + 1], piece.heard[:, audio:].copy()  # does not keep the rest in memory

    @cached_property
    def _modulated(self) -> tuple[int, int, int]:
        """Where scale, shift, output modulation and aversion meet."""
        sizes = self.cues.config.generator
        return sizes.audio, 2 * sizes.audio, 2 * (sizes.audio + sizes.hidden)

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


def _cue_steps(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(S,D) at 50 steps a second -> (M,D): the mean of the two steps that a cue step hears, and what is left over."""
    whole = len(signal) // STEPS_PER_CUE * STEPS_PER_CUE
    return np.float32(0.5) * (signal[0:whole:STEPS_PER_CUE] + signal[1:whole:STEPS_PER_CUE]), signal[whole:]


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


assert STEPS_PER_CUE == 2
assert VOICE[0] == "speaking"

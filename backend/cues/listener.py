"""What hears a line, piece by piece: encoder, lips, and what the cue steps need, on a CPU or on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import torch

from .encoder import PROSODY, VOICE, SpeechEncoder
from .graph_sheet import session_of
from .hearing_graph import hearing_graph
from .model import CueModel
from .told import TAPS, TRUST, UNTOLD

Memory = Sequence[Any]
"""What a listener keeps of a line's past, on its own device."""
VOICE_ROWS: Final[list[int]] = [PROSODY.index(name) for name in VOICE]


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of S encoder steps as it was heard, float32.

    `lips` (S,17) as the lips generator gives them; `heard` (S,100) what the cue steps hear, and last the `VOICE`;
    `modulation` (S or 1,512) what the emotion and the character make of it; `phones` and `visemes` (S,) the
    likeliest, numbers in `ENCODED_PHONES` and `VISEMES`.
    """

    lips: np.ndarray
    heard: np.ndarray
    modulation: np.ndarray
    phones: np.ndarray
    visemes: np.ndarray


class Listener(Protocol):
    """Hears one line, in pieces of any size."""

    def start(self) -> Memory:
        """The memory before anything was heard."""
        ...

    def listen(
        self, inputs: np.ndarray, condition: np.ndarray, told: np.ndarray | None, memory: Memory
    ) -> tuple[Piece, Memory]:
        """Hear S steps: `inputs` (S,320) under a `condition` (S,48), or (1,48) where it lasts, and `told` the phones
        (S,5) of a known text; also the memory for the next piece.
        """
        ...


class GraphListener:
    """In onnxruntime on one core of a CPU."""

    def __init__(self, encoder: SpeechEncoder, cues: CueModel) -> None:
        self._session = session_of(hearing_graph(encoder, cues))
        stacks = encoder.stack, cues.lips.stack
        self._shapes = [(reach, stack.width) for stack in stacks for reach in stack.reaches]

    def start(self) -> Memory:
        """See `Listener`."""
        return [np.zeros(shape, np.float32) for shape in self._shapes]

    def listen(
        self, inputs: np.ndarray, condition: np.ndarray, told: np.ndarray | None, memory: Memory
    ) -> tuple[Piece, Memory]:
        """See `Listener`."""
        given = {
            "inputs": inputs,
            "condition": condition,
            "told": np.full((len(inputs), len(TAPS)), UNTOLD) if told is None else told,
            **{f"past{number}": past for number, past in enumerate(memory)},
        }
        results: list[Any] = [*self._session.run(None, given)]
        return Piece(*results[:5]), results[5:]


class TorchListener:
    """In torch, on any device."""

    def __init__(self, encoder: SpeechEncoder, cues: CueModel) -> None:
        self._encoder, self._cues = encoder, cues

    def start(self) -> Memory:
        """See `Listener`."""
        return [*self._encoder.stack.start(1), *self._cues.lips.stack.start(1)]

    @torch.inference_mode()
    def listen(
        self, inputs: np.ndarray, condition: np.ndarray, told: np.ndarray | None, memory: Memory
    ) -> tuple[Piece, Memory]:
        """See `Listener`."""
        first = len(self._encoder.stack.reaches)
        where = self._encoder.mel_mean.device
        felt = torch.from_numpy(condition).to(where)[None]
        said = None if told is None else torch.from_numpy(told).to(where)[None]
        features, kept = self._encoder(torch.from_numpy(inputs).to(where)[None], [*memory[:first]])
        lips, kept_too = self._cues.lips(features, felt, [*memory[first:]], said, TRUST)
        voice = self._encoder.heads[3](features)[..., VOICE_ROWS]
        generator = self._cues.generator
        modulation = torch.cat([generator.film.affine(felt), generator.out_film.affine(felt)], dim=-1)
        likeliest = [self._encoder.heads[k](features).argmax(dim=-1) for k in (0, 1)]
        parts = (lips, torch.cat([generator.hear(features), voice], dim=-1), modulation, *likeliest)
        return Piece(*(part[0].cpu().numpy() for part in parts)), [*kept, *kept_too]

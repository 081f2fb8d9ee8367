"""Batches for the speech encoder: random crops of what was heard, masked and warped anew, on the device that learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from backend.audio.features import MEL_BANDS, MEL_RATE
from backend.cues.clock import ENCODER_RATE, MEL_AHEAD, MEL_PER_STEP
from backend.cues.frontend import DECAY, INPUT_WIDTH, SCALE
from backend.training.masks import mel_masks

from .hear import Example
from .teachers import Taught


@dataclass(frozen=True)
class Shelf:
    """All examples behind one another, on the device that learns.

    `mel` (F,80) float16; by step `phones`, `visemes` (S,) uint8, `articulation`, `prosody` (S,5) float16; of each
    example its first frame and step, its number of `steps`, and the `share` of crops that is drawn from it. `taught`,
    where there are teachers: what they say of the phones, visemes and articulation, each (S,n) float16.
    """

    mel: Tensor
    phones: Tensor
    visemes: Tensor
    articulation: Tensor
    prosody: Tensor
    first_frame: Tensor
    first_step: Tensor
    steps: Tensor
    share: Tensor
    taught: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Tensors of B crops of T steps: `inputs` (B,T,320) for the encoder, labels as in SpeechLabels, and what is
    `taught` of phones, visemes and articulation, where there are teachers.
    """

    inputs: Tensor
    phones: Tensor
    visemes: Tensor
    articulation: Tensor
    prosody: Tensor
    taught: tuple[Tensor, ...] = ()


def shelf_of(examples: Sequence[Example], where: torch.device) -> Shelf:
    """The examples on a device; of a long or heavy one more crops are drawn."""
    steps = np.array([example.steps for example in examples])
    frames = np.array([len(example.mel) for example in examples])
    share = steps * np.array([example.weight for example in examples])
    labels = [example.labels for example in examples]
    taught = [example.taught for example in examples if example.taught is not None]

    def laid(parts: Sequence[np.ndarray], kind: type) -> Tensor:
        return torch.from_numpy(np.concatenate(parts).astype(kind, copy=False)).to(where)

    def before(counts: np.ndarray) -> Tensor:
        return torch.from_numpy(np.concatenate([[0], np.cumsum(counts)[:-1]])).to(where)

    return Shelf(
        mel=laid([example.mel for example in examples], np.float16),
        phones=laid([label.phones for label in labels], np.uint8),
        visemes=laid([label.visemes for label in labels], np.uint8),
        articulation=laid([label.articulation for label in labels], np.float16),
        prosody=laid([label.prosody for label in labels], np.float16),
        first_frame=before(frames),
        first_step=before(steps),
        steps=torch.from_numpy(steps).to(where),
        share=torch.from_numpy(share / share.sum()).to(where),
        taught=tuple(
            laid([getattr(one, said.name) for one in taught], np.float16) for said in fields(Taught) if taught
        ),
    )


def batches(shelf: Shelf, mel_mean: Tensor, size: int, steps: int, generator: torch.Generator) -> Iterator[Batch]:
    """Crops of `steps` steps without end; what a short example lacks is its last step again, silence."""
    running = running_mean(MEL_PER_STEP * steps + MEL_AHEAD, generator.device)
    while True:
        chosen = torch.multinomial(shelf.share, size, replacement=True, generator=generator)
        length = shelf.steps[chosen]
        room = torch.rand(size, generator=generator, device=generator.device)
        start = (room * (length - steps + 1).clamp(min=1)).long()
        at = torch.arange(steps, device=generator.device)
        index = shelf.first_step[chosen, None] + torch.minimum(start[:, None] + at, length[:, None] - 1)
        mel = mel_masks(_frames(shelf, chosen, start, steps), generator)
        yield Batch(
            inputs=inputs_of(mel, mel_mean, running),
            phones=shelf.phones[index].long(),
            visemes=shelf.visemes[index].long(),
            articulation=shelf.articulation[index].float(),
            prosody=shelf.prosody[index].float(),
            taught=tuple(said[index].float() for said in shelf.taught),
        )


def running_mean(frames: int, where: torch.device) -> tuple[Tensor, Tensor]:
    """What each of N frames has in the running means up to each of them (N,N), and the corpus' mean (N,1): what the
    frontend works out block by block (`backend.cues.frontend`), at once.
    """
    at = torch.arange(frames, dtype=torch.float64)
    older = at[:, None] - at
    shares = torch.where(older >= 0, (1.0 - DECAY) * DECAY ** older.clamp(min=0), 0.0)
    return shares.float().to(where), (DECAY ** (at + 1.0))[:, None].float().to(where)


def inputs_of(mel: Tensor, mel_mean: Tensor, running: tuple[Tensor, Tensor]) -> Tensor:
    """(B,T,INPUT_WIDTH) encoder inputs of crops of log-mel frames (B, 2 T + 4, 80), each a line of its own."""
    shares, fading = running
    both = torch.cat([mel - mel_mean, mel - (shares @ mel + fading * mel_mean)], dim=2) / SCALE
    return both[:, MEL_AHEAD - 1 : mel.shape[1] - 1].reshape(len(mel), -1, INPUT_WIDTH)


def corpus_mean(examples: Sequence[Example]) -> np.ndarray:
    """(80,) float32: the mean log-mel over frames in which somebody speaks."""
    total, count = np.zeros(MEL_BANDS), 0
    for example in examples[::7]:
        spoken = np.flatnonzero(example.labels.phones > 0) * MEL_PER_STEP
        total += example.mel[spoken].astype(np.float64).sum(axis=0)
        count += len(spoken)
    return (total / max(count, 1)).astype(np.float32)


def _frames(shelf: Shelf, chosen: Tensor, start: Tensor, steps: int) -> Tensor:
    """(B, 2 T + 4, 80) float32: the frames that the crops read."""
    wanted = MEL_PER_STEP * start[:, None] + torch.arange(MEL_PER_STEP * steps + MEL_AHEAD, device=start.device)
    last = MEL_PER_STEP * shelf.steps[chosen, None] + MEL_AHEAD - 1
    return shelf.mel[shelf.first_frame[chosen, None] + torch.minimum(wanted, last)].float()


assert MEL_RATE == MEL_PER_STEP * ENCODER_RATE

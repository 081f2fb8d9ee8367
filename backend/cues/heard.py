"""Phones that the encoder heard: for the record of a performance, and where no text is given."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import torch

from backend.speech.phones import Phone, fill_silence

from .clock import ENCODER_RATE
from .encoder import ENCODED_PHONES, SpeechEncoder

SHORTEST: Final[int] = 2
"""Steps of 20 ms; a shorter run is doubt between two phones, and goes to the one before."""


@torch.inference_mode()
def phones_heard(encoder: SpeechEncoder, features: np.ndarray, duration: float) -> tuple[Phone, ...]:
    """The likeliest phone of each step of features (S,F), as phones without gaps from 0 to `duration` seconds."""
    where = encoder.mel_mean.device
    logits = encoder.heads[0](torch.from_numpy(features).to(where))
    best = logits.argmax(dim=1).cpu().numpy()
    edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1)).tolist()
    phones: list[Phone] = []
    for first, last in itertools.pairwise(edges):
        # A step is the middle of its 20 ms.
        start, end = max(0.0, (first - 0.5) / ENCODER_RATE), (last - 0.5) / ENCODER_RATE
        if (last - first < SHORTEST and phones) or (phones and phones[-1].name == ENCODED_PHONES[best[first]]):
            phones[-1] = Phone(phones[-1].name, phones[-1].start, end)
        else:
            phones.append(Phone(ENCODED_PHONES[best[first]], start, end))
    return fill_silence(phones, duration)

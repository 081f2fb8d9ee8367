"""Synthetic speech: every voice says sentences of its own, so that no sentence is in two splits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from .batch import Batch
from .manifest import Dropped, Material
from .programs import require_packages
from .synthesizers import speak
from .texts import choose, read_fortunes
from .voices import PACKAGES, VOICES, Voice, draw_manner

PER_VOICE: Final[dict[str, int]] = {"train": 320, "validation": 60, "test": 60}
"""Sentences of each voice: 1600 for training from five voices, about 1.4 hours."""
BATCH: Final[int] = 20


def synthetic_batches(seed: int, limit: int | None) -> list[Batch]:
    """Batches in turn from all voices, so that a corpus that is half made has every voice.

    `limit` is the most clips of a voice. Raises RequestError where Debian packages are missing.
    """
    require_packages(["fortunes", *{p for names in PACKAGES.values() for p in names}])
    texts = choose(read_fortunes(), sum(PER_VOICE[v.split] for v in VOICES), seed)
    batches: list[tuple[int, Batch]] = []
    at = 0
    for number, voice in enumerate(VOICES):
        own = texts[at : at + PER_VOICE[voice.split]]
        at += len(own)
        own = own[:limit]
        batches += [
            (first, _batch(voice, own[first : first + BATCH], first, (seed, number)))
            for first in range(0, len(own), BATCH)
        ]
    return [batch for _, batch in sorted(batches, key=lambda pair: pair[0])]


def _batch(voice: Voice, texts: tuple[str, ...], first: int, seed: tuple[int, int]) -> Batch:
    ids = tuple(f"{voice.engine}-{voice.name}-{first + k:04d}" for k in range(len(texts)))
    manners = [draw_manner(voice, np.random.default_rng((*seed, first + k))) for k in range(len(texts))]

    def make(wanted: frozenset[str]) -> Iterator[Material | Dropped]:
        asked = [k for k, name in enumerate(ids) if name in wanted]
        with tempfile.TemporaryDirectory() as scratch:
            said = speak(voice, [texts[k] for k in asked], [manners[k] for k in asked], Path(scratch))
        for k, spoken in zip(asked, said, strict=True):
            if spoken is None:
                yield Dropped(ids[k], f"{voice.engine} could not say it: {texts[k]}")
            else:
                yield Material(
                    ids[k], voice.engine, voice.name, voice.split, texts[k], voice.licence,
                    spoken.samples, spoken.phones,
                )  # fmt: skip

    return Batch(voice.engine, ids, make)

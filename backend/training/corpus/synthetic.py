"""Synthetic speech: every voice says sentences of its own, so that no sentence is in two splits."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from backend.audio.sound import Sound

from .aligned import BATCH, Unaligned, aligned_batches, with_pauses
from .batch import Batch
from .manifest import Dropped, Material
from .programs import missing_packages, require_packages
from .synthesizers import speak
from .texts import choose, read_fortunes
from .untimed import read_aloud
from .voices import OPTIONAL_VOICES, OTHER_TONGUES, PACKAGES, VOICES, Manner, Voice, draw_manner

log = logging.getLogger(__name__)

PER_VOICE: Final[dict[str, int]] = {"train": 320, "validation": 60, "test": 60}
"""Sentences of each voice: 1600 for training from five voices, about 1.4 hours, and as many from four optional ones."""
OTHER_SHARE: Final[float] = 0.5
"""Voices of other languages say so many of them: nine, about 1.7 hours, so that English stays three quarters of all."""


def synthetic_batches(seed: int, limit: int | None) -> list[Batch]:
    """Batches in turn from all voices, so that a corpus that is half made has every voice.

    `limit` is the most clips of a voice. Raises RequestError where Debian packages are missing; the optional voices
    whose packages are missing are left out, and the log says so.
    """
    require_packages(["fortunes", *_packages(VOICES)])
    dealt = deal_sentences(read_fortunes(), seed)
    here = (*VOICES, *_installed((*OPTIONAL_VOICES, *OTHER_TONGUES)))
    batches: list[tuple[int, Batch]] = []
    for number, voice in enumerate((*VOICES, *OPTIONAL_VOICES, *OTHER_TONGUES)):
        if voice in here:
            made = _batches(voice, dealt[voice][:limit], (seed, number))
            batches += [(turn, batch) for turn, batch in enumerate(made)]
    return [batch for _, batch in sorted(batches, key=lambda pair: pair[0])]


def deal_sentences(sentences: Sequence[str], seed: int) -> dict[Voice, tuple[str, ...]]:
    """The sentences of every voice, none given twice.

    The optional voices choose among those that the others leave, so that who has them changes nothing for the others.
    """
    dealt: dict[Voice, tuple[str, ...]] = {}
    for voices in (VOICES, OPTIONAL_VOICES, OTHER_TONGUES):
        given = {text for texts in dealt.values() for text in texts}
        left = [text for text in sentences if text not in given]
        chosen = iter(choose(left, sum(_count(voice) for voice in voices), seed))
        dealt |= {voice: tuple(islice(chosen, _count(voice))) for voice in voices}
    return dealt


def _count(voice: Voice) -> int:
    """Sentences of a voice."""
    return round(PER_VOICE[voice.split] * (OTHER_SHARE if voice in OTHER_TONGUES else 1.0))


def _packages(voices: Sequence[Voice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(package for voice in voices for package in _packages_of(voice)))


def _packages_of(voice: Voice) -> tuple[str, ...]:
    return (*PACKAGES[voice.engine], *((voice.package,) if voice.package else ()))


def _installed(voices: Sequence[Voice]) -> tuple[Voice, ...]:
    """Those of the optional voices that this machine has; the others are told with the line that installs them."""
    if missing := missing_packages(_packages(voices)):
        without = ", ".join(v.name for v in voices if set(_packages_of(v)) & set(missing))
        log.info(
            "The corpus goes without the optional voices %s. Install them with: apt-get install %s (RHVoice and SVOX "
            "are in Debian non-free: add `contrib non-free` to the components of the APT sources)",
            without,
            " ".join(missing),
        )
    return tuple(v for v in voices if not set(_packages_of(v)) & set(missing))


def _batches(voice: Voice, texts: tuple[str, ...], seed: tuple[int, int]) -> list[Batch]:
    ids = tuple(f"{voice.engine}-{voice.name}-{k:04d}" for k in range(len(texts)))
    manners = [draw_manner(voice, np.random.default_rng((*seed, k))) for k in range(len(texts))]
    if voice in OPTIONAL_VOICES:
        clips = [_unaligned(voice, *clip) for clip in zip(ids, texts, manners, strict=True)]
        return aligned_batches(voice.engine, clips)
    spans = [slice(first, first + BATCH) for first in range(0, len(texts), BATCH)]
    return [_batch(voice, ids[span], texts[span], manners[span]) for span in spans]


def _unaligned(voice: Voice, name: str, text: str, manner: Manner) -> Unaligned:
    def read() -> Sound:
        return with_pauses(read_aloud(voice, text, manner))

    return Unaligned(name, voice.engine, voice.name, voice.split, text, voice.licence, read)


def _batch(voice: Voice, ids: tuple[str, ...], texts: tuple[str, ...], manners: Sequence[Manner]) -> Batch:
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

"""Make the corpus, or what is still missing of it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .batch import Batch
from .manifest import Corpus, Dropped, read_manifest
from .prompts import prompt_batches
from .quiet import quiet_batches
from .recordings import recorded_batches
from .synthetic import synthetic_batches

log = logging.getLogger(__name__)

STATUS: Final[str] = "STATUS"
VERSION: Final[int] = 1
"""Goes up when the same settings would make other clips."""


@dataclass(frozen=True)
class CorpusConfig:
    """`out`: the corpus folder. `shared`: the shared data with `speech/` in it. `seed`: of all that is drawn.

    `limit` is the most clips of a voice, of a folder of recordings and of the quiet clips of a split; a corpus may
    grow by a later run with a higher one. `parts`: which of "synthetic", "recorded", "quiet" to make in this run.
    """

    out: Path
    shared: Path
    seed: int = 0
    limit: int | None = None
    parts: tuple[str, ...] = ("synthetic", "recorded", "quiet")


def build_corpus(config: CorpusConfig) -> int:
    """Make every clip that is missing; how many were made. An interrupted run goes on where it stopped.

    Raises RequestError where programs, recordings or the folder are missing, before anything is made.
    """
    batches = _batches(config)
    corpus = Corpus(config.out)
    corpus.settle({"version": VERSION, "seed": config.seed})
    finished = corpus.finished()
    planned = Counter(batch.source for batch in batches for _ in batch.ids)
    done = Counter(batch.source for batch in batches for name in batch.ids if name in finished)
    made, dropped, began = 0, 0, time.monotonic()
    for batch in batches:
        wanted = frozenset(batch.ids) - finished
        if not wanted:
            continue
        for material in batch.make(wanted):
            corpus.add(material)
            made += 1
            dropped += isinstance(material, Dropped)
            done[batch.source] += 1
        _tell(config.out, planned, done)
    log.info("%d clips made, %d of them left out, in %.0f s", made, dropped, time.monotonic() - began)
    summarize(config.out)
    return made


def summarize(folder: Path) -> None:
    """Log how many clips, voices and hours each source has in each split."""
    clips = read_manifest(folder)
    for source, split in sorted({(c.source, c.split) for c in clips}):
        own = [c for c in clips if (c.source, c.split) == (source, split)]
        voices, hours = len({c.voice for c in own}), sum(c.duration for c in own) / 3600
        log.info("%-12s %-10s %5d clips %4d voices %6.3f h", source, split, len(own), voices, hours)


def _batches(config: CorpusConfig) -> list[Batch]:
    batches: list[Batch] = []
    if "synthetic" in config.parts:
        batches += synthetic_batches(config.seed, config.limit)
    if "recorded" in config.parts:
        batches += recorded_batches(config.shared, config.limit)
        batches += prompt_batches(config.limit)
    if "quiet" in config.parts:
        batches += quiet_batches(config.seed, config.limit)
    return batches


def _tell(folder: Path, planned: Counter[str], done: Counter[str]) -> None:
    """Write how far every source is, for whoever reads the corpus while it is made."""
    lines = [f"{source}: {done[source]} of {count}" for source, count in planned.items()]
    (folder / STATUS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    log.info("%s", ", ".join(lines))

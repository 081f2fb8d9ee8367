"""`train speech`: the encoder, from the corpus."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("speech", help="the encoder: log-mel to phones, visemes, articulation, prosody")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that `train corpus` made")
    parser.add_argument("--steps", type=int, help="of training; how long it takes")
    parser.add_argument("--copies", type=int, help="of each clip, heard through other rooms and noises (3)")
    parser.add_argument("--batch", type=int, help="crops that are learned from at once (16; a GPU takes 64)")
    parser.add_argument("--rate", type=float, help="of learning (0.002); less where it goes on from --start")
    parser.add_argument("--start", type=Path, help="weights of this recipe and size, without suffix, to go on from")
    parser.add_argument("--keep", type=float, default=0.0, help="share of --start in the mean of both that is written")
    parser.add_argument("--teachers", type=Path, help="folder of encoders that it learns from beside the labels")
    parser.add_argument("--width", type=int, help="of the encoder; a teacher may be wider")
    parser.add_argument("--dilations", type=int, nargs="+", help="of its convolutions, one a block")
    parser.add_argument("--dropout", type=float, help="in training, 0..1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="weights, without suffix (where the backend reads them)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train and write the weights."""
    from backend.cues.weights import WEIGHTS
    from backend.training.solver import Schedule

    from .learn import SpeechRecipe, train_speech

    usual = SpeechRecipe(
        options.corpus, options.seed, teachers=options.teachers, start=options.start, kept=options.keep
    )
    size = {name: getattr(options, name) for name in ("width", "dropout")}
    size["dilations"] = tuple(options.dilations) if options.dilations else None
    recipe = replace(
        usual,
        copies=usual.copies if options.copies is None else options.copies,
        batch=options.batch or usual.batch,
        schedule=Schedule(options.steps or usual.schedule.steps, options.rate or usual.schedule.rate),
        model=replace(usual.model, **{name: value for name, value in size.items() if value is not None}),
    )
    train_speech(recipe, options.out or WEIGHTS / "speech")
    return 0

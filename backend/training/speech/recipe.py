"""`train speech`: the encoder, from the corpus."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("speech", help="the encoder: log-mel to phones, visemes, articulation, prosody")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that `train corpus` made")
    parser.add_argument("--steps", type=int, help="of training; how long it takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="weights, without suffix (where the backend reads them)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train and write the weights."""
    from backend.cues.weights import WEIGHTS
    from backend.training.solver import Schedule

    from .learn import SpeechRecipe, train_speech

    usual = SpeechRecipe(options.corpus).schedule
    schedule = Schedule(options.steps or usual.steps, usual.rate)
    train_speech(SpeechRecipe(options.corpus, options.seed, schedule=schedule), options.out or WEIGHTS / "speech")
    return 0

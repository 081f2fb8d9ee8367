"""`train cues`: lips, expression, gaze, blinks and head, from the corpus and the rules."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("cues", help="the generators: lips, expression, gaze, blinks and head")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that `train corpus` made")
    parser.add_argument("--captures", type=Path, help="folder of Live Link Face recordings (CSV)")
    parser.add_argument("--takes", type=Path, help="folder of tracked recordings, NAME.npz beside NAME.wav (MEAD)")
    parser.add_argument("--lips", action="store_true", help="go on with the lips of the installed weights alone")
    parser.add_argument("--steps", type=int, help="of training; how long it takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="weights, without suffix (where the backend reads them)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train and write the weights."""
    from backend.cues.weights import WEIGHTS
    from backend.training.solver import Schedule

    from .learn import CueRecipe, train_cues, train_lips

    usual = CueRecipe(options.corpus).schedule
    schedule = Schedule(options.steps or usual.steps, usual.rate)
    recipe = CueRecipe(options.corpus, options.captures, options.takes, options.seed, schedule=schedule)
    train = train_lips if options.lips else train_cues
    train(recipe, options.out or WEIGHTS / "cues")
    return 0

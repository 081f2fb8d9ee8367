"""`train cues`: lips, expression, gaze, blinks and head, from the corpus and the rules."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("cues", help="the generators: lips, expression, gaze, blinks and head")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that `train corpus` made")
    parser.add_argument("--captures", type=Path, help="folder of Live Link Face recordings (CSV)")
    parser.add_argument("--takes", type=Path, help="folder of tracked recordings, NAME.npz beside NAME.wav (MEAD)")
    parser.add_argument("--told", action="store_true", help="only teach the installed lips to follow a known text")
    parser.add_argument("--lips", action="store_true", help="only solve the last layer of the installed lips")
    parser.add_argument("--steps", type=int, help="of training; how long it takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="weights, without suffix (where the backend reads them)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train and write the weights."""
    from backend.cues.weights import WEIGHTS

    from .learn import TOLD_SCHEDULE, CueRecipe, told_recipe, train_cues, train_lips, train_told

    usual = TOLD_SCHEDULE if options.told else CueRecipe(options.corpus).schedule
    schedule = replace(usual, steps=options.steps or usual.steps)
    recipe = CueRecipe(options.corpus, options.captures, options.takes, options.seed, schedule=schedule)
    out = options.out or WEIGHTS / "cues"
    if options.told:
        train_told(told_recipe(recipe, schedule), out)
    elif options.lips:
        train_lips(recipe, out)
    else:
        train_cues(recipe, out)
    return 0

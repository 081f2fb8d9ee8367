"""`train judge`: the independent judge of emotion, for evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("judge", help="the independent judge of emotion, for evaluation")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that `train corpus` made")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="weights, without suffix (where the backend reads them)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train and write the weights."""
    from backend.cues.weights import WEIGHTS

    from .learn import JudgeRecipe, train_judge

    train_judge(JudgeRecipe(options.corpus, options.seed), options.out or WEIGHTS / "judge")
    return 0

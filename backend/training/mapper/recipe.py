"""`train mapper`: relocated landmarks to the keypoints of LivePortrait, for the weights and portrait of a user.

    python -m backend train mapper --weights FOLDER --portrait IMAGE --consent

No film is needed: expressions are drawn, rendered with the frozen networks, and landmarks are read off the frames.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from backend.commands.portrait import add_portrait, read_portrait
from backend.generator.liveportrait.licence import NOTE

log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("mapper", help="landmarks to LivePortrait's keypoints, for weights that you supply")
    parser.add_argument("--weights", type=Path, required=True, help="folder of LivePortrait's weights")
    add_portrait(parser, required=True)
    parser.add_argument("--clips", type=int, default=120, help="clips of 16 frames to render")
    parser.add_argument("--minutes", type=float, default=30.0, help="of rendering at most")
    parser.add_argument("--turn", type=float, default=1.0, help="how far heads move: 1 lively, 0 not at all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="weights, without suffix (beside LivePortrait's)")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Say what the weights' licence is, train and write the mapper."""
    from .learn import MapperRecipe, train_mapper

    log.info("%s\n", NOTE)
    recipe = MapperRecipe(
        weights=options.weights,
        clips=options.clips,
        minutes=options.minutes,
        turn=options.turn,
        seed=options.seed,
    )
    train_mapper(recipe, read_portrait(options), options.out)
    return 0

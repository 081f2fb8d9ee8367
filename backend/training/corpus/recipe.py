"""`train corpus`: the material that the other recipes learn from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

PARTS: Final[tuple[str, ...]] = ("synthetic", "recorded", "quiet")


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("corpus", help="make the training speech: synthetic, recorded and quiet clips")
    parser.add_argument("--out", type=Path, required=True, help="folder of the corpus; what is there is kept")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="the shared data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=_positive, help="the most clips of a voice, of a folder and of quiet clips")
    parser.add_argument("--only", choices=PARTS, action="append", help="make this part alone; may be given again")
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Make what is missing."""
    from .build import CorpusConfig, build_corpus

    parts = tuple(options.only or PARTS)
    build_corpus(CorpusConfig(options.out, options.shared, options.seed, options.limit, parts))
    return 0


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("give a number of 1 or more")
    return value

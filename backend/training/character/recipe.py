"""`train character`: learn how a character looks from its own renders."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("character", help="a painter of one character, from its own renders")
    parser.add_argument("--set", type=Path, required=True, help="folder of rendered frames (the add-on's operator)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the character; training goes on from there")
    parser.add_argument("--minutes", type=float, default=20.0, help="at most (default: 20)")
    parser.add_argument("--steps", type=int, default=0, help="at most; 0: as many as the minutes allow")
    parser.add_argument("--seed", type=int, default=7)
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train, export the network, and say how good it is."""
    from backend.device import device_name
    from backend.generator.character.dataset import read_set
    from backend.generator.character.export import export
    from backend.generator.character.folder import read_character
    from backend.generator.character.settings import TrainingConfig
    from backend.generator.character.training import train

    config = TrainingConfig(minutes=options.minutes, steps=options.steps, seed=options.seed)
    status = train(read_set(options.set), options.out, config, device_name(), lambda stage, share: None)
    export(read_character(options.out))
    sys.stdout.write(f"{options.out}: {status.state} after {status.step} steps, {status.minutes:.1f} minutes\n")
    return 0

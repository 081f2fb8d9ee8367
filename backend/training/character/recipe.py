"""`train character`: learn how a character looks from its own renders."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any, Final

from addon.core.errors import RequestError

log = logging.getLogger(__name__)

COUNTED: Final[str] = "with those of earlier trainings in the folder"
"""Of minutes and steps, for the help."""


def add_parser(subparsers: Any) -> None:
    """Add the recipe."""
    parser = subparsers.add_parser("character", help="a painter of one character, from its own renders")
    parser.add_argument("--set", type=Path, help="folder of rendered frames (the add-on's operator)")
    parser.add_argument("--clip", type=Path, help="instead, where there is no mesh: a video of a face")
    parser.add_argument("--landmarks", type=Path, help="of the clip: an .npz, `landmarks` (frames, 68 or 70, 2) pixels")
    parser.add_argument("--consent", action="store_true", help="whoever the clip shows has agreed, or is nobody real")
    parser.add_argument("--out", type=Path, required=True, help="folder of the character; training goes on from there")
    parser.add_argument("--minutes", type=float, default=20.0, help=f"at most, {COUNTED} (default: 20)")
    parser.add_argument("--steps", type=int, default=0, help=f"at most, {COUNTED}; 0: by minutes alone")
    parser.add_argument("--seed", type=int, default=7)
    parser.set_defaults(recipe=run)


def run(options: argparse.Namespace) -> int:
    """Train, export the network, and say how good it is. Raises RequestError where nothing is given to learn from."""
    from backend.generator.character.status import clear_stop

    clear_stop(options.out)  # before what takes its time: a stop that is asked for meanwhile counts

    from backend.device import device_name
    from backend.generator.character.check import doubts
    from backend.generator.character.dataset import read_set
    from backend.generator.character.export import export
    from backend.generator.character.folder import read_character
    from backend.generator.character.settings import TrainingConfig
    from backend.generator.character.training import train

    examples = _examples(options)
    config = TrainingConfig(minutes=options.minutes, steps=options.steps, seed=options.seed)
    rendered = read_set(examples)
    for sentence in doubts(rendered, examples):
        log.warning("%s", sentence)
    status = train(rendered, options.out, config, device_name(), lambda stage, share: None)
    export(read_character(options.out))
    sys.stdout.write(f"{options.out}: {status.state} after {status.step} steps, {status.minutes:.1f} minutes\n")
    return 0


def _examples(options: argparse.Namespace) -> Path:
    """The folder of frames to learn from; a clip's is made first, in the folder of the character."""
    if options.set and not options.clip:
        return options.set
    if options.set or not (options.clip and options.landmarks):
        raise RequestError("train.character", "Give either --set, or both --clip and --landmarks.")
    if not options.consent:
        raise RequestError(
            "train.consent",
            "Say with --consent that whoever the clip shows has agreed to it, or is nobody real.",
        )
    from backend.generator.character.clip import set_of_clip

    return set_of_clip(options.clip, options.landmarks, options.out / "set")

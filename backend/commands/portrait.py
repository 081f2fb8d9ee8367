"""The options by which a command is given a portrait."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.generator.interface import Portrait


def add_portrait(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add `--portrait`, `--click` and `--consent`."""
    parser.add_argument("--portrait", type=Path, required=required, metavar="IMAGE", help="picture of a face")
    parser.add_argument(
        "--click",
        type=_pixel,
        action="append",
        default=[],
        metavar="X,Y",
        help="pixel of the right eye, left eye, nose tip, right and left mouth corner and chin, one after the other",
    )
    parser.add_argument(
        "--consent", action="store_true", help="the person on the portrait has agreed, or is nobody real"
    )


def read_portrait(options: argparse.Namespace) -> Portrait:
    """The portrait of those options, clicks being on it as it is seen. Raises RequestError where it is no picture."""
    import numpy as np

    from backend.generator.interface import Portrait
    from backend.generator.portrait_file import read_upright

    picture = read_upright(options.portrait).picture
    return Portrait(picture, np.array(options.click) if options.click else None, options.consent)


def _pixel(text: str) -> tuple[float, float]:
    across, _, down = text.partition(",")
    return float(across), float(down)

"""The options by which a command is given a portrait."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from addon.core.errors import RequestError

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
    """The portrait of those options. Raises RequestError where the file is no picture."""
    import numpy as np
    from PIL import Image, ImageOps

    from backend.generator.interface import Portrait

    try:
        with Image.open(options.portrait) as image:
            picture = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise RequestError(
            "portrait.file", "The portrait is no picture; choose another.", str(options.portrait)
        ) from error
    return Portrait(picture, np.array(options.click) if options.click else None, options.consent)


def _pixel(text: str) -> tuple[float, float]:
    across, _, down = text.partition(",")
    return float(across), float(down)

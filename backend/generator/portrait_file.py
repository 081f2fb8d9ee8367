"""A portrait from a request: its picture file read and turned upright, and the points on it turned with it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from PIL import ExifTags, Image, ImageOps

from addon.core.errors import RequestError
from addon.core.preview import PreviewRequest

from .interface import Portrait

MAX_PIXELS: Final[int] = 64_000_000
TURNS: Final[Mapping[int, tuple[bool, bool, bool]]] = {
    1: (False, False, False), 2: (False, True, False), 3: (False, True, True), 4: (False, False, True),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip
"""By EXIF orientation (CIPA DC-008, tag 0x0112): whether x and y change places, once x and y as they are stored were
counted from the other side."""


@dataclass(frozen=True, eq=False)
class Upright:
    """A `picture` (H,W,3) uint8 turned upright; `size` (width, height) and EXIF `orientation` are as it is stored."""

    picture: np.ndarray
    size: tuple[int, int]
    orientation: int


def read_upright(source: BinaryIO | Path) -> Upright:
    """Read a picture file. Raises RequestError where it is none or too large."""
    try:
        with Image.open(source) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise RequestError("preview.portrait", "The portrait is larger than 64 megapixels; make it smaller.")
            orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
            return Upright(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")), picture.size, orientation)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RequestError(
            "preview.portrait", "The portrait is not a picture that can be read; save it as PNG or JPEG.", str(error)
        ) from error


def portrait_of(request: PreviewRequest) -> Portrait:
    """The portrait of a request. Raises RequestError where it is no picture, too large, or points lie outside it."""
    read = read_upright(io.BytesIO(request.portrait))
    return Portrait(read.picture, _points(request, read.size, read.orientation), request.consent)


def _points(request: PreviewRequest, size: tuple[int, int], orientation: int) -> np.ndarray | None:
    """(N,2) pixels on the upright picture, None where there are none; `size` is that of the picture as stored."""
    if not request.points:
        return None
    points = np.array(request.points, dtype=np.float64)
    if (points > size).any():
        raise RequestError("preview.points", "A point lies outside the portrait; place them again.")
    swapped, from_right, from_below = TURNS.get(orientation, TURNS[1])
    turned = np.where((from_right, from_below), np.array(size) - points, points)
    return turned[:, ::-1] if swapped else turned

"""What a client asks of the backend's second stage: pictures of one performance, and everything they are made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from .errors import RequestError

QUALITIES: Final[tuple[str, ...]] = ("draft", "final")
DEFAULT_GENERATOR: Final[str] = "raster"
FACE_POINTS: Final[tuple[str, ...]] = (
    "right eye", "left eye", "nose tip", "right mouth corner", "left mouth corner", "chin",
)  # fmt: skip
"""What is clicked on a portrait, in this order, where its face is not found by itself. Left and right are the
character's own."""
LANDMARK_NETWORK: Final[str] = "landmark.onnx"
"""The file beside LivePortrait's weights that finds the face of a portrait."""
MAX_PLACE: Final[float] = 1e6
"""Pixels: the longest side of a portrait of 64 megapixels whose short one is the least that there may be."""
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PreviewRequest:
    """One line to be shown.

    `generator` by the name that the backend gives it; `quality` of QUALITIES; `folder` on the backend's machine with a
    trained character or weights, "" for generators that need none. `performance` is the bytes of a saved Performance.
    What is drawn is either `shot` (`Shot.to_bytes`) or `portrait`, the bytes of a picture file, whose person has given
    `consent` or is nobody real. `points` are FACE_POINTS on it, or none: x to the right and y down from the upper left
    corner, in pixels of the picture as it is stored, which is before a camera's note on how it was held (EXIF
    orientation) is followed. `sound` is heard with the movie; empty for a silent one.
    """

    generator: str
    quality: str
    performance: bytes
    shot: bytes = b""
    portrait: bytes = b""
    consent: bool = False
    points: Points = ()
    folder: str = ""
    sound: bytes = b""
    sound_name: str = ""

    def __post_init__(self) -> None:
        if self.quality not in QUALITIES:
            raise RequestError("preview.quality", f"The quality of a preview is {' or '.join(QUALITIES)}.")
        if bool(self.shot) == bool(self.portrait):
            raise RequestError("preview.source", "A preview is made from a character in Blender or from a portrait.")
        if self.portrait and not self.consent:
            raise RequestError(
                "preview.consent",
                "A portrait is only brought to life when whoever it shows has agreed, or is nobody real; tick that.",
            )
        if self.points and not self._points_fit():
            raise RequestError(
                "preview.points",
                f"A portrait has {len(FACE_POINTS)} points, all of them in the picture, or none; place them again.",
            )
        if not self.performance:
            raise RequestError("preview.performance", "There is no performance to show; generate the line first.")

    def _points_fit(self) -> bool:
        return (
            bool(self.portrait)
            and len(self.points) == len(FACE_POINTS)
            and all(math.isfinite(value) and 0.0 <= value <= MAX_PLACE for point in self.points for value in point)
        )

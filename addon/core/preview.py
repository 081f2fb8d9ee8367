"""What a client asks of the backend's second stage: pictures of one performance, and everything they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .errors import RequestError

QUALITIES: Final[tuple[str, ...]] = ("draft", "final")
DEFAULT_GENERATOR: Final[str] = "raster"


@dataclass(frozen=True)
class PreviewRequest:
    """One line to be shown.

    `generator` by the name that the backend gives it; `quality` of QUALITIES; `folder` on the backend's machine with a
    trained character or weights, "" for generators that need none. `performance` is the bytes of a saved Performance.
    What is drawn is either `shot` (`Shot.to_bytes`) or `portrait`, the bytes of a picture file, whose person has given
    `consent` or is nobody real. `sound` is heard with the movie; empty for a silent one.
    """

    generator: str
    quality: str
    performance: bytes
    shot: bytes = b""
    portrait: bytes = b""
    consent: bool = False
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
        if not self.performance:
            raise RequestError("preview.performance", "There is no performance to show; generate the line first.")

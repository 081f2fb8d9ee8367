"""Points of a portrait's face as the artist clicks them: fractions of the picture, to the right and down."""

from __future__ import annotations

from typing import Final

from ..core.preview import FACE_POINTS, Points

HINTS: Final[tuple[str, ...]] = (
    "middle of the right eye, on the left of the picture",
    "middle of the left eye, on the right of the picture",
    "tip of the nose",
    "right corner of the mouth, on the left of the picture",
    "left corner of the mouth, on the right of the picture",
    "lowest point of the chin",
)
"""FACE_POINTS in the artist's words: the character's own right is on the left of a picture."""


def prompt(placed: int) -> str:
    """What to click after `placed` points, and how to leave."""
    return (
        f"Click the {HINTS[placed]}, {placed + 1} of {len(FACE_POINTS)}.   Backspace: one back.   "
        "Esc: leave the points as they were."
    )


def in_words(placed: int) -> str:
    """How the points of a portrait are."""
    if not placed:
        return "No points: the weights' landmark.onnx will be used"
    return f"{placed} of {len(FACE_POINTS)} points placed"


def place_of(view: tuple[float, float]) -> tuple[float, float] | None:
    """The place in the picture of a point in an Image Editor's view, whose y points up; None beside the picture."""
    across, up = view
    return (across, 1.0 - up) if 0.0 <= across <= 1.0 and 0.0 <= up <= 1.0 else None


def view_of(place: tuple[float, float]) -> tuple[float, float]:
    """The inverse of `place_of`."""
    return place[0], 1.0 - place[1]


def in_pixels(places: Points, size: tuple[int, int]) -> Points:
    """The same places in pixels of a picture of `size` (width, height)."""
    return tuple((across * size[0], down * size[1]) for across, down in places)

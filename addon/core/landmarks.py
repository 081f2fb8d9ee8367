"""Which vertices of a mesh are face landmarks: a note that a character's mesh objects carry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from .errors import RigError
from .performance import LANDMARKS

LANDMARKS_PROPERTY: Final[str] = "soliloquy_landmarks"
"""Custom property of a mesh object: the text of `landmarks_text`."""


def landmarks_text(marks: Iterable[tuple[int, int]]) -> str:
    """The note for one mesh from (landmark number 0..69, vertex) pairs."""
    return json.dumps(sorted([int(number), int(vertex)] for number, vertex in marks))


def landmarks_of(text: str) -> list[tuple[int, int]]:
    """The (landmark number, vertex) pairs of a note. Raises RigError when it is not one."""
    try:
        marks = [(int(number), int(vertex)) for number, vertex in json.loads(text)]
    except (TypeError, ValueError) as error:
        raise RigError(
            "landmarks.text", "The landmark note on the mesh is damaged; remove that custom property.", text[:80]
        ) from error
    if any(not 0 <= number < LANDMARKS or vertex < 0 for number, vertex in marks):
        raise RigError("landmarks.range", "The landmark note on the mesh names a landmark that does not exist.")
    return marks

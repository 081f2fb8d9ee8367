"""What the panel says about a character, looked up at most once a second: panels are drawn at every frame played."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import bpy

from ..core.errors import RigError
from ..rig.discover import find_character, require_editable

_FRESH_S: Final[float] = 1.0


@dataclass(frozen=True)
class Facts:
    """`coverage` in one line; `problem` is why the character cannot be used, `notes` what is left out."""

    coverage: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


_known: dict[int, tuple[float, Facts]] = {}


def facts_about(selected: bpy.types.Object) -> Facts:
    """Coverage and problems of the character that an object belongs to."""
    now = time.monotonic()
    known = _known.get(selected.session_uid)
    if known is None or now - known[0] > _FRESH_S:
        _known.clear()
        known = _known[selected.session_uid] = (now, _look(selected))
    return known[1]


def _look(selected: bpy.types.Object) -> Facts:
    try:
        character = find_character(selected)
        require_editable(character)
    except RigError as error:
        return Facts(problem=error.message)
    return Facts(f"{character.name}: {character.coverage}", notes=character.notes)

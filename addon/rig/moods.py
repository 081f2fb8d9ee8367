"""How far the whole faces of emotions may go on a character: measured on the mesh that has the vowels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ..core.detection import Drive
from ..core.moods import mood_limits
from .parts import Character, KeyTarget
from .structure import key_points, mesh_axes, rest_points

_VOWEL: Final[str] = "viseme:aa"


def limits_of_moods(character: Character) -> Mapping[str, float]:
    """The highest value of each shape key that is a mood, by name; 0 where no mesh tells what it does to the lips."""
    found: dict[str, float] = {}
    for target in character.keys:
        for name, limit in _measured(target, character).items():
            found[name] = min(limit, found.get(name, 1.0))
    moods = [match.key for target in character.keys for match in target.matches if match.row.mood]
    return {name: found.get(name, 0.0) for name in moods}


def _measured(target: KeyTarget, character: Character) -> dict[str, float]:
    moods = [match for match in target.matches if match.row.mood]
    vowels = [match for match in target.matches if _VOWEL in match.sources]
    if not moods or not vowels:
        return {}
    frame = mesh_axes(target.owner, character)
    blinks = [match for match in target.matches if any(source.startswith("eyeBlink") for source in match.sources)]
    limits = mood_limits(
        rest_points(target.owner) @ frame,
        _moves(target, moods, frame),
        _moves(target, vowels[:1], frame)[0],
        _moves(target, blinks, frame),
    )
    return {match.key: float(limit) for match, limit in zip(moods, limits, strict=True)}


def _moves(target: KeyTarget, matches: list[Drive], frame: np.ndarray) -> np.ndarray:
    """(K,V,3) what shape keys at 1 do, in contract axes."""
    blocks = [target.key.key_blocks[match.key] for match in matches]
    moved = [(key_points(block) - key_points(block.relative_key)) @ frame for block in blocks]
    return np.array(moved).reshape(len(moved), -1, 3)

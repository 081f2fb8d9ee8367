"""The layers of a performance on a rig: which of them a control belongs to, by what it follows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .channels import GROUPS

LAYERS: Final[tuple[str, ...]] = ("speech", "expression", "blink", "gaze", "head")
_SPEECH: Final = frozenset((*GROUPS["mouth"], *GROUPS["tongue"]))
_GAZE: Final = frozenset(GROUPS["gaze"])


def layer_of(sources: Iterable[str]) -> str:
    """The layer of a control that follows these channels and visemes: the one whose absence would be missed most.

    A lid that blinks and widens blinks; whatever moves mouth, jaw or tongue speaks; only what merely looks is gaze.
    """
    names = set(sources)
    if any(name.startswith("eyeBlink") for name in names):
        return "blink"
    if names and names <= _GAZE:
        return "gaze"
    if any(name.startswith("viseme:") for name in names) or names & _SPEECH:
        return "speech"
    return "expression"

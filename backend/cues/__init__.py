"""Stage 1, learned: speech and emotion to lips, expression, gaze, blinks and head (after arXiv 2406.07895)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from addon.core.emotion import EmotionTrack

    from .stream import CueStream


def live(emotion: EmotionTrack, fps: float = 30.0, seed: int = 0) -> CueStream:
    """A line that is performed while it is spoken, with the shipped networks on the device that is set."""
    from backend.device import device_name
    from backend.rules.layers import Direction

    from .library import actor_on
    from .stream import CueStream

    return CueStream(actor_on(device_name()), emotion, Direction(fps, seed))

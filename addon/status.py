"""Tells the panel how things stand: writes it where the panel reads it, in the artist's words, and has it drawn."""

from __future__ import annotations

from typing import Final

import bpy

from .properties import status_of

WORDS: Final = {
    "waiting": "Waiting",
    "starting": "Starting",
    "decode": "Reading the sound",
    "speech": "Listening to the words",
    "perform": "Performing",
    "prepare": "Preparing",
    "frames": "Drawing",
    "cancelling": "Cancelling",
}
"""What the backend calls its stages, and what the artist reads; a stage that is not here is shown as it is."""


def stage_words(stage: str, queue_position: int, seconds_left: float = -1.0) -> str:
    """A stage for the progress bar; `queue_position` is 0 for the job at work, `seconds_left` -1 when unknown."""
    words = WORDS.get(stage, stage)
    if queue_position:
        return f"{words}, number {queue_position} in the queue"
    return f"{words}, {time_words(seconds_left)} left" if seconds_left >= 0 else words


def time_words(seconds: float) -> str:
    """A time to wait, as exact as one needs it: "40 s", "12 min", "2 h 30 min"."""
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def show(backend: str, busy: bool, stage: str = "", progress: float = 0.0) -> None:
    """Write the state and redraw the sidebars. Only those: a 3D view can take long to draw."""
    manager = bpy.context.window_manager
    if manager is None:  # Blender is closing
        return
    status = status_of(bpy.context)
    status.backend, status.busy, status.stage, status.progress = backend, busy, stage, progress
    redraw()


def redraw() -> None:
    """Have the sidebars of all 3D views drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()

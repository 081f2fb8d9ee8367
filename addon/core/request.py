"""What a client asks of the backend: one line to perform, with everything that decides the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .channels import CHANNELS
from .emotion import EmotionTrack
from .engines import DEFAULT_ENGINE
from .errors import RequestError
from .performance import MAX_FPS, MIN_FPS

LAYERS: Final[tuple[str, ...]] = ("speech", "expression", "blink", "gaze", "head")
"""The layers of a performance; each draws from its own random stream."""
EXAMPLE_FRAMES: Final[int] = 16
"""Frames of a character's own poses."""
MAX_TEXT: Final[int] = 20_000
MAX_SEED: Final[int] = 2**32 - 1


@dataclass(frozen=True)
class PerformRequest:
    """One line to perform.

    `sound` is the bytes of a sound file as the artist has it (wav, flac, ogg, mp3), `sound_name` its name for
    messages. `emotion` None means `auto`: read it from the voice. `layers` are performed, the others rest;
    `layer_seeds` overrides `seed` for single layers. `character` (16,52) are example frames of the channels as the
    character makes them, for engines that follow them.
    """

    sound: bytes
    sound_name: str
    emotion: EmotionTrack | None
    text: str | None = None
    engine: str = DEFAULT_ENGINE
    seed: int = 0
    fps: float = 30.0
    layers: tuple[str, ...] = LAYERS
    layer_seeds: Mapping[str, int] = field(default_factory=dict)
    character: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._check_types()
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise RequestError("request.fps", f"Frames per second must lie in {MIN_FPS:g}..{MAX_FPS:g}.")
        if unknown := (set(self.layers) | set(self.layer_seeds)) - set(LAYERS):
            raise RequestError("request.layer", f"Unknown layer {sorted(unknown)}; there are {', '.join(LAYERS)}.")
        if not all(0 <= seed <= MAX_SEED for seed in (self.seed, *self.layer_seeds.values())):
            raise RequestError("request.seed", f"A seed is a whole number from 0 to {MAX_SEED}.")
        if self.text is not None and len(self.text) > MAX_TEXT:
            raise RequestError("request.text", f"The text is longer than {MAX_TEXT} characters; split the line.")
        if self.character is not None and not _are_frames(self.character):
            raise RequestError(
                "request.character", f"A character is {EXAMPLE_FRAMES} frames of {len(CHANNELS)} channels in 0..1."
            )

    def _check_types(self) -> None:
        """Scripts get a sentence too, rather than a TypeError from deep inside."""
        seeds = (self.seed, *self.layer_seeds.values())
        wrong = [
            name
            for name, good in {
                "fps": isinstance(self.fps, int | float) and not isinstance(self.fps, bool),
                "seed": all(isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds),
                "text": self.text is None or isinstance(self.text, str),
                "emotion": self.emotion is None or isinstance(self.emotion, EmotionTrack),
            }.items()
            if not good
        ]
        if wrong:
            raise RequestError(
                "request.type",
                "fps is a number, seed a whole number, text a string or None, emotion an EmotionTrack or None.",
                ", ".join(wrong),
            )


def _are_frames(character: np.ndarray) -> bool:
    frames = np.asarray(character)
    if frames.shape != (EXAMPLE_FRAMES, len(CHANNELS)) or not np.issubdtype(frames.dtype, np.floating):
        return False
    return bool(np.isfinite(frames).all() and frames.min() >= 0.0 and frames.max() <= 1.0)

"""Emotion tracks to learn from: what artists ask for, drawn widely."""

from __future__ import annotations

from typing import Final

import numpy as np

from addon.core.emotion import EMOTIONS, EmotionTrack

CONSTANT: Final[float] = 0.55
"""Share of scenes with one emotion all through; the others change, some of them by blends."""
BLEND: Final[float] = 0.3
FULL: Final[float] = 0.35
"""Share of keys at full intensity, which artists ask for most; the others are uniform in 0..1."""
KEY_SPACING: Final[tuple[float, float]] = (3.0, 9.0)


def draw_direction(duration: float, rng: np.random.Generator) -> EmotionTrack:
    """An emotion track for a scene of `duration` seconds."""
    if rng.random() < CONSTANT:
        return EmotionTrack.from_keys([(0.0, _blend(rng), _intensity(rng))])
    keys, at = [], 0.0
    while at < duration or len(keys) < 2:
        keys.append((at, _blend(rng), _intensity(rng)))
        at += float(rng.uniform(*KEY_SPACING))
    return EmotionTrack.from_keys(keys)


def _blend(rng: np.random.Generator) -> dict[str, float]:
    first, second = rng.choice(EMOTIONS, 2, replace=False)
    if rng.random() > BLEND:
        return {str(first): 1.0}
    share = float(rng.uniform(0.2, 0.8))
    return {str(first): share, str(second): 1.0 - share}


def _intensity(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < FULL else float(rng.uniform(0.0, 1.0))

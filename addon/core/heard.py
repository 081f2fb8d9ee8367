"""What the backend heard in a voice, as a sentence for the artist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HEARD: Final[str] = "emotion_from_voice"
"""The entry of a performance's meta: `said`, `confidence` 0..1 and `weights` by name; there when the emotion was read
from the voice."""


def heard_sentence(meta: Mapping[str, Any]) -> str:
    """What was heard, or an empty string where the artist chose the emotion."""
    heard = meta.get(HEARD)
    if not isinstance(heard, Mapping):
        return ""
    said, confidence = str(heard.get("said", "neutral")), float(heard.get("confidence", 0.0))
    weights = {str(name): float(weight) for name, weight in dict(heard.get("weights", {})).items()}
    likeliest = max(weights, key=weights.__getitem__, default=said)
    if not confidence:
        return f"Heard too little speech to tell the emotion, so it is {said}."
    if likeliest != said:
        return f"Heard: not sure ({likeliest} {weights[likeliest]:.0%}), so it is {said}."
    return f"Heard: {said} {confidence:.0%}."

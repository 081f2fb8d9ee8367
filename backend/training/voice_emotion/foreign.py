"""The model on recordings that nothing was trained on: acted English and Mandarin, reading in eight languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.audio.decode import read_sound
from backend.audio.prosody import analyse_prosody
from backend.cues.voice_emotion import VoiceEmotionModel, hear

from .material import ENGLISH, UNSEEN_READERS, Clip, english_clips, unseen_readers


def hear_foreign(speech: Path, model: VoiceEmotionModel) -> dict[str, Any]:
    """What is said of whole lines, as the product would; each with what was acted."""
    acted = {clip.path.stem.removeprefix("example_audio__"): _heard(clip, model) for clip in english_clips(speech)}
    readers = [_heard(clip, model) for clip in unseen_readers(speech)]
    return {
        ENGLISH: {
            "clips": acted,
            "most_probable_right": sum(heard["most_probable"] == heard["acted"] for heard in acted.values()),
            "said_right": sum(heard["said"] == heard["acted"] for heard in acted.values()),
            "of": len(acted),
        },
        UNSEEN_READERS: {"said_neutral": sum(heard["said"] == "neutral" for heard in readers), "of": len(readers)},
    }


def _heard(clip: Clip, model: VoiceEmotionModel) -> dict[str, Any]:
    sound = read_sound(clip.path)
    line = hear(sound, analyse_prosody(sound), model).line
    weights = line.to_json()["weights"]
    return {
        "acted": clip.emotion,
        "said": line.said,
        "confidence": round(line.confidence, 3),
        "most_probable": max(weights, key=weights.__getitem__),
        "intensity": round(line.intensity, 3),
    }

"""The emotion in a voice: what `auto` performs.

A linear discriminant on statistics of the voice (`voice_features`) reads windows of three seconds. It knows six of the
eight emotions: there was no openly licensed speech to learn contempt and surprise from, so it never says them. Boredom,
which it was taught too, counts as neutral: a bored voice is one without the other feelings. When it is unsure it says
neutral. The shipped model learned from all ten actors of its corpus; the figures in its card
(`backend/weights/voice_emotion.json`) are of models that never heard the actor they were tested on.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from addon.core.emotion import EMOTIONS, NEUTRAL, EmotionTrack
from addon.core.errors import BackendError
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.audio.sound import Sound

from .voice_features import FEATURES, voice_features
from .voice_frames import VoiceFrames, voice_frames

MODEL: Final[Path] = Path(__file__).resolve().parents[1] / "weights" / "voice_emotion.safetensors"
BORED: Final[str] = "bored"
CLASSES: Final[tuple[str, ...]] = ("angry", BORED, "disgusted", "fear", "happy", "neutral", "sad")
"""What the model tells apart; `BORED` is one more kind of neutral."""
WINDOW_SECONDS: Final[float] = 3.0
HOP_SECONDS: Final[float] = 1.5
"""A feeling is read over about one phrase; the clips that the model learned from last two seconds."""
WHOLE_SECONDS: Final[float] = 4.0
"""A line that is no longer than this is read as one."""
LINE_SHARE: Final[float] = 0.5
"""How much of what is heard in a window is what is heard in the whole line: feelings change less often than phrases."""
LEAST_INTENSITY: Final[float] = 1.0 / 3.0
"""What is heard at all shows at MEAD's first level at least."""
FURTHEST: Final[float] = 5.0
"""Standard deviations beyond which a feature says no more."""
_OF_CLASS: Final[tuple[int, ...]] = tuple(NEUTRAL if name == BORED else EMOTIONS.index(name) for name in CLASSES)


@dataclass(frozen=True, eq=False)
class VoiceEmotion:
    """What was heard. `weights` (8,) float32 are probabilities of `EMOTIONS`; `said` is the one to perform.

    `confidence` 0..1 is the probability of what is said, 0 where too little was spoken to tell. `intensity` 0..1 is how
    far the voice went from neutral towards what actors do; 1 for neutral, which has no degrees.
    """

    weights: np.ndarray
    said: str
    confidence: float
    intensity: float

    def to_json(self) -> dict[str, Any]:
        """A plain value for the meta of a performance."""
        return {
            "said": self.said,
            "confidence": round(self.confidence, 4),
            "intensity": round(self.intensity, 4),
            "weights": {name: round(float(w), 4) for name, w in zip(EMOTIONS, self.weights, strict=True)},
        }


@dataclass(frozen=True, eq=False)
class VoiceEmotionModel:
    """The classifier: logits (N,7) = clip((rows - mean) / scale) @ weight + bias, calibrated to be log probabilities.

    `mean`, `scale` (F,); `weight` (F,7); `bias` (7,); `distance` (7,) squared Mahalanobis distance of each class from
    neutral, in units of the logits; `threshold`: an emotion less probable than this is not said.
    """

    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    distance: np.ndarray
    threshold: float

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """(N,7) of rows (N,F)."""
        return np.clip((rows - self.mean) / self.scale, -FURTHEST, FURTHEST) @ self.weight + self.bias

    def decide(self, logits: np.ndarray) -> VoiceEmotion:
        """What logits (7,) say."""
        weights = probabilities(logits[None])[0]
        best = int(np.argmax(weights))
        if best == NEUTRAL or weights[best] < self.threshold:
            return VoiceEmotion(weights.astype(np.float32), EMOTIONS[NEUTRAL], float(weights[NEUTRAL]), 1.0)
        intensity = float(np.clip(self._strength(logits, best), LEAST_INTENSITY, 1.0))
        return VoiceEmotion(weights.astype(np.float32), EMOTIONS[best], float(weights[best]), intensity)

    def _strength(self, logits: np.ndarray, emotion: int) -> float:
        """Where the voice lies between the mean of neutral (0) and that of an emotion (1).

        The difference of two logits of a linear discriminant is w.(x - middle of the means) with w.(difference of the
        means) = d, the squared Mahalanobis distance, so that place is difference / d + 1/2.
        """
        at, origin = CLASSES.index(EMOTIONS[emotion]), CLASSES.index(EMOTIONS[NEUTRAL])
        return (logits[at] - logits[origin]) / self.distance[at] + 0.5


@dataclass(frozen=True, eq=False)
class Heard:
    """`line` is the emotion of the whole line, `track` a key in the middle of each window, one for a short line."""

    line: VoiceEmotion
    track: EmotionTrack


NOTHING: Final[VoiceEmotion] = VoiceEmotion(np.eye(8, dtype=np.float32)[NEUTRAL], EMOTIONS[NEUTRAL], 0.0, 1.0)
"""What is heard where nobody speaks."""


def hear(sound: Sound, prosody: Prosody, model: VoiceEmotionModel | None = None) -> Heard:
    """Read the emotion in a line and over it; `model` instead of the shipped one. Deterministic."""
    times, rows, spoken = read_windows(sound, prosody)
    if not len(times):
        return Heard(NOTHING, EmotionTrack.constant(NOTHING.said))
    model = model or load_model()
    logits = model.logits(rows)
    whole = np.average(logits, axis=0, weights=spoken)
    near = LINE_SHARE * whole + (1.0 - LINE_SHARE) * _smooth(logits, spoken)
    keys = [(float(time), model.decide(row)) for time, row in zip(times, near, strict=True)]
    return Heard(model.decide(whole), EmotionTrack.from_keys([(t, heard.said, heard.intensity) for t, heard in keys]))


def read_windows(sound: Sound, prosody: Prosody) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The windows of a line in which enough is spoken: centres (W,) s, rows (W,F), frames of speech in each (W,)."""
    frames = voice_frames(sound, prosody)
    read = [] if frames is None else [_window(frames, first, end) for first, end in _spans(frames.speech)]
    kept = [window for window in read if window is not None]
    if not kept:
        return np.zeros(0), np.zeros((0, len(FEATURES))), np.zeros(0)
    times, rows, spoken = zip(*kept, strict=True)
    return np.array(times), np.stack(rows), np.array(spoken)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N,8) of `EMOTIONS` from logits (N,7); those that the model does not know stay 0."""
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    weights = np.zeros((len(logits), len(EMOTIONS)))
    for column, emotion in enumerate(_OF_CLASS):
        weights[:, emotion] += share[:, column]
    return weights


@functools.cache
def load_model(path: Path = MODEL) -> VoiceEmotionModel:
    """The shipped model, read once. Raises BackendError where it is missing, damaged or of another version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}  # noqa: SIM118
            named = json.loads(file.metadata()["names"])
        if named != {"features": list(FEATURES), "classes": list(CLASSES)}:
            raise ValueError("the model is for other features")
        return VoiceEmotionModel(threshold=tensors.pop("threshold").item(), **tensors)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise BackendError(
            "weights.voice_emotion",
            "The model that reads the emotion from the voice is missing or damaged; install the backend again, or "
            "choose an emotion yourself.",
            path.name,
        ) from error


def _spans(speech: np.ndarray) -> list[tuple[int, int]]:
    """First and last + 1 frame of each window between the first and the last word; the last one ends there."""
    on = np.flatnonzero(speech)
    first, end = int(on[0]), int(on[-1]) + 1
    length, hop = round(WINDOW_SECONDS * PROSODY_RATE), round(HOP_SECONDS * PROSODY_RATE)
    if end - first <= WHOLE_SECONDS * PROSODY_RATE:
        return [(first, end)]
    starts = [*range(first, end - length - hop // 2, hop), end - length]
    return [(start, start + length) for start in starts]


def _window(frames: VoiceFrames, first: int, end: int) -> tuple[float, np.ndarray, int] | None:
    part = frames.span(first, end)
    row = voice_features(part)
    return None if row is None else ((first + end) / 2 / PROSODY_RATE, row, int(np.count_nonzero(part.speech)))


def _smooth(logits: np.ndarray, spoken: np.ndarray) -> np.ndarray:
    """Each window half itself, a quarter each neighbour, counted by how much is spoken."""
    weighted = np.pad(logits * spoken[:, None], ((1, 1), (0, 0)))
    total = np.pad(spoken, 1)[:, None]
    mixed, count = ((a[:-2] + 2.0 * a[1:-1] + a[2:]) for a in (weighted, total))
    return mixed / count

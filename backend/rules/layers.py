"""The five layers of a line, generated apart from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.emotion import EmotionTrack
from addon.core.request import LAYERS
from backend.audio.prosody import Prosody
from backend.speech.phones import Phone

from .blink import blink_closure, blink_times
from .coarticulation import speech_channels
from .emphasis import Emphasis, emphasis_of
from .expression import expression_channels
from .gaze import fixations, gaze_track
from .head import head_track
from .streams import stream


@dataclass(frozen=True, eq=False)
class Line:
    """What the performer is given: the sound's hash and duration (s), its phones and prosody, and the emotion track."""

    sound_sha256: str
    duration: float
    phones: tuple[Phone, ...]
    prosody: Prosody
    emotion: EmotionTrack


@dataclass(frozen=True)
class Direction:
    """How to perform it: frames per second, the seed, the layers that are on, and seeds of single layers by name."""

    fps: float = 30.0
    seed: int = 0
    layers: tuple[str, ...] = LAYERS
    layer_seeds: Mapping[str, int] = field(default_factory=dict)

    def seed_of(self, layer: str) -> int:
        """The seed of a layer."""
        return self.layer_seeds.get(layer, self.seed)


@dataclass(frozen=True, eq=False)
class LayerTracks:
    """The layers over T frames before they are put together; a layer that is off rests (zeros).

    speech, expression (T,52) channels 0..1; blink (T,) lid closure 0..1; gaze (T,2) world pitch, yaw in degrees;
    head (T,6) as in a Performance; emotion (T,9); times (T,) s; emphasis the prosody they answer to.
    """

    times: np.ndarray
    emotion: np.ndarray
    emphasis: Emphasis
    speech: np.ndarray
    expression: np.ndarray
    blink: np.ndarray
    gaze: np.ndarray
    head: np.ndarray


def frame_times(duration: float, fps: float) -> np.ndarray:
    """(T,) s: the frames of a line, from the first sample to its end; at least one."""
    return np.arange(max(1, int(np.ceil(duration * fps - 1e-6)))) / fps


def layer_tracks(line: Line, direction: Direction) -> LayerTracks:
    """Generate the layers of a line, each from its own random stream."""
    times = frame_times(line.duration, direction.fps)
    emotion = line.emotion.sample(times).astype(np.float64)
    emphasis = emphasis_of(line.prosody, line.phones, times)
    fps = direction.fps
    random = {name: stream(direction.seed_of(name), line.sound_sha256, name) for name in LAYERS}
    makers = {
        "speech": lambda: speech_channels(line.phones, times, fps),
        "expression": lambda: expression_channels(emotion, emphasis, times, fps, random["expression"]),
        "blink": lambda: blink_closure(blink_times(line.phones, line.duration, random["blink"]), times, fps),
        "gaze": lambda: gaze_track(
            fixations(emotion, emphasis, fps, line.duration, random["gaze"]), times, fps, random["gaze"]
        ),
        "head": lambda: head_track(emotion, emphasis, line.phones, times, fps, random["head"]),
    }
    widths = {"speech": (len(CHANNELS),), "expression": (len(CHANNELS),), "blink": (), "gaze": (2,), "head": (6,)}
    made = {
        name: makers[name]() if name in direction.layers else np.zeros((len(times), *widths[name])) for name in LAYERS
    }
    return LayerTracks(times=times, emotion=emotion, emphasis=emphasis, **made)

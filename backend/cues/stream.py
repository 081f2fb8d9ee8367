"""A line performed while it is spoken: push samples, get frames.

The same encoder, generators and assembly as for whole lines; a frame comes as soon as the sound `LOOK_AHEAD` after it
has been heard.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from addon.core.emotion import EmotionTrack
from addon.core.performance import Performance
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.rules.layers import Direction

from .accompaniment import Accompaniment
from .actor import Actor, Dice, Ear, even
from .clock import ENCODER_RATE
from .frontend import INPUT_WIDTH, Frontend, steps_of, tail_samples
from .performer import DRAWN_LAYERS, CueLine, frames_of
from .recorder import Recorder
from .steps import StepState
from .transition import Transition

LIVE: Final[str] = "0" * 64
"""Stands for the hash of a sound that is not known yet: with one seed two live lines draw the same."""


class CueStream:
    """One line, live. Not for reseeded single layers: those need the line to have been played before."""

    def __init__(
        self,
        actor: Actor,
        emotion: EmotionTrack,
        direction: Direction,
        sound_sha256: str = LIVE,
        character: np.ndarray | None = None,
    ) -> None:
        """`character` (16,52) are example frames; with the hash of a known sound the stream plays as the whole line."""
        self._actor = actor
        self._line = CueLine(Sound(np.zeros(0, np.float32), sound_sha256), emotion, direction, None, character)
        self._frontend = Frontend(actor.mel_mean)
        self._ear: Ear | None = None
        self._lasting = actor.feel(emotion.sample(np.zeros(1)), character) if len(emotion.times) == 1 else None
        self._state: StepState | None = None
        seeds = dict.fromkeys(DRAWN_LAYERS, direction.seed)
        self._dice = Dice(seeds, sound_sha256)
        first = emotion.sample(np.zeros(1))
        self._accompaniment, self._transition = Accompaniment(seeds, sound_sha256, first), Transition(first)
        self._recorder = Recorder()
        self._heard = np.zeros((0, INPUT_WIDTH), np.float32)
        self._samples = self._steps = self._frames = 0

    def push(self, samples: np.ndarray) -> Performance | None:
        """Hear `samples` (n,) float32 at 16 kHz; the frames that they complete, or None."""
        self._samples += len(samples)
        self._play(self._frontend.push(samples))
        return self._read(int(np.floor(self._recorder.tracks.complete_until * self._line.direction.fps + 1e-6)) + 1)

    def finish(self) -> Performance | None:
        """The line is over: the frames that are left up to its end, or None."""
        last = steps_of(self._samples)
        total = max(1, int(np.ceil(self._samples / SAMPLE_RATE * self._line.direction.fps - 1e-6)))
        self._play(self._frontend.push(np.zeros(tail_samples(self._samples), np.float32))[: last - self._steps])
        if odd := even(last) - last:
            self._play(np.repeat(self._heard, odd, axis=0), lips=False)  # completes the last cue step
        return self._read(total)

    def _play(self, inputs: np.ndarray, lips: bool = True) -> None:
        """Play encoder steps; without `lips`, for the cue step alone."""
        if not len(inputs):
            return
        self._heard = inputs[-1:]
        heard, self._ear = self._actor.hear(inputs, self._felt(len(inputs)), self._ear)
        if lips:
            emotion = self._line.emotion.sample((self._steps + np.arange(len(inputs))) / ENCODER_RATE)
            gestures, behind = self._accompaniment.push(heard.voice, emotion), self._transition.push(emotion)
            self._recorder.add_heard(heard.lips, gestures, behind)
        self._steps += len(inputs)
        if len(heard.motion[0]):
            steps, self._state = self._actor.act([heard.motion], [self._dice], self._state)
            self._recorder.add_steps(steps, 0)

    def _felt(self, steps: int) -> np.ndarray:
        """(S,C): the condition of the next encoder steps."""
        if self._lasting is not None:
            return np.repeat(self._lasting, steps, axis=0)
        times = (self._steps + np.arange(steps)) / ENCODER_RATE
        return self._actor.feel(self._line.emotion.sample(times), self._line.character)

    def _read(self, until: int) -> Performance | None:
        """Frames from the first one not read yet to `until`."""
        if until <= self._frames:
            return None
        fps = self._line.direction.fps
        times = np.arange(self._frames, until) / fps
        performance = frames_of(self._actor, self._line, self._recorder.tracks, times, {"engine": "neural"})
        self._frames = until
        self._recorder.forget(self._frames / fps)
        return performance

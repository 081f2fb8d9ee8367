"""The ear of the encoder: samples of a sound, in pieces of any size, to encoder inputs.

Each input is two log-mel frames, once against the corpus and once against the running mean of the line, which takes
the recording's colour and level off. The running mean only looks back, so that pieces give what the whole gives.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from backend.audio.features import MEL_BANDS, MEL_RATE, MEL_WINDOW, log_mel_frames
from backend.audio.sound import SAMPLE_RATE

from .clock import MEL_AHEAD, MEL_PER_STEP, SAMPLES_PER_MEL
from .running_mean import BLOCK, RunningMean, decay_of

INPUT_WIDTH: Final[int] = 2 * MEL_PER_STEP * MEL_BANDS
"""Numbers per encoder step."""
MEMORY_SECONDS: Final[float] = 1.5
"""Time constant of the running mean: a phrase, so that single phones stay."""
DECAY: Final[float] = decay_of(MEMORY_SECONDS, MEL_RATE)
HALF_WINDOW: Final[int] = MEL_WINDOW // 2
SCALE: Final[float] = 3.0
"""Divides log-mel differences: about their standard deviation on speech, natural logarithm."""


class Frontend:
    """Turns pieces of one line into encoder inputs; holds what the next piece needs of the last ones."""

    def __init__(self, mel_mean: np.ndarray) -> None:
        """`mel_mean` (80,) is the mean log-mel of the training corpus, from where the running mean starts."""
        self._mean = np.asarray(mel_mean, dtype=np.float64)
        self._running = RunningMean(DECAY, self._mean)
        self._samples = np.zeros(HALF_WINDOW, dtype=np.float32)  # before the line there is silence
        self._frames = np.zeros((0, 2 * MEL_BANDS), dtype=np.float32)
        self._ahead = MEL_AHEAD - 1  # mel frames to skip, so that step 0 reads the frames 3 and 4

    def push(self, *pieces: np.ndarray) -> np.ndarray:
        """(S, INPUT_WIDTH) float32: the steps that `pieces` of samples (n,) at 16 kHz complete."""
        self._samples = np.concatenate([self._samples, *pieces], dtype=np.float32, casting="same_kind")
        count = max(0, (len(self._samples) - MEL_WINDOW) // SAMPLES_PER_MEL + 1)
        if count:
            mel = log_mel_frames(self._samples, count)
            self._samples = self._samples[count * SAMPLES_PER_MEL :]
            fresh = self.normalized(mel)
            self._frames = np.concatenate([self._frames, fresh]) if len(self._frames) else fresh
        skipped = min(self._ahead, len(self._frames))
        self._ahead -= skipped
        self._frames = self._frames[skipped:]
        steps = len(self._frames) // MEL_PER_STEP
        inputs = self._frames[: steps * MEL_PER_STEP].reshape(steps, INPUT_WIDTH)
        self._frames = self._frames[steps * MEL_PER_STEP :]
        return inputs

    def normalized(self, mel: np.ndarray) -> np.ndarray:
        """(N, 160): the frames against the corpus and against the line's running mean up to each of them."""
        both = np.empty((len(mel), 2 * MEL_BANDS), dtype=np.float32)
        np.subtract(mel, self._mean, out=both[:, :MEL_BANDS], casting="same_kind")
        for at in range(0, len(mel), BLOCK):
            block = mel[at : at + BLOCK].astype(np.float64)
            relative = both[at : at + len(block), MEL_BANDS:]
            np.subtract(block, self._running.run(block), out=relative, casting="same_kind")
        both *= np.float32(1.0 / SCALE)
        return both


def encoder_inputs(samples: np.ndarray, mel_mean: np.ndarray) -> np.ndarray:
    """(S, INPUT_WIDTH) of a whole sound: a step for each 20 ms from 0 to its end, S = floor(duration x 50) + 1."""
    steps = steps_of(len(samples))
    frontend = Frontend(mel_mean)
    return frontend.push(samples, np.zeros(tail_samples(len(samples)), np.float32))[:steps]


def steps_of(samples: int) -> int:
    """Encoder steps from 0 to the end of a sound of this many samples."""
    return samples * MEL_RATE // (MEL_PER_STEP * SAMPLE_RATE) + 1


def tail_samples(samples: int) -> int:
    """Samples of silence after a sound that complete its last encoder step."""
    last_mel = MEL_PER_STEP * (steps_of(samples) - 1) + MEL_AHEAD
    return max(0, last_mel * SAMPLES_PER_MEL + HALF_WINDOW - samples)

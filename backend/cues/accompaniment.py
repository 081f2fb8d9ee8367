"""Accompaniment: what the voice does to head and brows, beside what the generator draws for them.

A head rises and falls with pitch and loudness, and a stressed syllable is told by a nod or by raised brows. Both are
as fast as syllables, 3.7 to 7 Hz (Hadar 1983), and the generator's motor system leads nothing on above 1.5 Hz. So what
the encoder hears of the voice moves them too: by the shares, sizes and probabilities of the rules, on accents that are
heard while they begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backend.rules.head import attitude_of, spread_of
from backend.rules.streams import stream
from backend.rules.tables import table, value

from .clock import ENCODER_RATE
from .running_mean import RunningMean, decay_of

MOVED_BY_VOICE: Final[tuple[str, ...]] = ("brows", "pitch", "yaw", "roll")
"""What the voice moves: raised brows 0..1, and degrees of the head."""
DEVIATION: Final[tuple[float, float]] = (0.25, 0.085)
"""Of loudness and pitch as heard while somebody speaks, on validation voices."""
ONSET: Final[float] = 0.14
"""Of an accent as it is heard, from where it counts. On validation voices (non-native; festival ked) about 0.4 and
0.55 of what begins here are accents of the rules, which have the whole line to compare with, and 0.7 and 0.8 of these
are found, 30 ms before the middle of their vowels."""
FAINT: Final[float] = 0.08
FULL: Final[float] = 0.25
"""An accent as it is heard that moves nothing, and one that moves as far as the strongest do."""
HELD: Final[int] = round(0.16 * ENCODER_RATE)
"""Steps for which an answer is held, until brows and head have nearly come to it."""
BLOCK: Final[int] = 128
"""Steps that are taken at once."""
DELAY: Final[float] = decay_of(0.06, ENCODER_RATE)
"""Of each of the running means in a row by which brows and head come to where they are driven. Two are a critically
damped spring that goes most of the way in the attack of the rules, 0.12 and 0.15 s; a third smooths pitch and loudness,
for a lag of 0.18 s of a head that cannot know what the voice will do."""
RISEN: Final[float] = 0.45
"""By which what follows the voice is divided, whose deviation is 0.36 on validation voices while they speak. With it
and `performer.HEAD_SPREAD` heads deviate as far as those of the rules, whose part that follows has a deviation of 1: in
pitch by 1.9, 3.2, 2.9 and 2.7 degrees in neutral, happy, angry and sad (rules 1.8, 3.2, 2.8, 2.4)."""
BOWED: Final[float] = 0.3
"""Share of the pitch in which an emotion holds the head that is not left to the generator, whose pitch is drawn by so
much less."""


class Accompaniment:
    """The motion of one line as it grows; piece by piece as all at once, since every draw belongs to an accent."""

    def __init__(self, seeds: Mapping[str, int], sound_sha256: str, emotion: np.ndarray) -> None:
        """`seeds` of the layers `expression` and `head`, and the emotion (1,9) in which the line begins."""
        self._brows = stream(seeds["expression"], sound_sha256, "cues.brows")
        self._nods = stream(seeds["head"], sound_sha256, "cues.nods")
        self._accent = 0.0
        self._since = ENCODER_RATE
        self._answer = np.zeros(3)
        self._strengths = np.zeros(HELD - 1)
        self._baseline = RunningMean(decay_of(0.5 * value("head", "baseline"), ENCODER_RATE), np.zeros(1), BLOCK)
        rest = np.array([0.0, 0.0, 0.0, _bow(emotion)[0], 0.0])
        self._delays = [RunningMean(DELAY, begin, BLOCK) for begin in (rest, rest, rest[-1:])]

    def push(self, voice: np.ndarray, emotion: np.ndarray) -> np.ndarray:
        """(S,4) `MOVED_BY_VOICE` of the next S encoder steps: of `voice` (S,4), which is `encoder.VOICE` as it was
        heard, and the emotion (S,9), or (1,9) where it lasts.
        """
        speaking, loudness, pitch, accent = voice.astype(np.float64).T
        answers = self._answers(accent) * self._strength(accent)[:, None]
        mix = table("head")["voice_mix"]
        rise = mix["loudness"] / DEVIATION[0] * loudness + mix["pitch"] / DEVIATION[1] * pitch
        rise = (rise - self._baseline.run(rise[:, None])[:, 0]) * np.clip(speaking, 0.0, 1.0) / RISEN
        bow = np.broadcast_to(_bow(emotion), len(rise))
        first, second, third = self._delays
        moved = second.run(first.run(np.column_stack([answers, bow, rise])))
        brows, nod, swing, bowed, _ = moved.T
        angles = _head(nod, swing, third.run(moved[:, -1:])[:, 0], emotion)
        angles[:, 0] += bowed
        return np.column_stack([table("emotions")["brow_accent"]["gain"] * brows, angles])

    def _strength(self, accent: np.ndarray) -> np.ndarray:
        """(S,) 0..1 of what was the strongest within `HELD`."""
        strength = np.concatenate([self._strengths, np.clip((accent - FAINT) / (FULL - FAINT), 0.0, 1.0)])
        self._strengths = strength[len(accent) :]
        return sliding_window_view(strength, HELD).max(axis=1)

    def _answers(self, accent: np.ndarray) -> np.ndarray:
        """(S,3): whether brows and head answer the accent that is or was last, 0 or 1, and to which side."""
        answers = np.empty((len(accent), 3))
        before = np.concatenate([[self._accent], accent[:-1]])
        spacing = round(table("prosody")["accent"]["spacing"] * ENCODER_RATE)
        done = 0
        for step in np.flatnonzero((accent > ONSET) & (before <= ONSET)):
            if self._since + step - done < spacing:
                continue
            answers[done:step] = self._answer
            self._answer = self._drawn()
            self._since, done = 0, int(step)
        answers[done:] = self._answer
        self._since += len(accent) - done
        self._accent = float(accent[-1]) if len(accent) else self._accent
        return answers

    def _drawn(self) -> np.ndarray:
        raised = self._brows.random() < table("emotions")["brow_accent"]["share"]
        nods, left = self._nods.random() < table("head")["accent"]["share"], self._nods.random() < 0.5
        return np.array([raised, nods, nods * (1.0 if left else -1.0)])


def _head(nod: np.ndarray, swing: np.ndarray, risen: np.ndarray, emotion: np.ndarray) -> np.ndarray:
    """(S,3) degrees of pitch, yaw and roll: it rises with the voice, and dips and turns on the accent."""
    settings = table("head")
    aside = settings["swing"]
    motion = np.column_stack(
        [
            settings["accent"]["gain"] * nod - risen,
            aside["yaw"] * risen + swing,
            aside["roll_swing"] * swing + aside["roll_voice"] * risen,
        ]
    )
    return np.array(settings["shares"]["prosody"]) * spread_of(emotion) * motion


def _bow(emotion: np.ndarray) -> np.ndarray:
    """(S,) degrees of pitch in which the emotion (S,9) holds the head, beside what the generator draws."""
    return BOWED * attitude_of(emotion)[:, 0]

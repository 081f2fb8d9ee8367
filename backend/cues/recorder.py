"""From what the networks played, piece by piece, to tracks that can be read at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.special import ndtr

from addon.core.emotion import EMOTIONS
from backend.rules.tables import table

from .accompaniment import MOVED_BY_VOICE
from .clock import CUE_RATE, ENCODER_RATE, STEPS_PER_CUE
from .spaces import EXPRESSION_SIZE, HEAD_SIZE, LIP_CONTROLS
from .steps import MOVED, Steps
from .tracks import LONG_AGO, CueTracks, Jumps

KEPT_STEPS: Final[int] = 4
"""Cue steps that a recorder which is asked to forget keeps: what frames that are still to come can look at."""
KEPT_EVENTS: Final[int] = 4


class Recorder:
    """The tracks of one line as they grow."""

    def __init__(self) -> None:
        rest = Jumps(np.array([LONG_AGO]), np.zeros((1, 2)))
        self.tracks = CueTracks(
            lips=np.zeros((0, len(LIP_CONTROLS))),
            contacts=np.zeros((0, 2)),
            gestures=np.zeros((0, len(MOVED_BY_VOICE))),
            behind=np.zeros((0, len(EMOTIONS))),
            expression=np.zeros((1, 2, EXPRESSION_SIZE)),
            head=np.zeros((1, 2, HEAD_SIZE)),
            looks=rest,
            tremor=rest,
            blinks=np.zeros(0),
        )
        self._steps = 0

    def add_heard(self, lips: np.ndarray, gestures: np.ndarray, behind: np.ndarray) -> None:
        """Add encoder steps: `lips` (S,17) as they were heard, the `gestures` (S,4) of the voice, and how far the
        expression is `behind` (S,8).
        """
        controls, contacts = np.split(lips.astype(np.float64), [len(LIP_CONTROLS)], axis=1)
        self.tracks = replace(
            self.tracks,
            lips=np.concatenate([self.tracks.lips, controls]),
            contacts=np.concatenate([self.tracks.contacts, 1.0 / (1.0 + np.exp(-contacts))]),
            gestures=np.concatenate([self.tracks.gestures, gestures]),
            behind=np.concatenate([self.tracks.behind, behind]),
        )

    def add_steps(self, steps: Steps, line: int) -> None:
        """Add cue steps: those of line number `line`."""
        moved = np.stack([steps.position[line], steps.velocity[line]], axis=1).astype(np.float64)
        if self._steps == 0:
            began = steps.before.row[line, : 2 * MOVED].reshape(1, 2, MOVED).astype(np.float64)
            first = {"expression": began[:, :, :EXPRESSION_SIZE], "head": began[:, :, EXPRESSION_SIZE:]}
            self.tracks = replace(self.tracks, **first)
        kept = self.tracks
        self.tracks = replace(
            kept,
            expression=np.concatenate([kept.expression, moved[:, :, :EXPRESSION_SIZE]]),
            head=np.concatenate([kept.head, moved[:, :, EXPRESSION_SIZE:]]),
            looks=self._looks(steps, line),
            tremor=self._tremor(steps.tremor[line]),
            blinks=np.concatenate([kept.blinks, self._times(steps.blink[line], steps.blink_at[line])[1]]),
        )
        self._steps += steps.look.shape[1]

    def forget(self, before: float) -> None:
        """Drop what frames from `before` seconds on never look at; keeps a stream's memory and time per piece small."""
        tracks = self.tracks
        drop = int((before - tracks.origin) * CUE_RATE) - KEPT_STEPS
        if drop <= 0:
            return
        self.tracks = replace(
            tracks,
            lips=tracks.lips[STEPS_PER_CUE * drop :],
            contacts=tracks.contacts[STEPS_PER_CUE * drop :],
            gestures=tracks.gestures[STEPS_PER_CUE * drop :],
            behind=tracks.behind[STEPS_PER_CUE * drop :],
            expression=tracks.expression[drop:],
            head=tracks.head[drop:],
            looks=_recent(tracks.looks, before),
            tremor=_recent(tracks.tremor, before),
            blinks=tracks.blinks[-KEPT_EVENTS:],
            origin=tracks.origin + drop / CUE_RATE,
        )

    def _looks(self, taken: Steps, line: int) -> Jumps:
        begun, start = self._times(taken.saccade[line], taken.saccade_at[line])
        place = taken.look[line, begun].astype(np.float64)
        if self._steps == 0 and len(begun) and begun[0] == 0:
            start[0] = 0.5 * LONG_AGO  # a line begins with the eyes where they are, not on their way there
        return _then(self.tracks.looks, start, place)

    def _tremor(self, noise: np.ndarray) -> Jumps:
        """Microsaccades from normal numbers (M,4): whether, when, and the place (2) around the look."""
        settings = table("gaze")["microsaccade"]
        begun = np.flatnonzero(ndtr(noise[:, 0].astype(np.float64)) < settings["rate"] / CUE_RATE)
        start = (self._steps + begun + ndtr(noise[begun, 1].astype(np.float64))) / CUE_RATE
        return _then(self.tracks.tremor, start, settings["sd"] * noise[begun, 2:].astype(np.float64))

    def _times(self, happened: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the steps of this piece in which something began, and when in the line, s."""
        begun = np.flatnonzero(happened)
        return begun, (self._steps + begun + share[begun].astype(np.float64)) / CUE_RATE


def _then(jumps: Jumps, start: np.ndarray, place: np.ndarray) -> Jumps:
    return Jumps(np.concatenate([jumps.start, start]), np.concatenate([jumps.place, place]))


def _recent(jumps: Jumps, before: float) -> Jumps:
    """The jump that is going on at `before` seconds, the one it came from, and what follows."""
    first = max(0, int(np.searchsorted(jumps.start, before, side="right")) - 2)
    return Jumps(jumps.start[first:], jumps.place[first:])


assert STEPS_PER_CUE * CUE_RATE == ENCODER_RATE

"""What the cue model came to, as tracks over time that can be read at any moment.

Reading a frame looks at the steps around it alone, so that frames read one by one are the frames read together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.rules.blink import blink_closure
from backend.rules.closures import Contacts
from backend.rules.smoothing import minimum_jerk
from backend.rules.tables import value

from .clock import CUE_RATE, ENCODER_RATE, LIP_BEHIND, LIP_LAG
from .motor import between
from .spaces import LIP_CONTROLS

SEAL_FROM: Final[float] = 0.25
SEAL_FULL: Final[float] = 0.5
"""Strength of a contact as the network expects it, from where lips begin to meet and where they are sealed: between
them the doubt of the network would leave them ajar. Higher ones find fewer p, b, m and are wrong less often: on
validation voices (non-native; festival ked) 0.25 to 0.5 find 0.85 and 0.95, 0.62 and 0.70 of them right; 0.45 to 0.7
find 0.79 and 0.92, 0.78 and 0.81 of them right."""
SEALED: Final[float] = 0.96
"""Of the strength that a line between two steps comes to, what is a whole seal."""
LONGEST_BLINK: Final[float] = 1.0
"""Seconds after its start in which a blink is surely over."""


LONG_AGO: Final[float] = -1.0e6
"""Seconds: the start of what was so before the line began."""


@dataclass(frozen=True, eq=False)
class Jumps:
    """Places held and jumped between: `start` (J,) seconds, rising, `place` (J,2) degrees; the first holds before."""

    start: np.ndarray
    place: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """(T,2) at times (T,): minimum-jerk saccades of the published duration, 25 ms + 2.4 ms a degree."""
        latest = np.clip(np.searchsorted(self.start, times, side="right") - 1, 0, None)
        goal, origin = self.place[latest], self.place[np.maximum(latest - 1, 0)]
        step = goal - origin
        length = value("gaze", "duration_base") + value("gaze", "duration_slope") * np.hypot(step[:, 0], step[:, 1])
        phase = np.where(latest > 0, (times - self.start[latest]) / length, 1.0)
        return origin + step * minimum_jerk(phase)[:, None]


@dataclass(frozen=True, eq=False)
class CueTracks:
    """The tracks of one line, from its first step on.

    lips (S,15) controls, contacts (S,2) expected strengths, gestures (S,4), what the voice moves
    (`accompaniment.MOVED_BY_VOICE`), and behind (S,8), shares of emotions that the expression has still to come to, at
    50 steps a second; expression (M+1,2,14) and head (M+1,2,3) positions and velocities at 25, in network units; their
    first entries are at `origin` seconds. looks and tremor (microsaccades) in degrees; blinks (B,) seconds of their
    starts.
    """

    lips: np.ndarray
    contacts: np.ndarray
    gestures: np.ndarray
    behind: np.ndarray
    expression: np.ndarray
    head: np.ndarray
    looks: Jumps
    tremor: Jumps
    blinks: np.ndarray
    origin: float = 0.0

    @property
    def complete_until(self) -> float:
        """Seconds up to which frames can be read; negative before the first cue step, which says where eyes begin."""
        if len(self.expression) < 2:
            return -1.0
        lips = (len(self.lips) - 1.5) / ENCODER_RATE + LIP_LAG - 1e-9
        return self.origin + min(lips, (len(self.expression) - 1) / CUE_RATE)

    def lips_at(self, times: np.ndarray) -> np.ndarray:
        """(T,15) lip controls."""
        return _drawn_through(self.lips, times - self.origin)

    def contacts_at(self, times: np.ndarray) -> Contacts:
        """How firmly the lips meet."""
        sealed = np.clip((self.contacts - SEAL_FROM) / (SEAL_FULL - SEAL_FROM), 0.0, 1.0)
        parted = _parting(sealed * sealed * (3.0 - 2.0 * sealed))
        drawn = np.minimum(_drawn_through(parted, times - self.origin) / SEALED, 1.0)
        return Contacts(bilabial=drawn[:, 0], labiodental=drawn[:, 1])

    def gestures_at(self, times: np.ndarray) -> np.ndarray:
        """(T,4) what the voice moves: raised brows 0..1, and degrees of the head."""
        return _between_steps(self.gestures, (times - self.origin) * ENCODER_RATE)

    def behind_at(self, times: np.ndarray) -> np.ndarray:
        """(T,8) shares of emotions that the expression has still to come to."""
        return _between_steps(self.behind, (times - self.origin) * ENCODER_RATE)

    def motion_at(self, name: str, times: np.ndarray) -> np.ndarray:
        """(T,D) of `expression` or `head`, smooth between steps."""
        track: np.ndarray = getattr(self, name)
        before, share = _places(times - self.origin, CUE_RATE, len(track))
        return between(track[before], track[np.minimum(before + 1, len(track) - 1)], share)

    def gaze_at(self, times: np.ndarray) -> np.ndarray:
        """(T,2) pitch and yaw of the look in the world, degrees."""
        return self.looks.at(times) + self.tremor.at(times)

    def closure_at(self, times: np.ndarray, fps: float) -> np.ndarray:
        """(T,) closure of the lids 0..1 at times that follow each other at `fps`."""
        near = self.blinks[(self.blinks > times[0] - LONGEST_BLINK) & (self.blinks <= times[-1] + 1.0 / fps)]
        return blink_closure(near - times[0], times - times[0], fps)


def _parting(strength: np.ndarray) -> np.ndarray:
    """Strength of contacts (S,2) that falls no faster than lips part: in the release of the rules, of which the line
    from step to step takes one itself.
    """
    release = round(value("closures", "release") * ENCODER_RATE) - 1
    parted = strength.copy()
    for step in range(1, min(release, len(strength))):
        fading = 1.0 - minimum_jerk(np.array(step / release))
        np.maximum(parted[step:], fading * strength[:-step], out=parted[step:])
    return parted


def _drawn_through(track: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(T,D): from step to step of `track` (S,D) in straight lines, `LIP_LAG` late.

    A smoother curve needs more steps, and each is 20 ms that a live mouth cannot wait for or a step that heard less;
    steps that hear 10 ms more flicker less.
    """
    return _between_steps(track, (times - LIP_LAG + LIP_BEHIND) * ENCODER_RATE)


def _between_steps(track: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """(T,D): from step to step of `track` (S,D) in straight lines, at `steps` (T,)."""
    at = np.clip(steps, 0.0, len(track) - 1.0)
    before = np.floor(at).astype(np.int64)
    share = (at - before)[:, None]
    return (1.0 - share) * track[before] + share * track[np.minimum(before + 1, len(track) - 1)]


def _places(times: np.ndarray, rate: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The step before each time, and how far it is to the next, 0..1."""
    at = np.clip(times * rate, 0.0, count - 1)
    before = np.minimum(np.floor(at + 1e-9).astype(np.int64), count - 1)
    return before, np.clip(at - before, 0.0, 1.0)


assert len(LIP_CONTROLS) == 15

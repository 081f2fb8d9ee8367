"""Whether a performance is sane and stays alive: ranges of everything, and the last minute beside the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS, GROUPS, indices
from addon.core.eyes import eye_look_channels
from addon.core.performance import Performance
from backend.face.basis import load_basis
from backend.face.landmarks import inner_lip_gap, inner_lip_gaps

from .statistics import blinks, head_degrees, saccades, world_gaze

LIMITS: Final[Mapping[str, float]] = {
    "displacement": 0.8,
    "eye": 45.0,
    "head": 35.0,
    "crossing": 0.02,
    "disagreement": 0.1,
}
"""Beyond these something is broken: a landmark 0.8 IOD (50 mm) from rest, an eye or a head (degrees) past comfort, lips
0.02 IOD through each other, eye-look channels 0.1 off the gaze."""
ALIVE: Final[tuple[float, float]] = (0.5, 2.0)
"""Between these the last minute is as lively as the first; chance alone moves the statistics of a minute by a third."""


@dataclass(frozen=True)
class Ranges:
    """Extremes of one or many performances.

    lowest, highest   of all channels (0..1 by contract); stuck: channels that never move, of 52
    displacement      largest distance of a landmark from the neutral face, IOD
    crossing          furthest that the lips pass through each other, IOD (0 when they never do)
    eye, head         largest eye and head angle, degrees
    disagreement      largest difference between eye-look channels and gaze
    """

    lowest: float
    highest: float
    stuck: int
    displacement: float
    crossing: float
    eye: float
    head: float
    disagreement: float

    @property
    def sane(self) -> bool:
        """Whether nothing is beyond `LIMITS`."""
        return 0.0 <= self.lowest <= self.highest <= 1.0 and all(
            getattr(self, name) <= limit for name, limit in LIMITS.items()
        )


def ranges(performance: Performance) -> Ranges:
    """The extremes of one performance."""
    moved = performance.landmarks - load_basis().neutral
    looks = indices(*GROUPS["gaze"])
    agreed = eye_look_channels(performance.gaze)[:, looks]
    return Ranges(
        lowest=float(performance.channels.min()),
        highest=float(performance.channels.max()),
        stuck=int((np.ptp(performance.channels, axis=0) < 1e-4).sum()),
        displacement=float(np.linalg.norm(moved, axis=-1).max()),
        crossing=float(max(0.0, -inner_lip_gaps(performance.landmarks).min())),
        eye=float(np.degrees(np.abs(performance.gaze).max())),
        head=float(np.abs(head_degrees(performance)).max()),
        disagreement=float(np.abs(performance.channels[:, looks] - agreed).max()),
    )


def worst(several: Sequence[Ranges]) -> Ranges:
    """The extremes over all of them; `stuck` is the smallest, as another line may move what one leaves still."""
    columns = {name: [asdict(r)[name] for r in several] for name in asdict(several[0])}
    return Ranges(**{name: (min if name in ("lowest", "stuck") else max)(values) for name, values in columns.items()})


@dataclass(frozen=True)
class Life:
    """How lively a stretch is: standard deviations, and events per minute."""

    opening_sd: float
    brow_sd: float
    gaze_sd: float
    head_sd: float
    blinks: float
    saccades: float


def life(performance: Performance, start: float, end: float) -> Life:
    """Of the frames between `start` and `end` seconds; opening in IOD, brows in channel units, angles in degrees."""
    part = cut(performance, start, end)
    minutes = part.duration / 60.0
    brows = part.channels[:, indices(*GROUPS["brows"])]
    return Life(
        opening_sd=float(inner_lip_gap(part.landmarks).std()),
        brow_sd=float(brows.std(axis=0).mean()),
        gaze_sd=float(world_gaze(part).std(axis=0).mean()),
        head_sd=float(head_degrees(part).std(axis=0).mean()),
        blinks=len(blinks(part).start) / minutes,
        saccades=len(saccades(part).start) / minutes,
    )


def alive(first: Life, last: Life) -> dict[str, bool]:
    """By statistic, whether the last stretch has half to twice what the first has; what does not move is not alive."""
    low, high = ALIVE
    begun, ended = asdict(first), asdict(last)
    return {name: ended[name] > 0 and low * begun[name] <= ended[name] <= high * begun[name] for name in begun}


def cut(performance: Performance, start: float, end: float) -> Performance:
    """The frames between two times, as a performance that begins at 0; `meta` is left out, its times would lie."""
    first = round(start * performance.fps)
    kept = slice(first, max(first + 1, round(end * performance.fps)))
    return Performance(
        fps=performance.fps,
        landmarks=performance.landmarks[kept],
        gaze=performance.gaze[kept],
        head=performance.head[kept],
        channels=performance.channels[kept],
        emotion=performance.emotion[kept],
    )


def still_channels(performance: Performance) -> list[str]:
    """Names of the channels that never move."""
    return [n for n, span in zip(CHANNELS, np.ptp(performance.channels, axis=0), strict=True) if span < 1e-4]

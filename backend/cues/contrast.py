"""Contrast: gives the mouth back the range that a network in doubt takes from it.

A network that is corrected by squared error answers doubt with the middle: open vowels open less and narrow sounds
close less, w and oh are half round, the tongue stays behind the teeth. Powers of each movement about its middle undo
that, and move nothing in time: what was wider stays wider, what was rounder rounder.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cache
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS, indices
from backend.rules.calibration import face_gauge
from backend.rules.expression import opening_gain


@dataclass(frozen=True)
class Contrast:
    """What draws a movement from its middle: a factor of its share of the middle to the power of `below` where it is
    less and of `above` where it is more, within `least` and `most`.
    """

    below: float
    above: float
    least: float
    most: float


@dataclass(frozen=True)
class Movement:
    """Channels that make one movement of the mouth together, and the contrasts of lips that `heard` and of lips that
    were `told` the text.
    """

    columns: tuple[int, ...]
    heard: Contrast
    told: Contrast


MEAN_GAP: Final[float] = 0.14
"""Middle of the opening: an inner-lip gap in IOD, about the network's mean while it speaks in neutral; emotions widen
it as in rules."""
OPENING: Final[Movement] = Movement(
    tuple(indices("jawOpen", "mouthLowerDown", "mouthUpperUp")),
    heard=Contrast(0.8, 0.55, 0.35, 1.6),
    told=Contrast(0.1, 0.2, 0.35, 1.6),
)
"""With it the 95th percentile of the gap of validation voices (non-native; festival ked) is 0.245 and 0.243 IOD, where
the rules on aligned phones have 0.244 and 0.248; of lips that were told the text, which are in less doubt, 1.02 and
0.99 of the rules', and 0.96 of a clean reader's. What is narrow is drawn further: lips at rest stay together."""
MIDDLES: Final[tuple[float, ...]] = (0.105, 0.045, 0.065)
"""Of the means of the channels of each of `SHAPES`; with the contrasts chosen to bring the percentiles below to the
rules'."""
SHAPES: Final[tuple[Movement, ...]] = (
    Movement(
        tuple(indices("mouthPucker", "mouthFunnel")),
        heard=Contrast(1.0, 0.7, 0.2, 1.4),
        told=Contrast(0.5, 0.0, 0.2, 1.0),
    ),
    Movement(
        tuple(indices("mouthStretch", "mouthDimple", "mouthSmile")),
        heard=Contrast(0.9, 0.8, 0.2, 1.55),
        told=Contrast(0.3, 0.25, 0.2, 1.55),
    ),
    Movement(
        tuple(indices("tongueOut")),
        heard=Contrast(0.7, 1.2, 0.2, 2.2),
        told=Contrast(0.4, 0.35, 0.2, 1.6),
    ),
)
"""Rounding, spreading and the tongue. Their 95th percentiles over the same voices, without > with it | the rules':
rounding 0.28, 0.22 > 0.39, 0.32 | 0.42, 0.34; spreading 0.082, 0.081 > 0.127, 0.125 | 0.133, 0.137; tongue 0.10, 0.10 >
0.18, 0.17 | 0.25, 0.22; a clean reader on whom nothing was chosen 0.25, 0.086, 0.10 > 0.35, 0.133, 0.18 | 0.35, 0.149,
0.24. r falls by 0.015 at most. The mouths of four filmed talkers (GRID) deviate in width by 0.030 IOD, the network's by
0.020 without it and by 0.029 with it."""
MOVEMENTS: Final[tuple[Movement, ...]] = (OPENING, *SHAPES)
COLUMNS: Final[list[int]] = [column for movement in MOVEMENTS for column in movement.columns]
MOVED_BY: Final[list[int]] = [number for number, movement in enumerate(MOVEMENTS) for _ in movement.columns]
"""Of each of `COLUMNS` the number of its movement."""


def with_contrast(channels: np.ndarray, emotion: np.ndarray, told: bool) -> np.ndarray:
    """Speech channels (T,52) before closures, under `emotion` (T,9), with every movement drawn away from its middle.

    `told` says whether the lips were told the text.
    """
    axes, rest = _measures()
    share = np.maximum(channels @ axes + rest, 0.0)
    share[:, 0] /= opening_gain(emotion)
    below, above, least, most = _contrasts(told)
    factor = np.clip(share ** np.where(share < 1.0, below, above), least, most)
    drawn = channels.copy()
    drawn[:, COLUMNS] *= factor[:, MOVED_BY]
    return np.clip(drawn, 0.0, 1.0, out=drawn)


@cache
def _measures() -> tuple[np.ndarray, np.ndarray]:
    """(52,M) and (M,): how the shares that movements have of their middles answer to channels, and those at rest."""
    gauge = face_gauge()
    axes, rest = np.zeros((len(CHANNELS), len(MOVEMENTS))), np.zeros(len(MOVEMENTS))
    axes[:, 0], rest[0] = gauge.gap / MEAN_GAP, gauge.rest_gap / MEAN_GAP
    for number, (shape, middle) in enumerate(zip(SHAPES, MIDDLES, strict=True), start=1):
        axes[list(shape.columns), number] = 1.0 / (len(shape.columns) * middle)
    return axes, rest


@cache
def _contrasts(told: bool) -> np.ndarray:
    """(4,M): exponents below and above the middles, least and most factors."""
    return np.array([astuple(movement.told if told else movement.heard) for movement in MOVEMENTS]).T

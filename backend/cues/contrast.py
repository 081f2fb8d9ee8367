"""Contrast: gives the mouth back the range that a network in doubt takes from it.

A network that is corrected by squared error answers doubt with the middle: open vowels open less and narrow sounds
close less, w and oh are half round, the tongue stays behind the teeth. Powers of each movement about its middle undo
that, and move nothing in time: what was wider stays wider, what was rounder rounder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.channels import indices
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

    def factor(self, share: np.ndarray) -> np.ndarray:
        """(T,) factors of a movement that is (T,) times its middle."""
        return np.clip(share ** np.where(share < 1.0, self.below, self.above), self.least, self.most)


@dataclass(frozen=True)
class Shape:
    """Channels that make one shape of the mouth together: the middle of their mean, and the contrasts of lips that
    `heard` and of lips that were `told` the text.
    """

    columns: tuple[int, ...]
    middle: float
    heard: Contrast
    told: Contrast


MEAN_GAP: Final[float] = 0.14
"""Inner-lip gap (IOD) from which the opening is drawn, about the network's mean while it speaks in neutral; emotions
widen it as in rules."""
OPENING: Final[list[int]] = indices("jawOpen", "mouthLowerDown", "mouthUpperUp")
OPENING_HEARD: Final[Contrast] = Contrast(0.8, 0.55, 0.35, 1.6)
"""With it the 95th percentile of the gap of validation voices (non-native; festival ked) is 0.245 and 0.243 IOD, where
the rules on aligned phones have 0.244 and 0.248. What is narrow is drawn further: lips at rest stay together."""
OPENING_TOLD: Final[Contrast] = Contrast(0.1, 0.2, 0.35, 1.6)
"""Lips that were told the text are in less doubt: with it their percentile is 1.02 and 0.99 of the rules', and 0.96 of
a clean reader's."""
SHAPES: Final[tuple[Shape, ...]] = (
    Shape(
        tuple(indices("mouthPucker", "mouthFunnel")),
        0.105,
        heard=Contrast(1.0, 0.7, 0.2, 1.4),
        told=Contrast(0.5, 0.0, 0.2, 1.0),
    ),
    Shape(
        tuple(indices("mouthStretch", "mouthDimple", "mouthSmile")),
        0.045,
        heard=Contrast(0.9, 0.8, 0.2, 1.55),
        told=Contrast(0.3, 0.25, 0.2, 1.55),
    ),
    Shape(
        tuple(indices("tongueOut")),
        0.065,
        heard=Contrast(0.7, 1.2, 0.2, 2.2),
        told=Contrast(0.4, 0.35, 0.2, 1.6),
    ),
)
"""Rounding, spreading and the tongue. Their 95th percentiles over the same voices, without > with it | the rules':
rounding 0.28, 0.22 > 0.39, 0.32 | 0.42, 0.34; spreading 0.082, 0.081 > 0.127, 0.125 | 0.133, 0.137; tongue 0.10, 0.10 >
0.18, 0.17 | 0.25, 0.22; a clean reader on whom nothing was chosen 0.25, 0.086, 0.10 > 0.35, 0.133, 0.18 | 0.35, 0.149,
0.24. r falls by 0.015 at most. The mouths of four filmed talkers (GRID) deviate in width by 0.030 IOD, the network's by
0.020 without it and by 0.029 with it."""


def with_contrast(channels: np.ndarray, emotion: np.ndarray, told: bool) -> np.ndarray:
    """Speech channels (T,52) before closures, under `emotion` (T,9), with every movement drawn away from its middle.

    `told` says whether the lips were told the text.
    """
    drawn = channels.copy()
    for shape in SHAPES:
        contrast = shape.told if told else shape.heard
        share = channels[:, shape.columns].mean(axis=1) / shape.middle
        drawn[:, shape.columns] *= contrast.factor(share)[:, None]
    gauge, opening = face_gauge(), OPENING_TOLD if told else OPENING_HEARD
    gap = np.maximum(channels @ gauge.gap + gauge.rest_gap, 0.0)
    drawn[:, OPENING] *= opening.factor(gap / (MEAN_GAP * opening_gain(emotion)))[:, None]
    return np.clip(drawn, 0.0, 1.0, out=drawn)

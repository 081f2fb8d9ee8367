"""What a painter is made of and how it learns: everything that decides its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

PLAIN: Final[int] = 8
"""Feature channels beside the texture's: normal (3), place on the face (3), coverage, inside of the mouth."""

GAIN: Final[float] = 0.02
"""dB on the validation frames that count as better; chosen, about what the order of batches changes."""


@dataclass(frozen=True)
class PainterConfig:
    """The network: `texture` channels of the learned texture (the first three are base colour), `widths` of the
    levels at a quarter, an eighth and a sixteenth of the picture's size, and `detail` of the full-size branches.
    """

    texture: int = 8
    widths: tuple[int, int, int] = (24, 64, 128)
    detail: int = 12

    @property
    def features(self) -> int:
        """Channels that the network sees at each pixel."""
        return self.texture + PLAIN


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast. Minutes and steps are those of all trainings that went on in one folder together.

    minutes    of wall time at most; the learning rate falls to nothing at their end, or at that of `steps`
    steps      at most; 0 leaves it to the minutes
    batch      frames at a time
    rate       learning rate of the network; the texture's is `texture_rate`
    every      steps from one look at the validation frames to the next
    patience   looks without a gain of GAIN after which training ends early
    """

    minutes: float = 20.0
    steps: int = 0
    batch: int = 4
    rate: float = 2e-3
    texture_rate: float = 1e-2
    every: int = 100
    patience: int = 10
    seed: int = 7
    painter: PainterConfig = field(default_factory=PainterConfig)

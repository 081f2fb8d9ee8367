"""What is said, where the artist gave the text: phones for the lips, beside what is heard.

A step is told the phones around it, further ahead than anybody hears: lips round before the vowel that rounds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from backend.speech.phones import Phone

from .clock import ENCODER_RATE
from .encoder import ENCODED_PHONES

TAPS: Final[tuple[int, ...]] = (-4, 0, 3, 6, 10)
"""Encoder steps from the present at which a phone is told: 80 ms back to 200 ms ahead, about the reach of rounding."""
TRUST: Final[float] = 0.6
"""How far lips believe a text against their ears. Wholly told they come nearest to the table of visemes (opening r of
0.97 on a held-out reader, 0.96 by this much, 0.71 untold) and leave what real lips do: gap and width of four filmed
talkers (GRID) were met at r of 0.60 and 0.26 by whole trust, 0.62 and 0.28 by this much, 0.63 and 0.16 by none."""
UNTOLD: Final[int] = len(TAPS) * len(ENCODED_PHONES)
"""The number that stands for a phone that nobody told."""


def told_phones(phones: Sequence[Phone], steps: int) -> np.ndarray:
    """(S,5) int64: at each of S encoder steps, for each tap, the number of the phone there and of the tap.

    `phones` follow each other without gaps; before the first and after the last there is silence.
    """
    said = np.zeros(steps, dtype=np.int64)
    for phone in phones:
        first, last = (int(np.clip(np.ceil(t * ENCODER_RATE), 0, steps)) for t in (phone.start, phone.end))
        said[first:last] = ENCODED_PHONES.index(phone.name)
    before, after = -min(TAPS), max(TAPS)
    longer = np.pad(said, (before, after))
    taps = [longer[before + tap : before + tap + steps] + k * len(ENCODED_PHONES) for k, tap in enumerate(TAPS)]
    return np.stack(taps, axis=1)

"""What single keypoints are known to do. They are implicit: nobody placed them, others found out what moves with each.

Source: KwaiVGI/LivePortrait 1986663, which drives lips and eyes alone by these numbers, and ditto-talkinghead e9191cf.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor

LIPS: Final[tuple[int, ...]] = (6, 12, 14, 17, 19, 20)
EYEBALLS: Final[tuple[int, int]] = (11, 15)
LIDS: Final[tuple[int, int]] = (13, 16)
"""Each moves with the eyeball of the same place in EYEBALLS."""
BROWS: Final[tuple[int, int]] = (1, 2)
OTHERS: Final[tuple[int, ...]] = tuple(number for number in range(21) if number not in LIPS)


def left_of(canonical: Tensor) -> tuple[int, int]:
    """Places in EYEBALLS of the character's left and right eye: the left one is further right in a picture."""
    first, second = (float(canonical[number, 0]) for number in EYEBALLS)
    return (0, 1) if first > second else (1, 0)

"""The 70 landmarks of the canonical face: which index is which, and what is measured between them.

Points 0-67 stand in the iBUG 300-W order (Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013),
which numbers from the image's left, that is from the character's right: points 36-41 are the character's right eye.
Points 68 and 69 are the left and the right pupil. Lengths are in inter-ocular distances (IOD).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

LEFT_PUPIL: Final[int] = 68
RIGHT_PUPIL: Final[int] = 69
PUPILS: Final[tuple[int, int]] = (LEFT_PUPIL, RIGHT_PUPIL)

GROUPS: Final[Mapping[str, tuple[int, ...]]] = {
    "jaw": tuple(range(17)),
    "brow_right": tuple(range(17, 22)),
    "brow_left": tuple(range(22, 27)),
    "nose": tuple(range(27, 36)),
    "eye_right": tuple(range(36, 42)),
    "eye_left": tuple(range(42, 48)),
    "lips_outer": tuple(range(48, 60)),
    "lips_inner": tuple(range(60, 68)),
    "pupils": PUPILS,
}
"""Every landmark is in exactly one group; left and right are the character's own."""

EYES: Final[Mapping[str, tuple[int, ...]]] = {"left": GROUPS["eye_left"], "right": GROUPS["eye_right"]}
"""The six lid points of each eye; their mean is the eye centre that the inter-ocular distance is measured between."""

RIGID: Final[tuple[int, ...]] = (27, 28, 29, 30, 36, 39, 42, 45)
"""Nose bridge and eye corners: the points that move least with expression; head pose is fitted on them alone."""

INNER_LIP_PAIRS: Final[tuple[tuple[int, int], ...]] = ((61, 67), (62, 66), (63, 65))
"""Upper and lower point of the inner lip: the character's right, centre, left."""

LID_PAIRS: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "left": ((43, 47), (44, 46)),
    "right": ((37, 41), (38, 40)),
}
"""Upper and lower lid points of each eye."""

MOUTH_CORNERS: Final[tuple[int, int]] = (48, 54)
"""The character's right and left corner."""

CLOSED_LIPS: Final[float] = 0.02
"""Lips count as closed where the inner gap is below this many IOD (the product's definition of a closure)."""

MIRROR: Final[tuple[int, ...]] = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1), 69, 68,
)  # fmt: skip
"""`landmarks[MIRROR]` with X negated is the face in a mirror."""


def inner_lip_gaps(landmarks: np.ndarray) -> np.ndarray:
    """Opening between the inner lips at the right, the centre and the left pair: (...,70,3) -> (...,3) in IOD.

    The opening is the height of the upper point over the lower one along the head's own Y, so it needs normalized
    landmarks. It is negative where the lips push into each other. Depth and sideways slide do not count: the points
    ride on the flesh, so with the jaw to one side or the lips rolled in, closed lips carry them apart along X or Z.
    """
    upper, lower = zip(*INNER_LIP_PAIRS, strict=True)
    return landmarks[..., upper, 1] - landmarks[..., lower, 1]


def inner_lip_gap(landmarks: np.ndarray) -> np.ndarray:
    """Opening at the centre of the inner lips (62 over 66): (T,70,3) -> (T,) in IOD, signed as in `inner_lip_gaps`."""
    return inner_lip_gaps(landmarks)[..., 1]


def mouth_width(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the corners of the mouth: (T,70,3) -> (T,) in IOD."""
    right, left = MOUTH_CORNERS
    return np.linalg.norm(landmarks[..., left, :] - landmarks[..., right, :], axis=-1)


def eye_opening(landmarks: np.ndarray) -> np.ndarray:
    """Opening of the left and the right eye: (T,70,3) -> (T,2) in IOD.

    The mean height of the two upper lid points over their lower ones along the head's Y; negative where lids overlap.
    """
    openings = []
    for side in ("left", "right"):
        upper, lower = zip(*LID_PAIRS[side], strict=True)
        openings.append((landmarks[..., upper, 1] - landmarks[..., lower, 1]).mean(axis=-1))
    return np.stack(openings, axis=-1)


def eye_centres(landmarks: np.ndarray) -> np.ndarray:
    """Centres of the left and the right eye, each the mean of its six lid points: (...,70,3) -> (...,2,3)."""
    return np.stack([landmarks[..., EYES[side], :].mean(axis=-2) for side in ("left", "right")], axis=-2)

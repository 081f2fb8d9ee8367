"""From lip measurements to channels: each articulation class meets its gap and width on the canonical face.

The canonical face is linear in the channels, so the inner-lip gap and the change of mouth width of a channel vector w
are g.w and b.w; opening and widening amounts are found by two alternating projections, clipped at what a channel can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from addon.core.channels import CHANNELS, GROUPS
from backend.face.basis import FaceBasis, load_basis
from backend.face.landmarks import INNER_LIP_PAIRS, LID_PAIRS, MOUTH_CORNERS

from .tables import channel_vector, table, value

RELAXATION: Final[float] = 0.7
ROUNDS: Final[int] = 20
"""Of the alternating projections; after 20 the largest miss is under 1e-4 IOD where the channels can reach."""


@dataclass(frozen=True, eq=False)
class FaceGauge:
    """How lips and lids of a face answer to the channels, in IOD per unit of channel (52,).

    `gap` is the inner-lip gap in the middle, `width` the mouth width, `lids` (2,52) the opening of the left and the
    right eye; `rest_gap` and `rest_lids` (2,) are gap and openings at neutral.
    """

    gap: np.ndarray
    width: np.ndarray
    lids: np.ndarray
    rest_gap: float
    rest_lids: np.ndarray

    @classmethod
    def of(cls, basis: FaceBasis) -> FaceGauge:
        """The gauge of a face that is linear in its channels."""
        move = basis.displacement.astype(np.float64)
        neutral = basis.neutral.astype(np.float64)
        upper, lower = INNER_LIP_PAIRS[1]
        right, left = MOUTH_CORNERS
        pairs = np.array([LID_PAIRS["left"], LID_PAIRS["right"]])
        return cls(
            gap=np.where(_moves_the_mouth(), move[:, upper, 1] - move[:, lower, 1], 0.0),
            width=move[:, left, 0] - move[:, right, 0],
            lids=(move[:, pairs[..., 0], 1] - move[:, pairs[..., 1], 1]).mean(axis=2).T,
            rest_gap=float(neutral[upper, 1] - neutral[lower, 1]),
            rest_lids=(neutral[pairs[..., 0], 1] - neutral[pairs[..., 1], 1]).mean(axis=1),
        )


def _moves_the_mouth() -> np.ndarray:
    """(52,) bool: channels that may part the lips; the 1e-5 IOD that lids and brows measure are noise of the rig."""
    mouth = {name for group in ("mouth", "cheeks", "tongue") for name in GROUPS[group]}
    return np.array([name in mouth for name in CHANNELS])


@cache
def face_gauge() -> FaceGauge:
    """The gauge of the shipped canonical face."""
    return FaceGauge.of(load_basis())


@dataclass(frozen=True, eq=False)
class ArticulationTargets:
    """Targets by class: `names` (K), `channels` (K,52) in 0..1, `hold` (K,4) dominance of jaw, round, lips, tongue."""

    names: tuple[str, ...]
    channels: np.ndarray
    hold: np.ndarray


@cache
def articulation_targets() -> ArticulationTargets:
    """The calibrated table of articulation classes on the shipped canonical face."""
    gauge = face_gauge()
    scale = value("visemes", "gap_scale")
    classes = table("visemes")["classes"]
    return ArticulationTargets(
        names=tuple(classes),
        channels=np.stack([solve_class(row, scale * row["gap"], gauge) for row in classes.values()]),
        hold=np.array([row["hold"] for row in classes.values()], dtype=np.float64),
    )


def solve_class(row: Mapping[str, Any], gap: float, gauge: FaceGauge) -> np.ndarray:
    """(52,) channels in 0..1 of one class: its fixed channels, plus opening to `gap` and widening to its width, IOD."""
    fixed = channel_vector(row["fixed"])
    opening, widening = channel_vector(row["opening"]), channel_vector(row["widening"])
    open_by, widen_by = 0.0, 0.0
    open_gain, widen_gain = float(gauge.gap @ opening), float(gauge.width @ widening)
    for _ in range(ROUNDS):
        now = fixed + open_by * opening + widen_by * widening
        open_by = max(0.0, open_by + (gap - gauge.gap @ now) / open_gain)
        if abs(widen_gain) > 1e-6:
            now = fixed + open_by * opening + widen_by * widening
            # Under-relaxed: opening and widening answer to each other.
            widen_by = max(0.0, widen_by + RELAXATION * (row["width"] - gauge.width @ now) / widen_gain)
    return np.clip(fixed + open_by * opening + widen_by * widening, 0.0, 1.0)

"""Closures come last: bilabial and labiodental contacts are sealed over everything that was added before.

The strength of a contact is 1 through its hold and falls to 0 around it. Where it is 1 the lips meet, in the
channels (so that the artist's rig closes) and in the landmarks (exactly).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX, indices
from backend.face.landmarks import INNER_LIP_PAIRS, LID_PAIRS
from backend.speech.phones import Phone
from backend.speech.visemes import BILABIAL, LABIODENTAL

from .calibration import face_gauge
from .smoothing import minimum_jerk
from .tables import table, value


@dataclass(frozen=True, eq=False)
class Contacts:
    """Strength of the contacts in 0..1 over time: `bilabial` (T,) for p b m, `labiodental` (T,) for f v."""

    bilabial: np.ndarray
    labiodental: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Numbers of landmarks that face each other: `upper` and `lower`, (N,)."""

    upper: np.ndarray
    lower: np.ndarray

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> _Pairs:
        """From (upper, lower)."""
        upper, lower = np.array(pairs).T
        return cls(upper, lower)


_INNER_LIPS: Final[_Pairs] = _Pairs.of(INNER_LIP_PAIRS)
_OUTER_LIPS: Final[_Pairs] = _Pairs(_INNER_LIPS.upper - 11, _INNER_LIPS.lower - 9)
_LIDS: Final[_Pairs] = _Pairs.of((*LID_PAIRS["left"], *LID_PAIRS["right"]))


def contacts_of(phones: Sequence[Phone], times: np.ndarray, fps: float) -> Contacts:
    """When the lips meet: full from the phone's start to its end, and for the minimum hold and one frame at least."""
    return Contacts(
        bilabial=_strength(phones, BILABIAL, times, fps),
        labiodental=_strength(phones, LABIODENTAL, times, fps),
    )


def seal_channels(channels: np.ndarray, contacts: Contacts) -> np.ndarray:
    """Channels (T,52) with the contacts sealed; a frame without contact is returned as it was."""
    gauge = face_gauge()
    settings = table("closures")
    seal, touch = contacts.bilabial, contacts.labiodental
    close = np.maximum(seal, touch)
    before = np.maximum(channels @ gauge.gap + gauge.rest_gap, 0.0)
    sealed = channels.copy()
    sealed[:, indices(*settings["opening"])] *= 1.0 - close[:, None]
    sneer = settings["sneer_yield"]
    sealed[:, indices(*sneer["channels"])] *= 1.0 - sneer["value"] * close[:, None]
    jaw, mouth_close = CHANNEL_INDEX["jawOpen"], CHANNEL_INDEX["mouthClose"]
    capped = np.minimum(sealed[:, jaw], value("closures", "jaw_cap"))
    sealed[:, jaw] += close * (capped - sealed[:, jaw])
    sealed[:, mouth_close] = np.maximum(sealed[:, mouth_close], seal * sealed[:, jaw])
    _press(sealed, settings["bilabial"], seal)
    _press(sealed, settings["labiodental"]["channels"], touch * (1.0 - seal))
    allowed = _allowed(before, contacts)
    for names in settings["compensation"]["channels"]:
        _take_up(sealed, indices(*names), allowed, close)
    return np.minimum(np.maximum(sealed, 0.0, out=sealed), 1.0, out=sealed)


def seal_landmarks(landmarks: np.ndarray, contacts: Contacts, gap_before: np.ndarray) -> np.ndarray:
    """Landmarks (T,70,3) with lips exactly as far apart as the contacts allow, and never through each other.

    `gap_before` (T,) IOD is the inner-lip gap without contacts.
    """
    allowed = _allowed(np.maximum(gap_before, 0.0), contacts)
    close = np.maximum(contacts.bilabial, contacts.labiodental)
    lower_share = value("closures", "lower_lip_share")
    moved = landmarks.copy()
    height = _heights(landmarks, _INNER_LIPS)
    centre = np.maximum(height[:, 1:2], 1e-6)
    goal = np.where(
        close[:, None] > 0, np.minimum(height, allowed[:, None] * np.clip(height / centre, 0.0, 1.0)), height
    )
    _set_heights(moved, _INNER_LIPS, np.maximum(goal, 0.0), 1.0 - lower_share, outer=_OUTER_LIPS)
    return moved


def seal_lids(landmarks: np.ndarray, closure: np.ndarray, opening_before: np.ndarray) -> np.ndarray:
    """Landmarks (T,70,3) with lids shut by `closure` (T,) 0..1 from `opening_before` (T,2) IOD, never crossing."""
    moved = landmarks.copy()
    height = _heights(landmarks, _LIDS)
    goal = np.repeat(np.maximum(opening_before, 0.0) * (1.0 - closure[:, None]), len(LID_PAIRS["left"]), axis=1)
    target = np.where(closure[:, None] > 0, np.minimum(height, goal), height)
    _set_heights(moved, _LIDS, np.maximum(target, 0.0), value("closures", "upper_lid_share"))
    return moved


def _strength(phones: Sequence[Phone], kinds: frozenset[str], times: np.ndarray, fps: float) -> np.ndarray:
    settings = table("closures")
    strength = np.zeros(len(times))
    for previous, phone in zip((None, *phones[:-1]), phones, strict=True):
        if phone.name not in kinds:
            continue
        lead = 0.5 * previous.duration if previous else settings["lead_max"]
        lead = float(np.clip(lead, settings["lead_min"], settings["lead_max"]))
        # A frame long at least, so that the frame nearest to the centre is closed.
        least = max(settings["min_hold"], min(1.001 / fps, settings["max_hold_for_frames"]))
        widen = max(0.0, 0.5 * (least - phone.duration))
        start, end = phone.start - widen, phone.end + widen
        first = int(max(0, np.floor((start - lead) * fps)))
        last = int(min(len(times), np.ceil((end + settings["release"]) * fps) + 1))
        at = times[first:last]
        rise = minimum_jerk((at - start + lead) / lead)
        fall = minimum_jerk((at - end) / settings["release"])
        strength[first:last] = np.maximum(strength[first:last], rise * (1.0 - fall))
    return strength


def _allowed(before: np.ndarray, contacts: Contacts) -> np.ndarray:
    """(T,) the inner-lip gap that the contacts leave of the gap before them, IOD."""
    touch_gap = np.minimum(before, table("closures")["labiodental"]["gap"])
    touched = before + contacts.labiodental * (touch_gap - before)
    return touched * (1.0 - contacts.bilabial)


def _press(channels: np.ndarray, weights: Mapping[str, float], strength: np.ndarray) -> None:
    for name, weight in weights.items():
        column = channels[:, CHANNEL_INDEX[name]]
        np.maximum(column, strength * weight, out=column)


def _take_up(channels: np.ndarray, columns: list[int], allowed: np.ndarray, close: np.ndarray) -> None:
    """Move closing `columns` in place, where there is contact, so that the linear gap comes to `allowed`.

    They rise to take up a gap, and fall where lips are pressed further into each other than the margin.
    """
    gauge, settings = face_gauge(), table("closures")["compensation"]
    excess = channels @ gauge.gap + gauge.rest_gap - allowed
    need = np.maximum(excess, 0.0) + np.minimum(excess + settings["margin"], 0.0)
    need = np.where(close > 0, need * close / -gauge.gap[columns].sum(), 0.0)
    for column in columns:
        now = channels[:, column]
        most = np.maximum(settings["limit"], now)
        np.add(now, need, out=now)
        np.minimum(np.maximum(now, 0.0, out=now), most, out=now)


def _heights(landmarks: np.ndarray, pairs: _Pairs) -> np.ndarray:
    """(T,N) how far each upper point is above its lower one."""
    return landmarks[:, pairs.upper, 1] - landmarks[:, pairs.lower, 1]


def _set_heights(
    landmarks: np.ndarray, pairs: _Pairs, goal: np.ndarray, upper_share: float, outer: _Pairs | None = None
) -> None:
    """Bring pairs of points to vertical distances (T,N) in place, and the `outer` pairs along with them.

    The upper points go `upper_share` of the way.
    """
    excess = _heights(landmarks, pairs) - goal
    for moved in (pairs, outer) if outer else (pairs,):
        landmarks[:, moved.upper, 1] -= upper_share * excess
        landmarks[:, moved.lower, 1] += (1.0 - upper_share) * excess

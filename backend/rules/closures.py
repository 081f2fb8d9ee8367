"""Closures come last: bilabial and labiodental contacts are sealed over everything that was added before.

The strength of a contact is 1 through its hold and falls to 0 around it. Where it is 1 the lips meet, in the
channels (so that the artist's rig closes) and in the landmarks (exactly).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    return np.clip(sealed, 0.0, 1.0)


def seal_landmarks(landmarks: np.ndarray, contacts: Contacts, gap_before: np.ndarray) -> np.ndarray:
    """Landmarks (T,70,3) with lips exactly as far apart as the contacts allow, and never through each other.

    `gap_before` (T,) IOD is the inner-lip gap without contacts.
    """
    allowed = _allowed(np.maximum(gap_before, 0.0), contacts)
    close = np.maximum(contacts.bilabial, contacts.labiodental)
    lower_share = value("closures", "lower_lip_share")
    moved = landmarks.copy()
    centre = np.maximum(_height(landmarks, INNER_LIP_PAIRS[1]), 1e-6)
    for upper, lower in INNER_LIP_PAIRS:
        height = _height(landmarks, (upper, lower))
        goal = np.where(close > 0, np.minimum(height, allowed * np.clip(height / centre, 0.0, 1.0)), height)
        _set_height(moved, upper, lower, np.maximum(goal, 0.0), 1.0 - lower_share, outer=(upper - 11, lower - 9))
    return moved


def seal_lids(landmarks: np.ndarray, closure: np.ndarray, opening_before: np.ndarray) -> np.ndarray:
    """Landmarks (T,70,3) with lids shut by `closure` (T,) 0..1 from `opening_before` (T,2) IOD, never crossing."""
    moved = landmarks.copy()
    for eye, side in enumerate(("left", "right")):
        goal = np.maximum(opening_before[:, eye], 0.0) * (1.0 - closure)
        for upper, lower in LID_PAIRS[side]:
            height = _height(landmarks, (upper, lower))
            target = np.where(closure > 0, np.minimum(height, goal), height)
            _set_height(moved, upper, lower, np.maximum(target, 0.0), value("closures", "upper_lid_share"))
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


def _press(channels: np.ndarray, weights: dict[str, float], strength: np.ndarray) -> None:
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
        value_now = channels[:, column]
        channels[:, column] = np.clip(value_now + need, 0.0, np.maximum(settings["limit"], value_now))


def _height(landmarks: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    return landmarks[:, pair[0], 1] - landmarks[:, pair[1], 1]


def _set_height(
    landmarks: np.ndarray,
    upper: int,
    lower: int,
    goal: np.ndarray,
    upper_share: float,
    outer: tuple[int, int] | None = None,
) -> None:
    """Bring a pair of points to a vertical distance in place, and the `outer` pair along with it.

    The upper point goes `upper_share` of the way.
    """
    excess = _height(landmarks, (upper, lower)) - goal
    for point, share in ((upper, -upper_share), (lower, 1.0 - upper_share)):
        landmarks[:, point, 1] += share * excess
    if outer is not None:
        landmarks[:, outer[0], 1] -= upper_share * excess
        landmarks[:, outer[1], 1] += (1.0 - upper_share) * excess

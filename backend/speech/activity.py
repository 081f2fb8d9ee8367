"""Phones against voice activity: what was found in silence is dropped, what reaches into it is cut short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from backend.audio.prosody import PROSODY_RATE, Prosody

from .phones import SILENCE, Phone

SPEECH_SHARE: Final[float] = 0.5
"""A recognized phone belongs to speech when this share of it is voice activity."""
ALLOWANCE: Final[int] = 2
"""Frames of 20 ms by which voice activity is widened before that: its edges are soft."""
REACH_SECONDS: Final[float] = 0.1
"""How far a phone may reach out of voice activity: the closure of a first plosive is silent and lasts about as long
(closures of 50 to 100 ms; Byrd 1993, "54,000 American stops")."""


def keep_speech(phones: Iterable[Phone], prosody: Prosody) -> list[Phone]:
    """The phones that lie in voice activity; silences and phones heard in noise are left out."""
    active = np.convolve(prosody.speech, np.ones(2 * ALLOWANCE + 1), mode="same") > 0
    kept: list[Phone] = []
    for phone in phones:
        inside = active[_frames(phone, len(active))]
        if phone.name != SILENCE and np.count_nonzero(inside) >= SPEECH_SHARE * len(inside):
            kept.append(phone)
    return kept


def trim_to_speech(phones: Iterable[Phone], prosody: Prosody) -> list[Phone]:
    """The phones with their ends drawn in where they reach into silence by more than `REACH_SECONDS`.

    An aligner gives the silence before a first plosive to that plosive, which would press the lips together for all
    of it. A phone without any voice activity stays as it is.
    """
    trimmed: list[Phone] = []
    for phone in phones:
        window = _frames(phone, len(prosody.speech))
        active = np.flatnonzero(prosody.speech[window]) + window.start
        if len(active) == 0 or phone.name == SILENCE:
            trimmed.append(phone)
            continue
        start = max(phone.start, active[0] / PROSODY_RATE - REACH_SECONDS)
        end = min(phone.end, active[-1] / PROSODY_RATE + REACH_SECONDS)
        trimmed.append(Phone(phone.name, start, end))
    return trimmed


def _frames(phone: Phone, count: int) -> slice:
    first = min(round(phone.start * PROSODY_RATE), count - 1)
    return slice(first, min(max(first + 1, round(phone.end * PROSODY_RATE)), count))

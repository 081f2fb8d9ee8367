"""What the rules performer says about a clip, step by step: the targets that the networks learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX
from backend.audio.prosody import Prosody
from backend.cues.clock import ENCODER_RATE, LIP_BEHIND
from backend.cues.encoder import ENCODED_PHONES
from backend.rules.calibration import face_gauge
from backend.rules.closures import contacts_of
from backend.rules.coarticulation import speech_channels
from backend.rules.emphasis import Emphasis, emphasis_of
from backend.rules.smoothing import add_pulses
from backend.speech.phones import Phone
from backend.speech.visemes import VISEMES, visemes_of

LOUDNESS_UNIT: Final[float] = 10.0
PITCH_UNIT: Final[float] = 10.0
"""dB and semitones in the encoder's prosody head, so that all its targets are about 1 in size."""
ACCENT_SHAPE: Final[tuple[float, float, float]] = (0.06, 0.04, 0.1)
"""Attack, sustain and release of an accent's pulse in s: wide enough to be learned, narrower than their spacing."""


@dataclass(frozen=True, eq=False)
class SpeechLabels:
    """Targets of the encoder for S steps: `phones`, `visemes` (S,) class numbers; `articulation`, `prosody` (S,5).

    The articulation is that of half a step before, which is when the lips are drawn (`backend.cues.clock.LIP_BEHIND`).
    """

    phones: np.ndarray
    visemes: np.ndarray
    articulation: np.ndarray
    prosody: np.ndarray


def speech_labels(phones: Sequence[Phone], prosody: Prosody, steps: int) -> SpeechLabels:
    """The labels of a line at step / 50 seconds."""
    times = np.arange(steps) / ENCODER_RATE
    drawn = times - LIP_BEHIND
    channels = speech_channels(phones, drawn, ENCODER_RATE)
    contacts, gauge = contacts_of(phones, drawn, ENCODER_RATE), face_gauge()
    columns = [
        channels @ gauge.gap + gauge.rest_gap,
        channels @ gauge.width,
        channels[:, CHANNEL_INDEX["jawOpen"]],
        contacts.bilabial,
        contacts.labiodental,
    ]
    visemes = visemes_of(phones)
    return SpeechLabels(
        phones=classes_at([(p.name, p.start) for p in phones], ENCODED_PHONES, times),
        visemes=classes_at([(v.name, v.start) for v in visemes], VISEMES, times),
        articulation=np.stack(columns, axis=1).astype(np.float32),
        prosody=prosody_targets(emphasis_of(prosody, phones, times), steps),
    )


def prosody_targets(emphasis: Emphasis, steps: int) -> np.ndarray:
    """(S,5) float32 in the order of `backend.cues.encoder.PROSODY`."""
    accent = np.zeros(steps)
    add_pulses(accent, ENCODER_RATE, emphasis.accents, emphasis.strength, ACCENT_SHAPE)
    columns = [
        emphasis.speaking, emphasis.loudness / LOUDNESS_UNIT, emphasis.pitch / PITCH_UNIT, emphasis.opening, accent,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def classes_at(starts: Sequence[tuple[str, float]], names: Sequence[str], times: np.ndarray) -> np.ndarray:
    """(S,) int64: the number in `names` of what goes on at each of `times`, given (name, start) in order."""
    number = np.array([names.index(name) for name, _ in starts], dtype=np.int64)
    return number[np.clip(np.searchsorted([start for _, start in starts], times, side="right") - 1, 0, None)]

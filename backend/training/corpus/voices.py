"""The synthetic voices: who they are, how they may vary, and in which split each one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

STRETCH: Final[tuple[float, float]] = (0.85, 1.25)
"""Durations of the phones, times what the engine would choose."""
PITCH: Final[tuple[float, float]] = (0.85, 1.3)
"""Mean pitch, times the voice's own. Only the engines that take it without harm vary it (see `Voice.pitch_hz`)."""
LEAD_SECONDS: Final[float] = 0.4
"""At most so much silence is put before and after, beyond the pauses of the engine."""


@dataclass(frozen=True)
class Voice:
    """One voice of an engine ("flite", "festival", "rhvoice" or "pico").

    `pitch_hz` is the mean pitch that is varied; 0 where the engine does not let it (rms and slt ignore the setting).
    """

    name: str
    engine: str
    split: str
    pitch_hz: float = 0.0
    licence: str = "BSD-like (CMU); texts: Debian fortunes"


VOICES: Final[tuple[Voice, ...]] = (
    Voice("kal16", "flite", "train", pitch_hz=95.0),
    Voice("rms", "flite", "train"),
    Voice("slt", "flite", "train"),
    Voice("kal_diphone", "festival", "train", pitch_hz=105.0),
    Voice("cmu_us_slt_arctic_hts", "festival", "train"),
    Voice("ked_diphone", "festival", "validation", pitch_hz=105.0),
    Voice("awb", "flite", "test"),
)
"""By person: kal and slt lend their voices to two engines each and are in training with both."""
_RHVOICE: Final[str] = "LGPL-2.1-or-later (RHVoice); texts: Debian fortunes"
_PICO: Final[str] = "Apache-2.0 (SVOX); texts: Debian fortunes"
OPTIONAL_VOICES: Final[tuple[Voice, ...]] = (
    Voice("bdl", "rhvoice", "train", pitch_hz=121.0, licence=_RHVOICE),
    Voice("clb", "rhvoice", "train", pitch_hz=179.0, licence=_RHVOICE),
    Voice("en-US", "pico", "train", pitch_hz=169.0, licence=_PICO),
    Voice("en-GB", "pico", "train", pitch_hz=174.0, licence=_PICO),
)
"""From Debian non-free, used where they are installed. They tell no phones, which the aligner finds. Licences are those
of debian/copyright: RHVoice's for all voices without terms of their own; Pico's says of its voice data that they claim
to be Apache-2.0 and have no sources. RHVoice's slt is in training already, alan may be the person of awb, lyubov and
evgeniy-eng are non-commercial."""
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "flite": ("flite",),
    "festival": tuple(
        "festival festlex-cmu festlex-poslex festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts".split()
    ),
    "rhvoice": ("rhvoice", "rhvoice-english"),
    "pico": ("libttspico-utils",),
}


@dataclass(frozen=True)
class Manner:
    """How a sentence is said: `stretch` of its durations, mean pitch in Hz (0 leaves it), seconds of silence around."""

    stretch: float
    pitch_hz: float
    before: float
    after: float


def draw_manner(voice: Voice, rng: np.random.Generator) -> Manner:
    """A manner of speaking for one sentence."""
    stretch, pitch, before, after = (
        float(rng.uniform(*span)) for span in (STRETCH, PITCH, (0.0, LEAD_SECONDS), (0.0, LEAD_SECONDS))
    )
    return Manner(round(stretch, 3), round(pitch * voice.pitch_hz, 1), before, after)

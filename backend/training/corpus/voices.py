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
    `tongue` is its language (`tongues`), `package` what it needs beside its engine's.
    """

    name: str
    engine: str
    split: str
    pitch_hz: float = 0.0
    licence: str = "BSD-like (CMU); texts: Debian fortunes"
    tongue: str = "en"
    package: str = ""


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
_BRAILCOM: Final[str] = "GPL-3.0-or-later (Brailcom); texts: Debian fortunes"
_BRAILCOM_PH: Final[str] = "GPL-2.0-or-later (Brailcom); texts: Debian fortunes"
_SUOPUHE: Final[str] = "LGPL-2+ (Suopuhe, universities of Helsinki and Joensuu); texts: Debian fortunes"
_IFM: Final[str] = "GPL-2.0-or-later (Italian FESTIVAL Modules, CNR and IRST); texts: Debian fortunes"
_SHMYREV: Final[str] = "BSD-like (Nickolay V. Shmyrev); texts: Debian fortunes"
OTHER_TONGUES: Final[tuple[Voice, ...]] = (
    Voice("czech_dita", "festival", "train", 0.0, _BRAILCOM, "cs", "festvox-czech-dita"),
    Voice("czech_krb", "festival", "train", 0.0, _BRAILCOM, "cs", "festvox-czech-krb"),
    Voice("czech_machac", "festival", "train", 0.0, _BRAILCOM, "cs", "festvox-czech-machac"),
    Voice("czech_ph", "festival", "train", 0.0, _BRAILCOM_PH, "cs", "festvox-czech-ph"),
    Voice("suo_fi_lj_diphone", "festival", "train", 0.0, _SUOPUHE, "fi", "festvox-suopuhe-lj"),
    Voice("hy_fi_mv_diphone", "festival", "train", 0.0, _SUOPUHE, "fi", "festvox-suopuhe-mv"),
    Voice("lp_diphone", "festival", "train", 0.0, _IFM, "it", "festvox-italp16k"),
    Voice("pc_diphone", "festival", "train", 0.0, _IFM, "it", "festvox-itapc16k"),
    Voice("msu_ru_nsh_clunits", "festival", "train", 0.0, _SHMYREV, "ru", "festvox-ru"),
)
"""From Debian main, used where they are installed: nine more persons, one a child, who tell their phones. Left out: the
Catalan voice, whose b between vowels is no closure and has no name of its own, and those of India, whose stops have
more kinds than the project's phones."""
FOREIGN: Final[frozenset[str]] = frozenset(voice.name for voice in OTHER_TONGUES)
"""Their names. What their labels are sure of is where lips meet; vowels are of other languages."""
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

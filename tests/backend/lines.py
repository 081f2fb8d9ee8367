"""Lines to perform without a sound file: phones at an even pace with the prosody of a plain statement."""

from __future__ import annotations

import numpy as np

from addon.core.emotion import EmotionTrack
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.rules.layers import Line
from backend.speech.phones import SILENCE, Phone

SHA = "5011" * 16
MAMA_PAPA = "SIL M AA M AH B IY SIL P AA P AH SIL B AO B F AY V M UW V Z SIL W IY M EH T SIL".split()


def phones_of(names: list[str], pace: float = 0.09, pause: float = 0.3) -> tuple[Phone, ...]:
    """Phones one after the other, `pace` seconds each and `pause` seconds for silence."""
    ends = np.cumsum([pause if name == SILENCE else pace for name in names])
    return tuple(Phone(n, float(s), float(e)) for n, s, e in zip(names, [0.0, *ends[:-1]], ends, strict=True))


def prosody_of(phones: tuple[Phone, ...]) -> Prosody:
    """Loudness 30 dB above the silence, a falling pitch with a bump on every vowel."""
    at = np.arange(int(phones[-1].end * PROSODY_RATE)) / PROSODY_RATE
    spoken = np.zeros(len(at), dtype=bool)
    for phone in phones:
        if phone.name != SILENCE:
            spoken[(at >= phone.start) & (at < phone.end)] = True
    wave = np.sin(2 * np.pi * 1.7 * at)
    return Prosody(
        loudness_db=np.where(spoken, -20.0 + 4.0 * wave, -60.0),
        f0_hz=np.where(spoken, 120.0 - 4.0 * at + 12.0 * wave, 0.0),
        speech=spoken,
    )


def line_of(names: list[str], emotion: EmotionTrack | str = "neutral", intensity: float = 1.0, **pace: float) -> Line:
    """A line of phones with its prosody and a constant emotion, or a track."""
    phones = phones_of(names, **pace)
    track = emotion if isinstance(emotion, EmotionTrack) else EmotionTrack.constant(emotion, intensity)
    return Line(SHA, phones[-1].end, phones, prosody_of(phones), track)


def at_centres(values: np.ndarray, line: Line, fps: float, kinds: frozenset[str]) -> np.ndarray:
    """`values` (T, ...) on the frames nearest to the centres of the phones in `kinds`."""
    frames = [min(round(p.centre * fps), len(values) - 1) for p in line.phones if p.name in kinds]
    return values[frames]

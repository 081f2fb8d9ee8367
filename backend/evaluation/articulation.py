"""Whether the right mouth shape is seen at the right time: visemes on frames, opening curves beside a reference.

Visemes are the fifteen of `backend.speech.visemes`. Truth is forced alignment of the known text, whose own ceiling on
real speech is about 0.82 to 0.85 of the frames (two alignments of one recording agree no better).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from addon.core.performance import Performance
from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.face.landmarks import inner_lip_gap, mouth_width
from backend.speech.phones import Phone
from backend.speech.visemes import visemes_of

from .signals import common_frames, labels_at, pearson

FRAME_RATE: Final[float] = 100.0
"""Frames per second on which visemes are compared: finer than any performance, so that the rate does not matter."""
REST: Final[str] = "sil"
OPENNESS: Final[Mapping[str, float]] = {
    "sil": 0.0, "PP": 0.0, "FF": 0.1, "TH": 0.2, "DD": 0.25, "kk": 0.3, "CH": 0.2, "SS": 0.15, "nn": 0.25, "RR": 0.3,
    "aa": 1.0, "E": 0.7, "I": 0.35, "O": 0.68, "U": 0.25,
}  # fmt: skip
"""How open each viseme is, 0 shut to 1 wide: targets set by hand, not lips as measured, which are the rules' own.
a, e, o, k, ch and s are those with which the reading of audio was first measured (a prototype network of 0.65 M weights
reached r 0.78 on a clean reader, a phone recogniser 0.80); the others are chosen between."""
BLEND: Final[float] = 0.04
"""Seconds; standard deviation of the Gaussian that leads the mouth from one viseme to the next."""
OPEN: Final[float] = 0.04
"""IOD; an inner-lip gap above twice `CLOSED_LIPS` is seen as an open mouth."""
RANGE_DB: Final[float] = 40.0
"""Loudness further below its own top is silence: the envelope is cut there."""


@dataclass(frozen=True)
class VisemeFrames:
    """Counts of frames: `right` of `total`, and of those where the alignment speaks `right_speech` of `speech`."""

    right: int = 0
    total: int = 0
    right_speech: int = 0
    speech: int = 0

    def __add__(self, other: VisemeFrames) -> VisemeFrames:
        """Counts of both together."""
        return VisemeFrames(
            self.right + other.right,
            self.total + other.total,
            self.right_speech + other.right_speech,
            self.speech + other.speech,
        )

    @property
    def accuracy(self) -> float:
        """Share of all frames; nan without any."""
        return self.right / self.total if self.total else float("nan")

    @property
    def speech_accuracy(self) -> float:
        """Share of the frames in which the alignment speaks; nan without any."""
        return self.right_speech / self.speech if self.speech else float("nan")


def viseme_frames(
    said: Sequence[tuple[str, float, float]], truth: Sequence[tuple[str, float, float]], duration: float
) -> VisemeFrames:
    """Compare visemes (name, start, end) with the true ones on every 10 ms of `duration` seconds."""
    ours, theirs = (_on_frames(spans, duration) for spans in (said, truth))
    right, speech = ours == theirs, theirs != REST
    return VisemeFrames(int(right.sum()), len(ours), int((right & speech).sum()), int(speech.sum()))


def viseme_opening_correlation(
    said: Sequence[tuple[str, float, float]], truth: Sequence[tuple[str, float, float]], duration: float
) -> float:
    """Pearson r over `duration` seconds of two opening curves, each blended from how open (`OPENNESS`) its visemes
    (name, start, end) are: what was heard of the opening, whatever a face makes of it.
    """
    ours, theirs = (
        gaussian_filter1d([OPENNESS[str(name)] for name in _on_frames(spans, duration)], BLEND * FRAME_RATE)
        for spans in (said, truth)
    )
    return pearson(ours, theirs)


def _on_frames(spans: Sequence[tuple[str, float, float]], duration: float) -> np.ndarray:
    return labels_at(spans, (np.arange(int(duration * FRAME_RATE)) + 0.5) / FRAME_RATE, REST)


def visemes_in(performance: Performance) -> list[tuple[str, float, float]] | None:
    """The visemes that a performance names in its meta, or those of its phones; None where its engine names neither."""
    if "visemes" in performance.meta:
        return [(str(n), float(s), float(e)) for n, s, e in performance.meta["visemes"]]
    if "phones" in performance.meta:
        return spans_of([Phone(str(n), float(s), float(e)) for n, s, e in performance.meta["phones"]])
    return None


def spans_of(phones: Sequence[Phone]) -> list[tuple[str, float, float]]:
    """Visemes (name, start, end) of phones."""
    return [(v.name, v.start, v.end) for v in visemes_of(phones)]


@dataclass(frozen=True)
class MouthFit:
    """How a mouth goes with a reference's: r of the inner-lip gap and of the mouth's width, and by what factor each
    ranges further than the reference's (5th to 95th percentile): below 1 it mumbles, above 1 it overacts.
    """

    opening_r: float
    width_r: float
    opening_range: float
    width_range: float


def mouth_fit(performed: Performance, reference: Performance) -> MouthFit:
    """Over the frames that both have, at lag 0."""
    count = common_frames(performed, reference)
    ours, theirs = performed.landmarks[:count], reference.landmarks[:count]
    gaps, widths = ((measure(ours), measure(theirs)) for measure in (inner_lip_gap, mouth_width))
    return MouthFit(pearson(*gaps), pearson(*widths), _range(gaps[0], gaps[1]), _range(widths[0], widths[1]))


def _range(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The range of (T,) beside another's; nan where the other stands still."""
    mine, other = (float(np.subtract(*np.percentile(signal, [95, 5]))) for signal in (ours, theirs))
    return mine / other if other > 1e-9 else float("nan")


@dataclass(frozen=True)
class SoundFollowing:
    """How a mouth goes with a sound whose words nobody knows: `loudness_r` of gap and envelope, shares of open frames.

    `open_inside` and `open_outside` are shares of frames with a gap above `OPEN` where voice activity finds speech and
    where it does not; nan where there are no such frames.
    """

    loudness_r: float
    open_inside: float
    open_outside: float


def follow_sound(performance: Performance, prosody: Prosody) -> SoundFollowing:
    """The opening against the loudness of any language, on the performance's frames."""
    gap = inner_lip_gap(performance.landmarks).astype(np.float64)
    at = np.arange(len(prosody.loudness_db)) / PROSODY_RATE
    envelope = np.maximum(prosody.loudness_db, prosody.loudness_db.max() - RANGE_DB)
    loudness = np.interp(performance.times, at, envelope)
    inside = np.interp(performance.times, at, prosody.speech.astype(np.float64)) > 0.5
    opened = gap > OPEN
    return SoundFollowing(pearson(gap, loudness), _share(opened[inside]), _share(opened[~inside]))


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")

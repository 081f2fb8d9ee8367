"""Coarticulation: phones to speech channels by dominance functions with the JALI constraints.

Every phone pulls the mouth towards its target with a dominance that holds during the phone and falls off
exponentially outside it (Cohen & Massaro 1993): F(t) = sum D_i(t) T_i / sum D_i(t). Jaw, rounding, lips and tongue are
separate articulators with their own dominance, so that a tongue-only phone leaves the lips to its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS, indices
from addon.core.curves import smooth
from backend.speech.phones import SILENCE, Phone
from backend.speech.visemes import DIPHTHONG_SPLIT

from .calibration import articulation_targets
from .tables import table

ARTICULATORS: Final[tuple[str, ...]] = ("jaw", "round", "lips", "tongue")
ARTICULATOR_CHANNELS: Final[Mapping[str, list[int]]] = {
    "jaw": indices("jawOpen", "jawForward"),
    "round": indices("mouthPucker", "mouthFunnel", "mouthStretch", "mouthSmile", "mouthDimple"),
    "lips": indices(
        "mouthPress", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthLowerDown",
        "mouthUpperUp",
    ),
    "tongue": indices("tongueOut"),
}  # fmt: skip
VOWELS: Final[frozenset[str]] = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
REST_DOMINANCE: Final[float] = 0.02
"""What pulls to rest where no phone is near: small against any phone, so that it shows only in long silence."""
MIN_RATE: Final[float] = 100.0
"""Samples per second at least, so that a 50 ms closure is seen before it is sampled at the frame rate."""


@dataclass(frozen=True, eq=False)
class Gestures:
    """The articulatory gestures of a line, N of them: `start`, `end` s; `channels` (N,52); `dominance` (N,4).

    `rate` (N,) is the fall of dominance per second, `extend` (N,) how much longer rounding lasts on both sides, s.
    """

    start: np.ndarray
    end: np.ndarray
    channels: np.ndarray
    dominance: np.ndarray
    rate: np.ndarray
    extend: np.ndarray


def speech_channels(phones: Sequence[Phone], times: np.ndarray, fps: float) -> np.ndarray:
    """The speech layer: (T,52) float64 channels in 0..1 at `times`, which lie 1 / fps apart from 0."""
    step = int(np.ceil(MIN_RATE / fps))
    dense = np.arange((len(times) - 1) * step + 1) / (fps * step)
    gestures = gestures_of(merge_repeats(phones))
    channels = np.zeros((len(dense), len(CHANNELS)))
    for column, articulator in enumerate(ARTICULATORS):
        targets = ARTICULATOR_CHANNELS[articulator]
        extend = gestures.extend if articulator == "round" else np.zeros_like(gestures.extend)
        frame, gesture, pull = dominance(gestures, gestures.dominance[:, column], extend, dense)
        weighted = pull[:, None] * gestures.channels[gesture][:, targets]
        total = np.bincount(frame, pull, minlength=len(dense)) + REST_DOMINANCE
        for k, channel in enumerate(targets):
            channels[:, channel] = np.bincount(frame, weighted[:, k], minlength=len(dense)) / total
    smoothed = smooth(channels, fps * step, table("visemes")["timing"]["smoothing"])
    return np.clip(smoothed.astype(np.float64), 0.0, 1.0)[::step]


def dominance(
    gestures: Gestures, strength: np.ndarray, extend: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dominance of every gesture on the frames it reaches, as (frame, gesture, dominance) triplets.

    Beyond a fall to 1 % of its strength a gesture is left out.
    """
    rate_hz = 1.0 / (times[1] - times[0]) if len(times) > 1 else 1.0
    reach = np.log(100.0) / gestures.rate + extend
    first = np.clip(np.floor((gestures.start - reach) * rate_hz), 0, len(times)).astype(np.int64)
    last = np.clip(np.ceil((gestures.end + reach) * rate_hz), 0, len(times) - 1).astype(np.int64)
    count = np.maximum(last - first + 1, 0)
    gesture = np.repeat(np.arange(len(count)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    frame = first[gesture] + offset
    at = times[frame]
    outside = np.maximum(gestures.start[gesture] - extend[gesture] - at, at - gestures.end[gesture] - extend[gesture])
    return frame, gesture, strength[gesture] * np.exp(-gestures.rate[gesture] * np.maximum(outside, 0.0))


def merge_repeats(phones: Sequence[Phone]) -> list[Phone]:
    """Phones with neighbours of one name joined: duplicates merge across a word boundary (JALI)."""
    merged: list[Phone] = []
    for phone in phones:
        if merged and merged[-1].name == phone.name:
            merged[-1] = Phone(phone.name, merged[-1].start, phone.end)
        else:
            merged.append(phone)
    return merged


def gestures_of(phones: Sequence[Phone]) -> Gestures:
    """Phones to gestures: diphthongs become two, each gets its targets, dominance, rate and extension."""
    timing = table("visemes")["timing"]
    parts = [part for k, phone in enumerate(phones) for part in _parts(phone, inside=0 < k < len(phones) - 1)]
    start = np.array([part[1] for part in parts])
    end = np.array([part[2] for part in parts])
    duration = np.maximum(end - start, 0.01)
    row = np.array([_class_index()[part[0]] for part in parts], dtype=np.int64)
    vowel = np.array([part[3] in VOWELS for part in parts])
    silent = np.array([part[3] == SILENCE for part in parts])
    heavy = np.array([part[3] in table("visemes")["lip_heavy"] for part in parts])
    targets = articulation_targets()
    strength = targets.hold[row].copy()
    short = ~vowel & ~silent & (duration < timing["short_obstruent"])
    closing = np.isin(row, [_class_index()[c] for c in ("PP", "FF")])
    jaw_scale = np.where(short & ~closing, (duration / timing["short_obstruent"]) ** 2, 1.0)
    strength[:, 0] *= jaw_scale
    strength[silent] *= np.clip(duration[silent, None] / timing["short_pause"], 0.1, 1.0)
    rate = np.where(vowel | silent, timing["vowel_rate"], timing["consonant_rate"])
    rate = rate * np.sqrt(timing["reference_duration"] / np.clip(duration, 0.03, 0.5))
    trim = 0.5 * (1.0 - timing["hold_share"]) * duration
    return Gestures(
        start=start + trim - timing["anticipation"],
        end=end - trim - timing["anticipation"],
        channels=targets.channels[row],
        dominance=strength,
        rate=rate,
        extend=np.where(heavy, 0.5 * timing["protrusion_extension"], 0.0),
    )


def _parts(phone: Phone, inside: bool) -> list[tuple[str, float, float, str]]:
    """(class, start, end, phone) of a phone, which lies `inside` the line or at an edge of it."""
    classes = table("visemes")["phones"].get(phone.name, ["sil"])
    if phone.name == SILENCE and inside and phone.duration < table("visemes")["timing"]["inner_pause"]:
        classes = ["pause"]
    if len(classes) == 1:
        return [(classes[0], phone.start, phone.end, phone.name)]
    middle = phone.start + DIPHTHONG_SPLIT * phone.duration
    return [(classes[0], phone.start, middle, phone.name), (classes[1], middle, phone.end, phone.name)]


@cache
def _class_index() -> dict[str, int]:
    return {name: index for index, name in enumerate(articulation_targets().names)}

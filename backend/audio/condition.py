"""Condition of samples: what is broken in them, which channels to keep, how loud they are. Pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

FULL_SCALE: Final[float] = 0.992
"""Magnitude that counts as full scale: the largest positive value of 8-bit samples is 127/128."""
CLIPPED_SHARE: Final[float] = 2e-4
"""Share of flat full-scale samples from which the artist is told; 20 samples in a second at 96 kHz."""
SILENT_PEAK: Final[float] = 1e-4
"""-80 dB re full scale: below the noise floor of any recording that was meant to be heard."""
UNUSED_CHANNEL: Final[float] = 1e-4
"""A channel this much weaker than the strongest one (power, -40 dB) holds bleed or nothing."""
CANCELLED: Final[float] = 0.25
"""A mix this much weaker (power) than one of unrelated channels would be has cancelled itself."""
FAR_TOO_LOUD: Final[float] = 1.5
"""Peak re full scale beyond what lossy codecs overshoot: the numbers of the file are wrong."""
LARGEST: Final[float] = 1e6
"""Magnitudes beyond this are no sound in any convention of levels; they are taken as not finite."""


@dataclass
class SampleAudit:
    """Counts what is wrong with samples as they pass: `total`, `not_finite` and `clipped` samples."""

    total: int = 0
    not_finite: int = 0
    clipped: int = 0

    def clean(self, block: np.ndarray) -> np.ndarray:
        """The block (n, C) with everything that is not a usable number replaced by zero; counts it and clipping."""
        usable = np.abs(block) <= LARGEST  # False for NaN too
        bad = block.size - int(np.count_nonzero(usable))
        self.total += block.size
        self.not_finite += bad
        self.clipped += count_clipped(block)
        return np.where(usable, block, np.float32(0.0)) if bad else block

    @property
    def mostly_not_finite(self) -> bool:
        """More than half of the samples are not numbers."""
        return self.not_finite * 2 > self.total

    def warnings(self) -> tuple[str, ...]:
        """Sentences for the artist, none when all is well."""
        found: list[str] = []
        if self.not_finite:
            found.append(f"{self.not_finite} samples are not numbers (NaN or infinite) and were taken as silence.")
        if self.clipped >= 3 and self.clipped > CLIPPED_SHARE * self.total:
            found.append("The sound is clipped: its loudest parts are cut flat. Record or export it more quietly.")
        return tuple(found)


def count_clipped(block: np.ndarray) -> int:
    """Samples of (n, C) that continue a flat run of at least three at full scale.

    Equality within the run tells clipping from a loud peak; samples beyond 1 (floating point) are not cut.
    """
    size = np.abs(block)
    flat = (block[1:] == block[:-1]) & (size[1:] >= FULL_SCALE) & (size[1:] <= 1.0)
    return int(np.count_nonzero(flat[1:] & flat[:-1]))


def mix_to_mono(channels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """One channel (n,) from (C, n), and warnings.

    The mean of the channels that hold sound. A channel 40 dB below the strongest is left out, so that a voice on one
    side keeps its level; where the mean would cancel (a channel with inverted phase), the strongest channel is taken.
    """
    if len(channels) == 1:
        return channels[0], ()
    power = np.array([np.var(channel) for channel in channels])
    used = channels[power >= UNUSED_CHANNEL * power.max()]
    mean = used.mean(axis=0)
    if len(used) > 1 and np.var(mean) < CANCELLED * power[power >= UNUSED_CHANNEL * power.max()].mean() / len(used):
        return channels[int(np.argmax(power > 0.99 * power.max()))], (
            "The channels of the sound cancel each other (one has inverted phase); the strongest one was used.",
        )
    return mean, ()


def level(mono: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The samples (n,) as float32 in -1..1 without their mean, and warnings about silence or excess."""
    centred = np.ascontiguousarray(mono - mono.mean(dtype=np.float64), dtype=np.float32)
    peak = float(np.abs(centred).max())
    if peak < SILENT_PEAK:
        return centred, ("The sound is silent; the face will rest. Check that the right file was chosen.",)
    if peak <= 1.0:
        return centred, ()
    warnings = (
        (f"The sound is {20 * np.log10(peak):.0f} dB above full scale and was turned down.",)
        if peak > FAR_TOO_LOUD
        else ()
    )
    return centred / np.float32(peak), warnings

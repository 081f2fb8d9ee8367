"""Clips in which nobody speaks: silence and noises under which the mouth stays at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from scipy.signal import butter, sosfilt

from backend.audio.sound import SAMPLE_RATE
from backend.speech.phones import SILENCE, Phone

from .batch import Batch
from .manifest import Dropped, Material

SECONDS: Final[tuple[float, float]] = (2.0, 6.0)
LEVEL_DB: Final[tuple[float, float]] = (-60.0, -20.0)
"""Level of the noise, RMS relative to full scale: a quiet room to a loud street."""
COUNTS: Final[Mapping[str, int]] = {"train": 150, "validation": 15, "test": 15}
"""About one clip in twenty of the corpus."""
BATCH: Final[int] = 15

Noise = Callable[[int, np.random.Generator], np.ndarray]
"""(samples, generator) to a noise (n,) float64 of any level."""


def coloured(count: int, rng: np.random.Generator, slope: float) -> np.ndarray:
    """Noise whose power falls with frequency to the power of `slope`: 0 white, 1 pink, 2 brown; flat below 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum * np.maximum(hertz, 20.0) ** (-slope / 2), count)


def _silence(count: int, rng: np.random.Generator) -> np.ndarray:
    """Muted: nothing, or in half the clips the last bit flickering."""
    return rng.integers(0, 2, count) * (rng.random() < 0.5) / 32768.0


def _hum(count: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with falling harmonics and a little hiss."""
    base = float(rng.choice([50.0, 60.0]))
    at = np.arange(count) / SAMPLE_RATE
    tones = [
        rng.uniform(0.2, 1.0) / k * np.sin(2 * np.pi * base * k * at + rng.uniform(0, 2 * np.pi)) for k in range(1, 9)
    ]
    return np.sum(tones, axis=0) + 0.02 * rng.standard_normal(count)


def _clicks(count: int, rng: np.random.Generator) -> np.ndarray:
    """Keys, taps and crackle: short decaying bursts at random over a faint hiss."""
    noise = 0.003 * rng.standard_normal(count)
    length = SAMPLE_RATE // 20
    for start in rng.integers(0, max(1, count - length), rng.integers(3, 30)):
        burst = rng.standard_normal(length) * np.exp(-np.arange(length) / (SAMPLE_RATE * rng.uniform(0.001, 0.012)))
        noise[start : start + length] += rng.uniform(0.1, 1.0) * burst[: count - start]
    return noise


def _breath(count: int, rng: np.random.Generator) -> np.ndarray:
    """Breathing: noise of 300 to 3500 Hz that swells and fades a few times."""
    hiss = _band(rng.standard_normal(count), float(rng.uniform(200, 500)), float(rng.uniform(2500, 4500)))
    at = np.arange(count) / SAMPLE_RATE
    swell = np.maximum(0.0, np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * at + rng.uniform(0, 2 * np.pi))) ** 1.5
    return hiss * (swell + 0.01)


def _melody(count: int, rng: np.random.Generator) -> np.ndarray:
    """Notes of a plucked or blown instrument one after the other."""
    return _notes(count, rng, voices=1)


def _chords(count: int, rng: np.random.Generator) -> np.ndarray:
    """Chords with a drum beat."""
    beat = max(1, round(SAMPLE_RATE * rng.uniform(0.25, 0.6)))
    drum = rng.standard_normal(count) * np.exp(-(np.arange(count) % beat) / (0.02 * SAMPLE_RATE))
    return _notes(count, rng, voices=3) + rng.uniform(0.1, 0.6) * drum


def _notes(count: int, rng: np.random.Generator, voices: int) -> np.ndarray:
    music = np.zeros(count)
    decay = rng.uniform(0.1, 0.8)
    for _ in range(voices):
        start = 0
        while start < count:
            length = min(count - start, round(SAMPLE_RATE * rng.uniform(0.12, 0.7)))
            at = np.arange(length) / SAMPLE_RATE
            pitch = 110.0 * 2.0 ** (rng.integers(0, 37) / 12)
            for k in range(1, 7):
                if pitch * k < SAMPLE_RATE / 2:
                    music[start : start + length] += np.sin(2 * np.pi * pitch * k * at) * np.exp(-at / decay) / k**1.5
            start += length
    return music


def _wind(count: int, rng: np.random.Generator) -> np.ndarray:
    """Wind and passing cars: low noise that comes and goes slowly."""
    swell = np.interp(np.arange(count), np.linspace(0, count, 8), rng.uniform(0.05, 1.0, 8))
    return coloured(count, rng, 2.5) * swell


def _fan(count: int, rng: np.random.Generator) -> np.ndarray:
    """A fan or a computer: pink noise, and a tone of its motor."""
    at = np.arange(count) / SAMPLE_RATE
    noise = coloured(count, rng, 1.3)
    return noise / noise.std() + rng.uniform(0.05, 0.5) * np.sin(2 * np.pi * rng.uniform(90, 900) * at)


def _band(noise: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.asarray(sosfilt(butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), noise))


NOISES: Final[Mapping[str, Mapping[str, Noise]]] = {
    "train": {
        "silence": _silence,
        "hum": _hum,
        "white": lambda count, rng: coloured(count, rng, 0.0),
        "pink": lambda count, rng: coloured(count, rng, 1.0),
        "clicks": _clicks,
        "breath": _breath,
        "melody": _melody,
    },
    "validation": {"brown": lambda count, rng: coloured(count, rng, 2.0), "fan": _fan},
    "test": {"wind": _wind, "chords": _chords},
}
"""The kinds of noise of each split: a kind is a voice, and like a voice it is in one split alone."""


def quiet_batches(seed: int, limit: int | None) -> list[Batch]:
    """Batches of quiet clips; `limit` is the most of a split."""
    batches: list[Batch] = []
    for split, kinds in NOISES.items():
        names = [list(kinds)[k % len(kinds)] for k in range(COUNTS[split])][:limit]
        items = [(f"quiet-{split}-{k:04d}", name, k) for k, name in enumerate(names)]
        batches += [_batch(split, items[k : k + BATCH], seed) for k in range(0, len(items), BATCH)]
    return batches


def _batch(split: str, items: list[tuple[str, str, int]], seed: int) -> Batch:
    def make(wanted: frozenset[str]) -> Iterator[Material | Dropped]:
        for name, kind, number in items:
            if name in wanted:
                rng = np.random.default_rng((seed, list(NOISES).index(split), number))
                samples = quiet_sound(NOISES[split][kind], rng, audible=kind != "silence")
                phones = (Phone(SILENCE, 0.0, len(samples) / SAMPLE_RATE),)
                yield Material(name, "quiet", kind, split, "", "made here (GPL-3.0-or-later)", samples, phones)

    return Batch("quiet", tuple(name for name, _, _ in items), make)


def quiet_sound(noise: Noise, rng: np.random.Generator, audible: bool = True) -> np.ndarray:
    """2 to 6 s of a noise (n,) float32; where it is `audible`, at a level out of `LEVEL_DB`."""
    samples = noise(round(rng.uniform(*SECONDS) * SAMPLE_RATE), rng)
    if audible:
        samples = samples * (10 ** (rng.uniform(*LEVEL_DB) / 20) / max(float(samples.std()), 1e-9))
    return np.clip(samples, -1.0, 1.0).astype(np.float32)

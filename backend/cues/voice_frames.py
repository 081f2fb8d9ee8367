"""What a voice sounds like, frame by frame: loudness, pitch, colour and clarity, for reading the emotion in it.

All frames are at prosody's rate (50 a second). Everything is relative to the line's own level, so that the gain of a
recording does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from backend.audio.prosody import PROSODY_RATE, Prosody
from backend.audio.sound import SAMPLE_RATE, Sound

WINDOW: Final[int] = 1024
"""Samples: 64 ms, which tells the harmonics of a voice from 65 Hz on apart (a Hann window's main lobe is 62 Hz)."""
SHORT_WINDOW: Final[int] = 400
"""Samples: 25 ms, the customary window for the colour of a sound and how it changes."""
SHORT_FFT: Final[int] = 512
BLOCK: Final[int] = 512
"""Frames taken at once, so that the work of a long line stays in the cache."""
LEVEL_PERCENTILE: Final[float] = 75.0
"""Of the loudness of speech frames: the line's level. Vowels decide it, not pauses or the one loudest word."""
FLOOR: Final[float] = 1e-7
"""Power of a bin re that of the whole frame at the line's level, -70 dB: what is softer is the room's, not the
voice's."""
BAND_FLOOR: Final[float] = 2e-6
"""The same for the mean power of the bins of a mel band; the strongest band of a loud vowel lies some 50 dB above it.

Both were chosen by leave-one-speaker-out: with a band floor 8 dB lower noise gets in, and anger is heard less often.
"""
MEL_BANDS: Final[int] = 40
CEPSTRA: Final[int] = 14
BAND_EDGES: Final[tuple[float, ...]] = (0.0, 400.0, 1000.0, 2000.0, 3500.0, 8000.0)
"""Hz; first formant and below, its upper range, second formant, third and fourth, fricatives."""
PITCH_REFERENCE: Final[float] = 100.0
"""Hz that count as 0 semitones."""
CLARITY_HIGHEST: Final[float] = 4_000.0
"""Hz up to which harmonics are looked for."""
CLARITY_PITCH: Final[tuple[float, float]] = (60.0, 520.0)

_HOP: Final[int] = SAMPLE_RATE // PROSODY_RATE
_BIN: Final[float] = SAMPLE_RATE / WINDOW


@dataclass(frozen=True, eq=False)
class VoiceFrames:
    """Frame features of a line, N frames at 50 a second.

    `loudness` (N,) dB re the line's level; `pitch` (N,) semitones re 100 Hz, 0 where unvoiced; `speech`, `voiced` (N,)
    bool; `cepstrum` (N,14) of 40 log-mel bands, the first is their sum; `bands` (N,5) log shares of the mel bands
    between `BAND_EDGES`; `centroid` (N,) log of the mean Hz of the mel bands, weighted by power; `flux` (N,) mean
    change of a log-mel band since the frame before; `clarity` (N,) log ratio of the pitch's cepstral peak to the
    median; `source` (N,4) log power of the first harmonic re the second, of the second re the fourth, of the first re
    1 to 2 kHz and re 2 to 3.5 kHz: how hard the vocal folds close.
    """

    loudness: np.ndarray
    pitch: np.ndarray
    speech: np.ndarray
    voiced: np.ndarray
    cepstrum: np.ndarray
    bands: np.ndarray
    centroid: np.ndarray
    flux: np.ndarray
    clarity: np.ndarray
    source: np.ndarray

    def span(self, first: int, end: int) -> VoiceFrames:
        """The frames first..end-1."""
        return VoiceFrames(**{field.name: getattr(self, field.name)[first:end] for field in fields(self)})


def voice_frames(sound: Sound, prosody: Prosody) -> VoiceFrames | None:
    """Frame features of a line, None where nobody speaks."""
    if not prosody.speech.any():
        return None
    level = float(np.percentile(prosody.loudness_db[prosody.speech], LEVEL_PERCENTILE))
    frames = len(prosody.speech)
    padded = np.zeros(max((frames - 1) * _HOP + WINDOW, len(sound.samples) + WINDOW // 2), dtype=np.float32)
    padded[WINDOW // 2 : WINDOW // 2 + len(sound.samples)] = sound.samples
    padded *= np.float32(10.0 ** (-level / 20.0))
    segments = sliding_window_view(padded, WINDOW)[::_HOP][:frames]
    blocks = [
        (*_colour(segments[at : at + BLOCK]), *_quality(segments[at : at + BLOCK], prosody.f0_hz[at : at + BLOCK]))
        for at in range(0, frames, BLOCK)
    ]
    mel, bands, centroid, clarity, source = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    voiced = prosody.f0_hz > 0
    pitch = 12.0 * np.log2(np.where(voiced, prosody.f0_hz, PITCH_REFERENCE) / PITCH_REFERENCE)
    change = np.abs(np.diff(mel, axis=0, prepend=mel[:1])).mean(axis=1)
    cepstrum = np.asarray(scipy.fft.dct(mel, type=2, norm="ortho", axis=1))[:, :CEPSTRA]
    loudness = prosody.loudness_db - np.float32(level)
    return VoiceFrames(loudness, pitch, prosody.speech, voiced, cepstrum, bands, centroid, change, clarity, source)


def _colour(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-mel (N,40), band shares (N,5) and centroid (N,) of the middle 25 ms of (N,1024) samples."""
    first = (WINDOW - SHORT_WINDOW) // 2
    power = _power(segments[:, first : first + SHORT_WINDOW], _hann(SHORT_WINDOW), SHORT_FFT)
    energy = np.maximum(power @ _mel_matrix(), BAND_FLOOR)
    total = energy.sum(axis=1, keepdims=True)
    bands = np.log(np.add.reduceat(energy, _band_starts(), axis=1) / total)
    centroid = np.log((energy @ _mel_centres()) / total[:, 0])
    return np.log(energy), bands, centroid


def _quality(segments: np.ndarray, f0_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clarity (N,) and source (N,4) of (N,1024) samples."""
    power = _power(segments, _hann(WINDOW), WINDOW)
    return _clarity(power), _source(power, f0_hz)


def _power(segments: np.ndarray, window: np.ndarray, size: int) -> np.ndarray:
    """(N,size/2+1) power of the bins, which sums to the mean square of the samples."""
    spectrum = np.asarray(scipy.fft.rfft(segments * window, size, axis=1))
    power = spectrum.real**2 + spectrum.imag**2
    return power * np.float32(2.0 / (size * float(np.sum(window**2))))


def _clarity(power: np.ndarray) -> np.ndarray:
    """Cepstral peak prominence (N,): the strongest ripple of the log spectrum at a pitch's spacing, re the median.

    After Hillenbrand, Cleveland & Erickson 1994 ("Acoustic correlates of breathy vocal quality"), with the median of
    the ripples in place of their regression line.
    """
    count = int(CLARITY_HIGHEST / _BIN)
    ripples = np.abs(np.asarray(scipy.fft.dct(np.log(power[:, 2 : count + 2] + FLOOR), axis=1, norm="ortho")))
    index = np.arange(1, count)
    pitch = 2.0 * CLARITY_HIGHEST / index
    inside = index[(pitch > CLARITY_PITCH[0]) & (pitch < CLARITY_PITCH[1])]
    chosen = ripples[:, inside[0] : inside[-1] + 1]
    return np.log((chosen.max(axis=1) + 0.01) / (np.median(chosen, axis=1) + 0.01))


def _source(power: np.ndarray, f0_hz: np.ndarray) -> np.ndarray:
    """Harmonics against each other and against formant bands, (N,4) natural logarithms; see `VoiceFrames.source`."""
    harmonic = [_at_harmonic(power, f0_hz, number) for number in (1, 2, 4)]
    formant = [
        np.log(power[:, int(low / _BIN) : int(high / _BIN)].sum(axis=1) + FLOOR)
        for low, high in ((1_000.0, 2_000.0), (2_000.0, 3_500.0))
    ]
    first, second, fourth = harmonic
    return np.stack([first - second, second - fourth, first - formant[0], first - formant[1]], axis=1)


def _at_harmonic(power: np.ndarray, f0_hz: np.ndarray, number: int) -> np.ndarray:
    centre = np.clip(np.rint(number * f0_hz / _BIN).astype(np.int64), 1, power.shape[1] - 2)
    rows = np.arange(len(power))
    return np.log(power[rows, centre - 1] + power[rows, centre] + power[rows, centre + 1] + FLOOR)


@cache
def _hann(count: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(count) / count)).astype(np.float32)


@cache
def _band_starts() -> np.ndarray:
    """The first mel band of each of the bands."""
    return np.searchsorted(_mel_centres(), BAND_EDGES[:-1])


@cache
def _mel_centres() -> np.ndarray:
    return _mel_points()[1:-1].astype(np.float32)


def _mel_points() -> np.ndarray:
    """The 42 corners in Hz of 40 triangles from 50 Hz to 7.6 kHz.

    Evenly spaced in mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987).
    """
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (50.0, 7_600.0))
    return 700.0 * (10.0 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595.0) - 1.0)


@cache
def _mel_matrix() -> np.ndarray:
    """(257,40) triangles over the bins of the short spectrum, each of sum 1."""
    points = _mel_points()
    bins = np.arange(SHORT_FFT // 2 + 1)[:, None] * (SAMPLE_RATE / SHORT_FFT)
    rising = (bins - points[None, :-2]) / (points[1:-1] - points[:-2])
    falling = (points[None, 2:] - bins) / (points[2:] - points[1:-1])
    triangles = np.maximum(np.minimum(rising, falling), 0.0)
    return (triangles / triangles.sum(axis=0)).astype(np.float32)

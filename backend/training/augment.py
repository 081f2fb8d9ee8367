"""Hard augmentation: one clip becomes many rooms, microphones, speakers and noises.

Without it a network that learned from synthetic voices does not hold on real ones: augmentation is worth 8 points of
viseme frames on clean speech and 20 to 30 on noisy speech, mostly in telling silence. The ranges of speed and of
signal-to-noise ratio are those that this was measured with (see docs/training.md); the others are chosen so that
speech stays intelligible. Everything linear is one multiplication of the spectrum, which keeps it fast: 600 times real
time on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import resample_poly

from backend.audio.sound import SAMPLE_RATE
from backend.speech.phones import Phone

Range = tuple[float, float]

REFERENCE_DB: Final[float] = -26.0
"""Level of speech, RMS relative to full scale, that noise is set against where a clip is silent (ITU-T P.56's nominal
level of active speech)."""
ACTIVE_DB: Final[float] = -30.0
"""Stretches this far below the loudest are pauses: the level of speech is taken without them."""
SILENT: Final[float] = 1e-3
"""A clip whose level is below this, -60 dB, has no speech."""
STEP: Final[int] = 100
"""Speeds are multiples of 1 / STEP, which keeps the resampling filter short."""


@dataclass(frozen=True)
class AugmentConfig:
    """Ranges are uniform; each `*_chance` is the probability 0..1 that an effect is there at all.

    - `speed`: resampling, which moves pitch, formants and pace together: 0.82 to 1.25 is a child to a large man.
    - `tilt_db`: of the spectrum per octave about 1 kHz. `peaks`: most resonances of `peak_db` dB, about an octave wide.
    - `low_hz`, `high_hz`: band limits of telephones, radios and cheap microphones (a telephone has 300 to 3400 Hz).
    - `reverb_s`: time until a room has faded by 60 dB. `direct_db`: direct sound above the reverberation.
    - `noise_snr_db`, `babble_snr_db`: speech above coloured noise, and above other people who talk. `noise_slope`: of
      the noise power over frequency: 0 white, 1 pink, 2 brown. `babblers`: how many people.
    - `drive`: into the soft clip x -> tanh(drive x) / drive of an overdriven preamplifier, for a clip at full scale.
    - `gain_db`: of the whole, at the end; what passes full scale is cut off there.
    """

    speed_chance: float = 0.8
    speed: Range = (0.82, 1.25)
    tone_chance: float = 0.7
    tilt_db: Range = (-4.0, 4.0)
    peaks: int = 3
    peak_db: Range = (-10.0, 10.0)
    band_chance: float = 0.3
    low_hz: Range = (50.0, 400.0)
    high_hz: Range = (2800.0, 7000.0)
    room_chance: float = 0.5
    reverb_s: Range = (0.08, 0.8)
    direct_db: Range = (-3.0, 18.0)
    noise_chance: float = 0.7
    noise_snr_db: Range = (3.0, 35.0)
    noise_slope: Range = (0.0, 2.0)
    babble_chance: float = 0.3
    babble_snr_db: Range = (3.0, 35.0)
    babblers: tuple[int, int] = (2, 6)
    clip_chance: float = 0.2
    drive: Range = (1.0, 6.0)
    gain_chance: float = 0.9
    gain_db: Range = (-30.0, 6.0)


def augment(
    samples: np.ndarray,
    babble: Sequence[np.ndarray],
    rng: np.random.Generator,
    config: AugmentConfig | None = None,
) -> tuple[np.ndarray, float]:
    """A clip as it might have been recorded elsewhere, and the factor by which its times have grown.

    `samples` and every clip of `babble` are (n,) float32 at 16 kHz; the result is (m,) float32 in -1..1, and what was
    said at t is said at `factor` x t (see `scale_phones`). Nothing is delayed: the direct sound stays where it was.
    Babble is left out where no clips are handed in. One state of `rng`, one result.
    """
    config = config or AugmentConfig()
    sound = np.asarray(samples, dtype=np.float32)
    if len(sound) == 0:
        return sound, 1.0
    sound, factor = _resampled(sound, rng, config)
    level = speech_level(sound)
    sound = _coloured_by_place(sound, rng, config)
    sound = sound * (level / max(speech_level(sound), 1e-6)) if level else sound
    reference = level or 10 ** (REFERENCE_DB / 20)
    if rng.random() < config.noise_chance:
        noise = coloured_noise(len(sound), rng, float(rng.uniform(*config.noise_slope)))
        sound = sound + _at_ratio(noise, reference, float(rng.uniform(*config.noise_snr_db)))
    if babble and rng.random() < config.babble_chance:
        talk = _babble(len(sound), babble, rng, config)
        sound = sound + _at_ratio(talk, reference, float(rng.uniform(*config.babble_snr_db)))
    return _recorded(sound, rng, config), factor


def scale_phones(phones: Sequence[Phone], factor: float) -> tuple[Phone, ...]:
    """The phones of a clip after `augment`."""
    return tuple(Phone(p.name, p.start * factor, p.end * factor) for p in phones)


def speech_level(samples: np.ndarray) -> float:
    """RMS of the stretches of 20 ms within 30 dB of the loudest one; 0 below `SILENT`."""
    frame = SAMPLE_RATE // 50
    whole = len(samples) // frame * frame
    frames = samples[:whole].reshape(-1, frame) if whole else samples[None]
    power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    level = float(np.sqrt(power[power >= power.max() * 10 ** (ACTIVE_DB / 10)].mean()))
    return level if level >= SILENT else 0.0


def coloured_noise(count: int, rng: np.random.Generator, slope: float) -> np.ndarray:
    """Noise (count,) float32 whose power falls with frequency to the power of `slope`; flat below 20 Hz."""
    size = _fast_length(count)
    spectrum = _spectrum(rng.standard_normal(size, dtype=np.float32), size)
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    shape = np.maximum(hertz, 20.0).astype(np.float32) ** np.float32(-slope / 2)
    return _signal(spectrum * shape, size, count)


def _fast_length(count: int) -> int:
    return int(next_fast_len(count, real=True) or count)


def _spectrum(signal: np.ndarray, size: int) -> np.ndarray:
    """Single precision in, single precision out, which numpy's own does not do before 2.0."""
    return np.asarray(rfft(signal, size))


def _signal(spectrum: np.ndarray, size: int, count: int) -> np.ndarray:
    return np.asarray(irfft(spectrum, size))[:count].astype(np.float32)


def _resampled(sound: np.ndarray, rng: np.random.Generator, config: AugmentConfig) -> tuple[np.ndarray, float]:
    if rng.random() >= config.speed_chance:
        return sound, 1.0
    ratio = Fraction(STEP, max(1, round(STEP * rng.uniform(*config.speed))))
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator), dtype=np.float32), float(ratio)


def _coloured_by_place(sound: np.ndarray, rng: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """What mouth, microphone and room do to the spectrum: tone, band limits and reverberation."""
    room = _room(rng, config) if rng.random() < config.room_chance else np.ones(1, dtype=np.float32)
    size = _fast_length(len(sound) + len(room) - 1 + SAMPLE_RATE // 50)
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 1.0)
    octaves = np.log2(hertz / 1000.0).astype(np.float32)
    gain_db = np.zeros(len(hertz), dtype=np.float32)
    if rng.random() < config.tone_chance:
        gain_db += float(rng.uniform(*config.tilt_db)) * np.clip(octaves, -3.0, 3.0)
        for _ in range(int(rng.integers(0, config.peaks + 1))):
            centre, width = rng.uniform(-3.0, 2.8), rng.uniform(0.3, 1.0)
            gain_db += float(rng.uniform(*config.peak_db)) * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
    if rng.random() < config.band_chance:
        low, high = (np.log2(rng.uniform(*span) / 1000.0) for span in (config.low_hz, config.high_hz))
        # Slopes of 24 dB in an octave, as a fourth-order filter has, without its delay.
        gain_db -= 24.0 * (np.maximum(0.0, low - octaves) + np.maximum(0.0, octaves - high))
    gain = np.float32(10.0) ** (gain_db / np.float32(20.0))
    return _signal(_spectrum(sound, size) * _spectrum(room, size) * gain, size, len(sound))


def _room(rng: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """A room's impulse response (n,) float32: the direct sound at 0, then noise that fades exponentially.

    Polack's model of late reverberation: white noise times 10^(-3 t / reverb time). The first reflection comes after
    2 to 10 ms.
    """
    fade = float(rng.uniform(*config.reverb_s))
    count = int(fade * SAMPLE_RATE)
    tail = rng.standard_normal(count) * 10 ** (-3.0 * np.arange(count) / count)
    tail[: min(count, int(rng.uniform(0.002, 0.01) * SAMPLE_RATE))] = 0.0
    tail *= 10 ** (-rng.uniform(*config.direct_db) / 20) / max(float(np.linalg.norm(tail)), 1e-9)
    tail[0] = 1.0
    return tail.astype(np.float32)


def _babble(count: int, clips: Sequence[np.ndarray], rng: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """Several people at once (count,) float32: pieces of clips, each at a level of its own within 10 dB."""
    talk = np.zeros(count, dtype=np.float32)
    for _ in range(int(rng.integers(config.babblers[0], config.babblers[1] + 1))):
        clip = np.asarray(clips[int(rng.integers(len(clips)))], dtype=np.float32)
        if len(clip) == 0 or (level := speech_level(clip)) <= 0:
            continue
        start = int(rng.integers(len(clip)))
        piece = np.resize(np.concatenate([clip[start:], clip[:start]]), count)
        talk += piece * float(10 ** (rng.uniform(-10.0, 0.0) / 20) / level)
    return talk


def _at_ratio(noise: np.ndarray, reference: float, ratio_db: float) -> np.ndarray:
    """Noise at so many dB below speech of the level `reference`."""
    level = float(np.sqrt(np.mean(noise**2)))
    return noise * np.float32(reference * 10 ** (-ratio_db / 20) / level) if level > 0 else noise


def _recorded(sound: np.ndarray, rng: np.random.Generator, config: AugmentConfig) -> np.ndarray:
    """What preamplifier and level setting do: soft clip, gain, and the end of the range."""
    if rng.random() < config.clip_chance and (peak := float(np.abs(sound).max())) > 0:
        drive = float(rng.uniform(*config.drive))
        sound = np.tanh(sound * (drive / peak)) * (peak / drive)
    if rng.random() < config.gain_chance:
        sound = sound * 10 ** (rng.uniform(*config.gain_db) / 20)
    return np.clip(sound, -1.0, 1.0).astype(np.float32)

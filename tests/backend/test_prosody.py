"""Loudness, pitch and voice activity agree with what is known about the sound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest

from backend.audio.decode import read_sound
from backend.audio.features import MEL_BANDS, log_mel
from backend.audio.prosody import QUIETEST_DB, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from tests.backend.sounds import SHIPPED_LINE, recordings

CORPORA = ("ljspeech_32", "philippmatthes_own_voice", "speechocean762", "emodb")


def sound_of(samples: np.ndarray) -> Sound:
    return Sound(samples.astype(np.float32), "")


def voice(f0: float, seconds: float = 1.0) -> np.ndarray:
    """A buzz with the harmonics of a voice up to 3 kHz, falling by 6 dB an octave."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.2 * sum(np.sin(2 * np.pi * k * f0 * t + k) / k for k in range(1, int(3000 / f0) + 1))


def test_there_is_one_frame_at_every_50th_of_a_second() -> None:
    for count in (800, 16_000, 16_001, 16_319, 16_320):
        prosody = analyse_prosody(sound_of(np.ones(count) * 0.1))
        lengths = {len(prosody.loudness_db), len(prosody.f0_hz), len(prosody.speech)}
        assert lengths == {int(count / SAMPLE_RATE * 50) + 1}


def test_loudness_is_the_level_of_a_tone_at_its_time() -> None:
    samples = np.zeros(2 * SAMPLE_RATE)
    samples[SAMPLE_RATE:] = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    loudness = analyse_prosody(sound_of(samples)).loudness_db
    assert np.all(loudness[:48] == QUIETEST_DB)
    assert loudness[53:97] == pytest.approx(-20.0, abs=0.1)
    assert loudness[50] == pytest.approx(-23.0, abs=0.3)  # half of its window


@pytest.mark.parametrize("f0", [65, 90, 130, 220, 340, 480])
def test_pitch_of_a_buzz_is_found_within_one_percent(f0: float) -> None:
    from backend.audio.pitch import estimate_f0

    found = estimate_f0(voice(f0).astype(np.float32), 50, 51)[5:-5]
    assert np.all(found > 0)
    assert found == pytest.approx(f0, rel=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    from backend.audio.pitch import estimate_f0

    noise = np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE).astype(np.float32) * 0.1
    assert np.mean(estimate_f0(noise, 50, 101) > 0) < 0.05
    assert not estimate_f0(np.zeros(SAMPLE_RATE, dtype=np.float32), 50, 51).any()


def test_pitch_agrees_with_librosa_pyin_on_real_speech(shared_data: Path) -> None:
    """Frames that both call voiced: pYIN follows the whole line with a hidden Markov model, at 1/500 of the speed."""
    import librosa

    octaves: list[np.ndarray] = []
    both = ours = theirs = 0
    for corpus in CORPORA:
        for recording in recordings(shared_data, corpus, 2):
            sound = Sound(read_sound(recording.path).samples[: 4 * SAMPLE_RATE], "")
            f0 = analyse_prosody(sound).f0_hz
            truth, voiced, _ = librosa.pyin(
                sound.samples, sr=SAMPLE_RATE, fmin=60, fmax=520, frame_length=1024, hop_length=SAMPLE_RATE // 50
            )
            count = min(len(f0), len(truth))
            agreed = (f0[:count] > 0) & voiced[:count]
            octaves.append(np.abs(np.log2(f0[:count][agreed] / truth[:count][agreed])))
            both, ours, theirs = both + agreed.sum(), ours + (f0 > 0).sum(), theirs + voiced.sum()
    error = np.concatenate(octaves)
    assert len(error) > 400
    assert 2 ** np.median(error) - 1 < 0.03
    assert np.mean(error > np.log2(1.2)) < 0.05
    assert np.mean(error > 0.8) < 0.03
    assert both > 0.6 * theirs
    assert both > 0.6 * ours


def test_digital_silence_and_steady_noise_are_no_speech() -> None:
    noise = np.random.default_rng(2).standard_normal(4 * SAMPLE_RATE)
    for samples in (np.zeros(4 * SAMPLE_RATE), 1e-4 * noise):
        assert not analyse_prosody(sound_of(samples)).speech.any()
    assert np.mean(analyse_prosody(sound_of(0.05 * noise)).speech) < 0.1


@pytest.mark.parametrize("gain", [1.0, 0.02])
@pytest.mark.parametrize("noise_db", [-100.0, -45.0])
def test_speech_between_silences_is_found_at_any_level_and_in_noise(gain: float, noise_db: float) -> None:
    line = read_sound(SHIPPED_LINE).samples
    quiet = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    samples = np.concatenate([quiet, line, quiet])
    noise = np.random.default_rng(3).standard_normal(len(samples)) * 10 ** (noise_db / 20)
    active = analyse_prosody(sound_of(gain * (samples + noise))).speech
    first, last = np.flatnonzero(active)[[0, -1]] / 50
    assert first == pytest.approx(2.2, abs=0.15)
    assert last == pytest.approx(2.0 + 5.05, abs=0.3)
    assert active[int(2.4 * 50) : int(6.9 * 50)].mean() > 0.85


def test_prosody_is_the_same_twice() -> None:
    sound = read_sound(SHIPPED_LINE)
    one, two = analyse_prosody(sound), analyse_prosody(sound)
    assert all(np.array_equal(getattr(one, n), getattr(two, n)) for n in ("loudness_db", "f0_hz", "speech"))


def test_the_rules_path_does_not_import_librosa() -> None:
    code = (
        "import sys; from backend.audio.decode import read_sound; from backend.audio.prosody import analyse_prosody; "
        f"analyse_prosody(read_sound({str(SHIPPED_LINE)!r})); "
        "sys.exit('librosa' in sys.modules or 'numba' in sys.modules)"
    )
    root = SHIPPED_LINE.parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_log_mel_has_80_bands_at_100_frames_a_second_and_follows_a_rising_tone() -> None:
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    mel = log_mel(sound_of(0.3 * np.sin(2 * np.pi * (300 * t + 600 * t**2))))
    assert mel.shape == (201, MEL_BANDS)
    assert mel.dtype == np.float32
    assert np.all(np.diff(mel[5:-5].argmax(axis=1)) >= 0)
    assert mel[20].argmax() < mel[180].argmax()
    assert np.unique(log_mel(sound_of(np.zeros(1600)))).size == 1


def test_log_mel_is_the_one_that_librosa_makes() -> None:
    samples = 0.1 * np.random.default_rng(3).standard_normal(SAMPLE_RATE).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, pad_mode="constant", n_mels=MEL_BANDS,
        fmin=20.0, fmax=7600.0,
    )  # fmt: skip
    np.testing.assert_allclose(log_mel(sound_of(samples)), np.log(np.maximum(power, 1e-8)).T, atol=1e-4)

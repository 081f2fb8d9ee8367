"""Augmentation: times follow the speed, nothing is delayed, noise is as loud as asked, one seed gives one result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.audio.sound import SAMPLE_RATE
from backend.speech.phones import SILENCE, Phone
from backend.training.augment import AugmentConfig, augment, scale_phones, speech_level
from backend.training.masks import MaskConfig, mel_masks, warp_matrix

CHANCES = [name for name in AugmentConfig.__dataclass_fields__ if name.endswith("_chance")]
NONE = replace(AugmentConfig(), **dict.fromkeys(CHANCES, 0.0))
TALK = np.random.default_rng(9).standard_normal(40_000).astype(np.float32) * 0.1


def bursts() -> tuple[np.ndarray, tuple[Phone, ...]]:
    """Three bursts of noise, each 0.1 s of a phone AA, in 2 s of silence."""
    rng = np.random.default_rng(0)
    samples = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    phones = tuple(Phone("AA", at, at + 0.1) for at in (0.3, 0.9, 1.6))
    for phone in phones:
        piece = slice(round(phone.start * SAMPLE_RATE), round(phone.end * SAMPLE_RATE))
        samples[piece] = 0.2 * rng.standard_normal(piece.stop - piece.start)
    return samples, phones


def onsets(samples: np.ndarray) -> np.ndarray:
    """Seconds at which sound sets in after at least 0.1 s of quiet."""
    loud = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())
    return loud[np.insert(np.diff(loud) > SAMPLE_RATE // 10, 0, True)] / SAMPLE_RATE


@pytest.mark.parametrize("speed", [0.82, 1.0, 1.25])
def test_times_scaled_by_the_factor_are_where_the_sound_is(speed: float) -> None:
    samples, phones = bursts()
    config = replace(NONE, speed_chance=1.0, speed=(speed, speed))
    changed, factor = augment(samples, (), np.random.default_rng(0), config)
    assert factor == pytest.approx(1 / speed, rel=1e-3)
    assert len(changed) == pytest.approx(factor * len(samples), abs=1)
    expected = [p.start for p in scale_phones(phones, factor)]
    np.testing.assert_allclose(onsets(changed), expected, atol=0.003)


def test_rooms_and_tone_do_not_delay_the_sound() -> None:
    samples, phones = bursts()
    config = replace(NONE, tone_chance=1.0, band_chance=1.0, room_chance=1.0, direct_db=(12.0, 18.0))
    for seed in range(8):
        changed, factor = augment(samples, (), np.random.default_rng(seed), config)
        assert factor == 1.0
        energy = [float(np.sum(changed[: round((p.start - 0.005) * SAMPLE_RATE)] ** 2)) for p in phones[:1]]
        assert energy[0] < 0.01 * float(np.sum(changed**2))
        lags = np.correlate(np.abs(changed), np.abs(samples[1600:-1600]), "valid")
        assert abs(int(lags.argmax()) - 1600) < 0.01 * SAMPLE_RATE


@pytest.mark.parametrize(("kind", "ratio"), [("noise", 3.0), ("noise", 20.0), ("babble", 3.0), ("babble", 20.0)])
def test_noise_and_babble_are_as_far_below_the_speech_as_asked(kind: str, ratio: float) -> None:
    samples, _ = bursts()
    config = replace(NONE, **{f"{kind}_chance": 1.0, f"{kind}_snr_db": (ratio, ratio)})
    changed, _ = augment(samples, [TALK], np.random.default_rng(1), config)
    added = changed - samples
    measured = 20 * np.log10(speech_level(samples) / np.sqrt(np.mean(added**2)))
    assert measured == pytest.approx(ratio, abs=0.5)


def test_a_silent_clip_gets_noise_of_its_own_and_stays_finite() -> None:
    silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
    still, _ = augment(silence, (), np.random.default_rng(0), replace(AugmentConfig(), noise_chance=0.0))
    assert not still.any()
    config = replace(NONE, noise_chance=1.0, noise_snr_db=(10.0, 10.0))
    noisy, _ = augment(silence, (), np.random.default_rng(0), config)
    assert 20 * np.log10(noisy.std()) == pytest.approx(-36.0, abs=0.5)


def test_every_draw_is_float32_in_range_and_one_seed_gives_one_result() -> None:
    samples, _ = bursts()
    results = [augment(samples, [TALK], np.random.default_rng(seed)) for seed in range(40)]
    for changed, factor in results:
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()
        assert np.abs(changed).max() <= 1.0
        assert 1 / 1.25 - 1e-6 <= factor <= 1 / 0.82 + 1e-6
    assert len({changed.tobytes() for changed, _ in results}) > 35
    again, _ = augment(samples, [TALK], np.random.default_rng(7))
    np.testing.assert_array_equal(again, results[7][0])


@pytest.mark.parametrize("count", [0, 1, 7, 300])
def test_the_shortest_sounds_pass(count: int) -> None:
    everything = replace(AugmentConfig(), **dict.fromkeys(CHANCES, 1.0))
    changed, factor = augment(np.full(count, 0.1, dtype=np.float32), [TALK], np.random.default_rng(0), everything)
    assert np.isfinite(changed).all()
    assert len(changed) == pytest.approx(count * factor, abs=1)


def test_scaled_phones_still_follow_each_other() -> None:
    line = (Phone(SILENCE, 0.0, 0.5), Phone("M", 0.5, 0.75), Phone(SILENCE, 0.75, 1.0))
    scaled = scale_phones(line, 1.2)
    assert [p.end for p in scaled[:-1]] == [p.start for p in scaled[1:]]
    assert scaled[1].duration == pytest.approx(0.3)


def test_every_crop_is_masked_and_warped_in_its_own_way_and_one_seed_gives_one_result() -> None:
    mel = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 120, 80)).astype(np.float32)).expand(6, -1, -1)
    once = mel_masks(mel, torch.Generator().manual_seed(3))
    assert once.shape == mel.shape
    assert len({row.numpy().tobytes() for row in once}) == 6
    torch.testing.assert_close(once, mel_masks(mel, torch.Generator().manual_seed(3)), rtol=0, atol=0)


def test_masks_hide_no_more_than_they_may() -> None:
    mel = torch.ones((40, 100, 80))
    mel[:, :, 0] = 81.0  # the mean is 2: what is hidden can be told
    config = MaskConfig(warp_chance=0.0)
    hidden = mel_masks(mel, torch.Generator().manual_seed(0), config) == 2.0
    assert hidden.any(dim=(1, 2)).float().mean() > 0.9
    assert hidden.all(dim=2).sum(dim=1).max() <= config.time_masks * config.time_frames
    assert hidden.all(dim=1).sum(dim=1).max() <= config.mel_masks * config.mel_bands


def test_warps_are_as_frequent_as_asked() -> None:
    mel = torch.rand((200, 4, 80), generator=torch.Generator().manual_seed(1))
    config = MaskConfig(warp_chance=0.25, time_masks=0, mel_masks=0)
    changed = (mel_masks(mel, torch.Generator().manual_seed(2), config) != mel).any(dim=(1, 2))
    assert 0.15 < changed.float().mean() < 0.35


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
def test_a_warp_moves_a_formant_by_its_factor(factor: float) -> None:
    mels = np.linspace(0.0, 2595 * np.log10(1 + 8000 / 700), 80)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    mel = np.exp(-0.5 * ((hertz - 1500) / 200) ** 2)[None].astype(np.float32)
    warped = mel @ warp_matrix(80, factor, 0.0, 8000.0)
    assert hertz[int(warped.argmax())] == pytest.approx(1500 * factor, rel=0.06)
    np.testing.assert_allclose(warp_matrix(80, factor, 0.0, 8000.0).sum(axis=0), 1.0, atol=1e-6)

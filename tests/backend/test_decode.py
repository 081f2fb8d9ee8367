"""Any sound file an artist has is read, or refused with a sentence; what is wrong with it is told."""

from __future__ import annotations

import base64
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from addon.core.errors import SoundError
from backend.audio.decode import decode_channels, decode_sound, read_sound
from backend.audio.sound import SAMPLE_RATE, Sound
from tests.backend.sounds import as_file, as_video_sound, chirp, recordings, silent_video

LOSSLESS = [
    ("WAV", "PCM_U8", 0.01), ("WAV", "PCM_16", 1e-3), ("WAV", "PCM_24", 1e-3), ("WAV", "PCM_32", 1e-3),
    ("WAV", "FLOAT", 1e-3), ("WAV", "DOUBLE", 1e-3), ("FLAC", "PCM_16", 1e-3), ("FLAC", "PCM_24", 1e-3),
    ("AIFF", "PCM_16", 1e-3), ("W64", "PCM_16", 1e-3),
]  # fmt: skip
LOSSY = [("OGG", "VORBIS", 0.03), ("OGG", "OPUS", 0.03), ("MP3", "MPEG_LAYER_III", 0.03)]


def error_of(sound: Sound, truth: np.ndarray) -> float:
    """Root mean square difference, both without their means."""
    count = min(len(sound.samples), len(truth))
    return float(np.sqrt(np.mean((sound.samples[:count] - truth[:count] + truth[:count].mean()) ** 2)))


@pytest.mark.parametrize(("kind", "subtype", "tolerance"), LOSSLESS + LOSSY)
def test_every_format_and_bit_depth_gives_the_same_sound_in_time(kind: str, subtype: str, tolerance: float) -> None:
    sound = decode_sound(as_file(chirp(1.0, 48_000), 48_000, kind, subtype), "line")
    assert sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(1.0, abs=0.005)
    assert error_of(sound, chirp(1.0, SAMPLE_RATE)) < tolerance
    assert sound.warnings == ()


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("webm", "libopus"), ("adts", "aac")])
def test_the_sound_of_other_containers_is_read_too(container: str, codec: str) -> None:
    sound = decode_sound(as_video_sound(chirp(1.0, 48_000), 48_000, container, codec), "line")
    assert sound.duration == pytest.approx(1.0, abs=0.05)
    assert np.sqrt(np.mean(sound.samples**2)) == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_every_rate_becomes_16_khz_without_a_shift(rate: int) -> None:
    sound = decode_sound(as_file(chirp(1.0, rate), rate, "WAV", "PCM_24"), "line")
    assert sound.duration == pytest.approx(1.0, abs=1 / rate + 1e-4)
    assert error_of(sound, chirp(1.0, SAMPLE_RATE)) < 2e-3
    assert any("samples a second" in w for w in sound.warnings) == (rate < 8_000)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 16])
def test_any_number_of_channels_is_mixed(channels: int) -> None:
    sound = decode_sound(as_file(np.tile(chirp(0.5, 16_000)[:, None], (1, channels)), 16_000), "line")
    assert error_of(sound, chirp(0.5, 16_000)) < 1e-3


def test_for_ears_one_or_two_channels_stay_as_they_are_and_more_are_mixed() -> None:
    left, right = chirp(0.5, 44_100), 0.3 * chirp(0.5, 44_100)[::-1]
    pair = decode_channels(as_file(np.stack([left, right], axis=1), 44_100), "line")
    assert pair.shape == (24_000, 2)
    assert pair.std(axis=0) == pytest.approx([left.std(), right.std()], rel=0.02)
    assert decode_channels(as_file(left, 44_100), "line").shape == (24_000, 1)
    many = decode_channels(as_file(np.tile(left[:, None], (1, 6)), 44_100), "line")
    assert many.shape == (24_000, 1)
    assert many.std() == pytest.approx(left.std(), rel=0.02)
    for nothing in (b"", b"RIFF"):
        with pytest.raises(SoundError):
            decode_channels(nothing, "line")


def test_a_voice_on_one_channel_keeps_its_level() -> None:
    voice = chirp(0.5, 16_000)
    sound = decode_sound(as_file(np.stack([voice, np.zeros_like(voice)], axis=1), 16_000), "line")
    assert error_of(sound, voice) < 1e-3


def test_channels_of_opposite_phase_do_not_cancel() -> None:
    voice = chirp(0.5, 16_000)
    sound = decode_sound(as_file(np.stack([voice, -voice], axis=1), 16_000), "line")
    assert error_of(sound, voice) < 1e-3
    assert any("cancel" in w for w in sound.warnings)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "sound.empty"),
        (b"These are words, not sound.\n" * 50, "sound.format"),
        (np.random.default_rng(0).bytes(20_000), "sound.format"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "sound.format"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///secret.wav\n", "sound.format"),
        (b"ffconcat version 1.0\nfile secret.wav\n", "sound.format"),
        (silent_video(), "sound.no_audio"),
        (as_file(np.zeros(0), 16_000), "sound.empty"),
        (as_file(chirp(0.04, 16_000), 16_000), "sound.too_short"),
        (as_file(chirp(0.5, 2_000, 100, 300), 2_000), "sound.rate"),
        (as_file(np.full(8_000, np.nan), 16_000, "WAV", "FLOAT"), "sound.not_finite"),
    ],
    ids=["nothing", "text", "noise", "header only", "playlist", "list", "video", "no samples", "short", "rate", "nan"],
)
def test_what_is_no_usable_sound_is_refused_with_a_code_and_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(SoundError) as caught:
        decode_sound(data, "line.wav")
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert caught.value.where == "line.wav"


def test_a_picture_is_refused() -> None:
    target = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(target, "PNG")
    with pytest.raises(SoundError, match="not a sound file"):
        decode_sound(target.getvalue(), "face.png")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundError) as missing:
        read_sound(tmp_path / "none.wav")
    with pytest.raises(SoundError) as folder:
        read_sound(tmp_path)
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(SoundError) as empty:
        read_sound(tmp_path / "empty.wav")
    assert [e.value.code for e in (missing, folder, empty)] == ["sound.missing", "sound.folder", "sound.empty"]


def test_the_shortest_sound_allowed_is_read() -> None:
    assert decode_sound(as_file(chirp(0.05, 16_000), 16_000), "line").duration == pytest.approx(0.05)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_more_than_ten_minutes_is_refused(kind: str) -> None:
    with pytest.raises(SoundError) as caught:
        decode_sound(as_file(np.zeros(601 * 8_000, dtype=np.float32), 8_000, kind), "line")
    assert caught.value.code == "sound.too_long"


def test_ten_minutes_at_a_high_rate_stay_within_memory(tmp_path: Path) -> None:
    """The 10 minutes are 115 million samples; what may be held is the 16 kHz sound a few times over."""
    rate = 192_000
    (tmp_path / "long.flac").write_bytes(as_file(np.zeros(600 * rate, dtype=np.int16), rate, "FLAC"))
    tracemalloc.start()
    sound = read_sound(tmp_path / "long.flac")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sound.duration == pytest.approx(600.0)
    assert peak < 5 * sound.samples.nbytes


@pytest.mark.parametrize(("kind", "subtype"), [*((k, s) for k, s, _ in LOSSLESS[:7]), ("MP3", "MPEG_LAYER_III")])
def test_a_file_cut_in_half_gives_its_first_half_and_a_warning(kind: str, subtype: str) -> None:
    whole = as_file(chirp(4.0, 16_000), 16_000, kind, subtype)
    sound = decode_sound(whole[: len(whole) // 2], "line")
    assert 0.3 < sound.duration < 3.7
    assert any("cut off" in w and f"{sound.duration:.2f}" in w for w in sound.warnings)
    assert error_of(sound, chirp(4.0, 16_000)[: len(sound.samples) - 1600]) < 0.05


def test_damage_in_the_middle_does_not_shift_what_follows() -> None:
    data = bytearray(as_file(chirp(4.0, 16_000), 16_000, "FLAC"))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    sound = decode_sound(bytes(data), "line")
    assert any("damaged" in w for w in sound.warnings)
    end = slice(3 * SAMPLE_RATE, 4 * SAMPLE_RATE - 100)
    assert np.abs(sound.samples[end] - chirp(4.0, 16_000)[end]).max() < 0.05


def test_samples_that_are_not_numbers_become_silence_and_a_warning() -> None:
    samples = chirp(0.5, 16_000)
    samples[100:110] = np.nan
    samples[200] = np.inf
    sound = decode_sound(as_file(samples, 16_000, "WAV", "FLOAT"), "line")
    assert np.isfinite(sound.samples).all()
    assert any("11 samples" in w for w in sound.warnings)


def test_clipping_is_told_and_a_loud_sound_is_not_accused() -> None:
    loud = 1.99 * chirp(1.0, 44_100)
    assert decode_sound(as_file(loud, 44_100), "line").warnings == ()
    clipped = np.clip(4.0 * loud, -1.0, 1.0)
    assert any("clipped" in w for w in decode_sound(as_file(clipped, 44_100), "line").warnings)


def test_a_silent_sound_is_told() -> None:
    sound = decode_sound(as_file(np.zeros(16_000), 16_000), "line")
    assert any("silent" in w for w in sound.warnings)


def test_levels_beyond_full_scale_are_turned_down() -> None:
    sound = decode_sound(as_file(20_000 * chirp(0.5, 16_000), 16_000, "WAV", "FLOAT"), "line")
    assert np.abs(sound.samples).max() == pytest.approx(1.0)
    assert any("full scale" in w for w in sound.warnings)


def test_the_hash_names_the_samples(tmp_path: Path) -> None:
    data = as_file(chirp(0.5, 16_000), 16_000)
    (tmp_path / "line.wav").write_bytes(data)
    one, same = decode_sound(data, "a"), read_sound(tmp_path / "line.wav")
    other = decode_sound(as_file(0.9 * chirp(0.5, 16_000), 16_000), "a")
    assert one.sha256 == same.sha256 != other.sha256
    assert len(one.sha256) == 64


def test_real_recordings_are_read_whole(shared_data: Path) -> None:
    for corpus in ("ljspeech_32", "philippmatthes_own_voice", "speechocean762", "emodb", "picovoice_leopard"):
        for recording in recordings(shared_data, corpus, 4):
            sound = read_sound(recording.path)
            assert sound.duration > 1.0, recording.path
            assert not any("damaged" in w for w in sound.warnings), recording.path


def test_a_codec_that_nobody_knows_is_refused_with_a_sentence() -> None:
    header = "UklGRiQZAEdXQVZFZm10IBAAAABGAAGHdD4AAIl9zQBnAMDJZGF0YQAZAADN"  # a WAV whose codec number is damaged
    with pytest.raises(SoundError) as refused:
        decode_sound(base64.b64decode(header), "line.wav")
    assert refused.value.code.startswith("sound.")

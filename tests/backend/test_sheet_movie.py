"""Contact sheets and movies hold the frames and the sound they were given."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from backend.generator.movie import write_movie
from backend.generator.sheet import MARGIN, contact_sheet

RED, BLUE = (np.tile(np.array(c, np.uint8), (40, 60, 1)) for c in ((255, 0, 0), (0, 0, 255)))


def test_sheet_places_frames_row_by_row_with_their_labels_beneath() -> None:
    sheet = np.asarray(contact_sheet([RED, BLUE, RED], ["p", "b", "m"], columns=2))
    assert tuple(sheet[MARGIN + 20, MARGIN + 30]) == (255, 0, 0)
    assert tuple(sheet[MARGIN + 20, 2 * MARGIN + 60 + 30]) == (0, 0, 255)
    below = sheet[MARGIN + 40 : MARGIN + 40 + MARGIN + 14, MARGIN : MARGIN + 60]
    assert below.max() > 200
    assert sheet.shape[0] > 2 * 40


def test_a_long_label_stays_in_its_column() -> None:
    sheet = np.asarray(contact_sheet([RED, BLUE], ["wide " * 20, ""], columns=2))
    beneath = sheet[MARGIN + 40 : MARGIN + 40 + 20, 2 * MARGIN + 60 :]
    assert beneath.max() < 60


def test_a_sheet_refuses_nothing_to_show_and_uneven_frames() -> None:
    for frames, labels in (([], []), ([RED], []), ([RED, RED[:-1]], ["a", "b"])):
        with pytest.raises(ValueError, match="contact sheet"):
            contact_sheet(frames, labels, 2)


def test_movie_has_the_frames_colours_rate_and_sound_it_was_given(tmp_path: Path) -> None:
    rate, fps, count = 16000, 25.0, 50
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate).astype(np.float32)
    path = write_movie(tmp_path / "line.mp4", (RED if t < 25 else BLUE for t in range(count)), fps, tone, rate)
    with av.open(str(path)) as movie:
        video, sound = movie.streams.video[0], movie.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sound.codec_context.name == "aac"
        assert float(video.average_rate or 0) == fps
        frames = [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]
    assert len(frames) == count
    assert frames[5].mean(axis=(0, 1)) == pytest.approx([255, 0, 0], abs=12)
    assert frames[45].mean(axis=(0, 1)) == pytest.approx([0, 0, 255], abs=12)
    with av.open(str(path)) as movie:
        heard = np.concatenate([block.to_ndarray()[0] for block in movie.decode(audio=0)])
    assert len(heard) / rate == pytest.approx(2.0, abs=0.15)
    spectrum = np.abs(np.fft.rfft(heard[rate // 2 : rate // 2 + rate]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(heard[4000:20000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_movie_takes_odd_sizes_broken_rates_and_silence(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "odd.mp4", [RED[:39, :59]] * 12, 29.97)
    with av.open(str(path)) as movie:
        assert not movie.streams.audio
        assert (movie.streams.video[0].width, movie.streams.video[0].height) == (58, 38)
        assert float(movie.streams.video[0].average_rate or 0) == pytest.approx(29.97, abs=0.01)


def test_movie_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        write_movie(tmp_path / "none.mp4", [], 25)
    with pytest.raises(ValueError, match="one size"):
        write_movie(tmp_path / "mixed.mp4", [RED, RED[:20]], 25)
    with pytest.raises(ValueError, match="rate"):
        write_movie(tmp_path / "mute.mp4", [RED], 25, np.zeros(100, np.float32))

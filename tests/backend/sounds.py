"""Sound files for tests, written by the libraries that artists' programs use."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 16_000
SHIPPED_LINE = Path(__file__).resolve().parents[2] / "backend" / "demo" / "line.wav"
SHIPPED_TEXT = "Pack up, my friend. Before the bell above the valley calls, we follow the map."


@dataclass(frozen=True)
class Recording:
    """A real recording: its file and what is said, empty where unknown."""

    path: Path
    text: str


def recordings(shared_data: Path, corpus: str, count: int) -> list[Recording]:
    """Recordings spread evenly over a corpus of the shared data."""
    folder = shared_data / "speech" / corpus
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [Recording(folder / row["file"], row["text"]) for row in rows[:: max(1, len(rows) // count)][:count]]


def chirp(seconds: float, rate: int, low: float = 150.0, high: float = 1200.0) -> np.ndarray:
    """A rising tone (n,) float64, half of full scale, without sudden edges: the same at any rate."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (low * t + (high - low) * t**2 / (2 * seconds))
    fade = np.clip(np.minimum(t, seconds - t) / 0.02, 0.0, 1.0)
    return 0.5 * fade * np.sin(phase)


def as_file(samples: np.ndarray, rate: int, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """The bytes of a file that libsndfile writes."""
    target = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(target, "w", rate, channels, subtype, format=kind) as file:
        for at in range(0, len(samples), rate):  # libsndfile crashes on minutes of Vorbis at once
            file.write(samples[at : at + rate])
    return target.getvalue()


def as_video_sound(samples: np.ndarray, rate: int, container: str, codec: str) -> bytes:
    """The bytes of a file that FFmpeg writes: m4a, webm and the like."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return target.getvalue()


def silent_video() -> bytes:
    """An MP4 with pictures and no sound."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for shade in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 * shade, dtype=np.uint8), format="rgb24")
            for packet in stream.encode(picture):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return target.getvalue()

"""Frames and sound as an MP4 that every player opens: H.264 in yuv420p, AAC."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

CRF: Final[str] = "18"
"""x264's constant rate factor: 18 is about where loss stops being seen (FFmpeg's H.264 encoding guide)."""
SOUND_BITS: Final[int] = 160_000
_BLOCK: Final[int] = 1024


def write_movie(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float,
    sound_samples: np.ndarray | None = None,
    sample_rate: int | None = None,
    notes: Mapping[str, str] | None = None,
) -> Path:
    """Write `frames`, each (H,W,3) uint8, at `fps` with sound (N,) or (N,channels) in -1..1; returns the path.

    Frames are taken one at a time, so a generator of any length will do. Odd sizes lose their last row or column,
    because 4:2:0 colour needs even ones. The file carries `notes`, by FFmpeg's names for an MP4's fields ("title",
    "comment"), and no metadata beside what the format asks for. Raises ValueError when there are no frames, frames
    change size, or there is sound without a rate.
    """
    if sound_samples is not None and not sample_rate:
        raise ValueError("sound needs its sample rate")
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise ValueError("a movie needs at least one frame")
    height, width = (size - size % 2 for size in first.shape[:2])
    target = Path(path)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata.update(notes or {})
        video = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"crf": CRF, "preset": "medium"}
        # All streams must exist before the first packet is written.
        voice = None if sound_samples is None or sample_rate is None else _add_sound(container, sample_rate)
        for frame in itertools.chain([first], stream):
            if frame.shape != first.shape or frame.dtype != np.uint8:
                raise ValueError("all frames of a movie are (H,W,3) uint8 of one size")
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if voice is not None and sound_samples is not None:
            _write_sound(container, voice, sound_samples)
    return target


def _add_sound(container: OutputContainer, sample_rate: int) -> AudioStream:
    voice = container.add_stream("aac", rate=sample_rate, layout="stereo")
    voice.bit_rate = SOUND_BITS
    return voice


def _write_sound(container: OutputContainer, voice: AudioStream, samples: np.ndarray) -> None:
    """Encode `samples` (N,) or (N,channels) as stereo: one channel goes to both sides, of more the first two stay."""
    wave = np.asarray(samples, dtype=np.float32)
    wave = wave[:, None] if wave.ndim == 1 else wave
    wave = np.ascontiguousarray(np.clip(wave[:, [0, min(1, wave.shape[1] - 1)]], -1, 1).T)
    for start in range(0, wave.shape[1], _BLOCK):
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[:, start : start + _BLOCK]), format="fltp", layout="stereo"
        )
        block.sample_rate, block.pts, block.time_base = voice.rate, start, Fraction(1, voice.rate)
        container.mux(voice.encode(block))
    container.mux(voice.encode())

"""Decoding: any sound file an artist has becomes a `Sound`, or an error that says what to do.

FFmpeg (through PyAV) reads every format, so that there is one path for wav, flac, ogg, mp3 and the sound of a video
file; soxr resamples. Both work in blocks: what is held in memory are the resampled channels and one block of the file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import av
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from addon.core.errors import SoundError

from .condition import SampleAudit, level, mix_to_mono
from .sound import MAX_SECONDS, MIN_SECONDS, SAMPLE_RATE, Sound

FORMATS: Final[str] = "wav,w64,aiff,caf,flac,ogg,mp3,aac,mov,matroska"
"""FFmpeg demuxers that may open a sound. The others stay shut: playlists can name other files of the machine."""
HEARD_RATE: Final[int] = 48_000
"""Samples a second of what people hear: those of films."""
MIN_RATE: Final[int] = 4_000
DULL_RATE: Final[int] = 8_000
"""Below this rate nothing above 4 kHz is left, where s, f and sh are told apart."""
MAX_CHANNEL_SECONDS: Final[float] = 8 * MAX_SECONDS
"""Bound on channels x seconds: 8 channels for ten minutes are 307 MB at 16 kHz, 922 at 48."""
LOST_SECONDS: Final[float] = 0.1
"""A file that ends earlier than it declares by more than this has lost something."""
GAP_SECONDS: Final[float] = 0.03
"""A frame that comes later than the samples before it say by more than this follows a loss; time stamps of some
containers are only good to some milliseconds."""
MOST_DAMAGE: Final[int] = 1000
"""After so many broken packets nothing good follows."""

Decoded = TypeVar("Decoded")
_UNREADABLE: Final[str] = (
    "The sound cannot be read; it is damaged or not a sound file. Export it again as WAV, FLAC, OGG or MP3."
)


@dataclass
class _Decoding:
    """What is known while one file is decoded: `position` in source samples per channel, and what was wrong."""

    rate: int
    channels: int
    position: int = 0
    damaged: int = 0
    audit: SampleAudit = field(default_factory=SampleAudit)


def decode_sound(data: bytes, name: str) -> Sound:
    """The sound in the bytes of a file; `name` is its name for messages. Raises SoundError (see `read_sound`)."""
    if not data:
        raise SoundError("sound.empty", "The sound file is empty; export it again.", name)
    truncated = _declares_more(data[:12], len(data))
    return _decode(io.BytesIO(data), name, lambda container: _sound(container, name, truncated))


def decode_channels(data: bytes, name: str) -> np.ndarray:
    """What people hear of the bytes of a file: (n,C) float32 at HEARD_RATE, its one or two channels at their own level.

    More than two are mixed to one. Raises SoundError (see `read_sound`).
    """
    return _decode(io.BytesIO(data), name, lambda container: _heard(container, name))


def read_sound(path: str | Path) -> Sound:
    """The sound in a file: mono, 16 kHz, float32 in -1..1, its mean removed.

    Raises SoundError with one of the codes `sound.missing`, `sound.folder`, `sound.unreadable`, `sound.empty`,
    `sound.format` (not a sound), `sound.no_audio` (a video without sound), `sound.rate`, `sound.channels`,
    `sound.too_short`, `sound.too_long`, `sound.not_finite`. What can be mended or borne becomes a warning.
    """
    file = Path(path)
    if file.is_dir():
        raise SoundError("sound.folder", "This is a folder; choose a sound file in it.", str(file))
    if not file.exists():
        raise SoundError("sound.missing", "The sound file does not exist; choose it again.", str(file))
    try:
        with file.open("rb") as source:
            size = file.stat().st_size
            if size == 0:
                raise SoundError("sound.empty", "The sound file is empty; export it again.", str(file))
            truncated = _declares_more(source.read(12), size)
            source.seek(0)
            return _decode(source, str(file), lambda container: _sound(container, str(file), truncated))
    except OSError as error:
        raise SoundError(
            "sound.unreadable", "The sound file cannot be opened; check that you may read it.", str(file)
        ) from error


def _declares_more(head: bytes, size: int) -> bool:
    """Whether a RIFF header promises more bytes than the file has (FFmpeg reads such a file without a word).

    Programs that write to a pipe cannot know the length and put 0 or 0xFFFFFFFF, which promises nothing.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    declared = int.from_bytes(head[4:8], "little")
    return declared not in (0, 0xFFFFFFFF) and declared + 8 > size + 1


def _decode(source: BinaryIO, name: str, read: Callable[[InputContainer], Decoded]) -> Decoded:
    try:
        with av.open(source, mode="r", options={"format_whitelist": FORMATS}) as container:
            return read(container)
    except SoundError:
        raise
    except (FFmpegError, ValueError) as error:
        raise SoundError("sound.format", _UNREADABLE, name) from error


def _heard(container: InputContainer, name: str) -> np.ndarray:
    channels, _, _ = _channels(container, name, HEARD_RATE)
    return channels.T if len(channels) <= 2 else mix_to_mono(channels)[0][:, None]


def _sound(container: InputContainer, name: str, truncated: bool) -> Sound:
    channels, state, declared = _channels(container, name, SAMPLE_RATE)
    mono, mix_warnings = mix_to_mono(channels)
    mono, level_warnings = level(mono)
    seconds = state.position / state.rate
    lost = truncated or bool(declared is not None and declared - seconds > LOST_SECONDS)
    return Sound(
        samples=mono,
        sha256=hashlib.sha256(mono.tobytes()).hexdigest(),
        warnings=(
            *_loss_warnings(state, seconds, lost),
            *_rate_warnings(state.rate),
            *state.audit.warnings(),
            *mix_warnings,
            *level_warnings,
        ),
    )


def _channels(container: InputContainer, name: str, rate: int) -> tuple[np.ndarray, _Decoding, float | None]:
    """(C,n) float32 at a rate, how they were decoded, and the seconds that the file declares."""
    stream = _audio_stream(container, name)
    declared = _declared_seconds(container, stream)
    if declared is not None and declared > MAX_SECONDS + LOST_SECONDS:
        raise _too_long(declared, name)
    state = _Decoding(stream.rate, stream.channels)
    channels = _resampled(container, stream, state, rate, name)
    seconds = state.position / state.rate
    if channels.shape[1] == 0 and state.damaged:
        raise SoundError("sound.format", _UNREADABLE, name)
    if seconds < MIN_SECONDS:
        raise SoundError(
            "sound.too_short" if seconds else "sound.empty",
            f"The sound lasts {seconds:.3f} s; at least {MIN_SECONDS:g} s are needed.",
            name,
        )
    if state.audit.mostly_not_finite:
        raise SoundError("sound.not_finite", "Most samples of the sound are not numbers (NaN); export it again.", name)
    return channels, state, declared


def _audio_stream(container: InputContainer, name: str) -> AudioStream:
    if not container.streams.audio:
        raise SoundError("sound.no_audio", "The file has no sound in it; choose one that has.", name)
    stream = container.streams.audio[0]
    if stream.codec_context is None:  # a codec that FFmpeg does not know: the stream has no properties at all
        raise SoundError("sound.format", _UNREADABLE, name)
    if not stream.rate or stream.rate < MIN_RATE:
        raise SoundError(
            "sound.rate", f"The sound has {stream.rate} samples a second; at least {MIN_RATE} are needed.", name
        )
    if not stream.channels:
        raise SoundError("sound.format", _UNREADABLE, name)
    return stream


def _declared_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration is not None else None


def _resampled(container: InputContainer, stream: AudioStream, state: _Decoding, rate: int, name: str) -> np.ndarray:
    """(C, n) float32 at a rate, decoded and resampled block by block."""
    resampler = soxr.ResampleStream(state.rate, rate, state.channels, dtype="float32", quality="HQ")
    pieces: list[np.ndarray] = []
    for block in _blocks(container, stream, state):
        state.position += len(block)
        seconds = state.position / state.rate
        if seconds > MAX_SECONDS + 0.5 / state.rate:
            raise _too_long(None, name)
        if seconds * state.channels > MAX_CHANNEL_SECONDS:
            raise SoundError(
                "sound.channels", f"The sound has {state.channels} channels; export a mono mix of it.", name
            )
        pieces.append(resampler.resample_chunk(state.audit.clean(block)))
    pieces.append(resampler.resample_chunk(np.zeros((0, state.channels), dtype=np.float32), last=True))
    return np.concatenate([piece.reshape(-1, state.channels) for piece in pieces]).T


def _blocks(container: InputContainer, stream: AudioStream, state: _Decoding) -> Iterator[np.ndarray]:
    """Blocks (n, C) of float32 samples. What is lost in a damaged file becomes silence: the rest stays in time."""
    origin = float((stream.start_time or 0) * (stream.time_base or 0))
    packets = container.demux(stream)
    while state.damaged < MOST_DAMAGE:
        try:
            frames = next(packets).decode()
        except StopIteration:
            return
        except FFmpegError:
            state.damaged += 1
            continue
        for frame in frames:
            if frame.sample_rate != state.rate or frame.layout.nb_channels != state.channels:
                state.damaged += 1  # a chained stream of another kind
                continue
            gap = round((frame.time - origin) * state.rate) - state.position if frame.time is not None else 0
            if gap > GAP_SECONDS * state.rate:
                state.damaged += 1
                yield from _silence(gap, state)
            yield _as_float(frame.to_ndarray(), state.channels)


def _silence(count: int, state: _Decoding) -> Iterator[np.ndarray]:
    limit = min(count, int((MAX_SECONDS + 1) * state.rate) - state.position)
    while limit > 0:
        block = min(limit, state.rate)
        yield np.zeros((block, state.channels), dtype=np.float32)
        limit -= block


def _as_float(samples: np.ndarray, channels: int) -> np.ndarray:
    """FFmpeg's frame, packed (1, n*C) or planar (C, n), of any sample type, as (n, C) float32."""
    block = samples.reshape(-1, channels) if samples.shape[0] == 1 else samples.T
    if samples.dtype.kind == "u":
        half = 2.0 ** (8 * samples.dtype.itemsize - 1)
        return ((block - half) / half).astype(np.float32)
    if samples.dtype.kind == "i":
        return (block / 2.0 ** (8 * samples.dtype.itemsize - 1)).astype(np.float32)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(block, dtype=np.float32)


def _too_long(declared: float | None, name: str) -> SoundError:
    length = f"lasts {declared / 60:.1f} minutes" if declared else "is too long"
    return SoundError(
        "sound.too_long", f"The sound {length}; at most {MAX_SECONDS / 60:g} minutes at a time. Cut it.", name
    )


def _loss_warnings(state: _Decoding, seconds: float, lost: bool) -> tuple[str, ...]:
    if not lost and not state.damaged:
        return ()
    return (f"The sound file is damaged or cut off; {seconds:.2f} s of it could be read. Export it again.",)


def _rate_warnings(rate: int) -> tuple[str, ...]:
    if rate >= DULL_RATE:
        return ()
    return (f"The sound has only {rate} samples a second; consonants will be guessed. Use 16000 or more.",)

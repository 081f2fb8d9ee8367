"""A preview from start to end: a source and a performance become marked frames, and those a movie with the sound."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.performance import Performance
from addon.core.preview import PreviewRequest
from addon.core.shot import Shot
from backend.audio.decode import HEARD_RATE, decode_channels
from backend.progress import Report

from .interface import Picture, Portrait
from .mark import COMPOSITE, TRAINED, Mark, mark_movie, marked_png
from .movie import write_movie
from .portrait_file import portrait_of
from .warm import Warm

Send = Callable[[int, int, bytes], None]
"""Given the number of a frame, how many there are, and the frame as the bytes of a PNG."""
PREPARED: Final[float] = 0.1
"""Share of the whole that comes before the first frame."""
PAPER: Final[tuple[int, int, int]] = (58, 60, 64)
"""What is behind the subject in the movie, which has no alpha."""


@dataclass(frozen=True)
class Film:
    """What is left when all frames were sent: how many there were, at which rate, and the bytes of the MP4."""

    total: int
    fps: float
    movie: bytes


def show(request: PreviewRequest, report: Report, send: Send, opened: Warm | None = None) -> Film:
    """Make the preview that is asked for; frames are sent as they are made, in order.

    `opened` has the generator that drew last, where there is one to go on with.

    `report` may raise JobCancelled between any two of them. Raises RequestError where a source, a folder or a sound is
    not what the generator needs.
    """
    report("prepare", 0.0)
    performance = _performance(request.performance)
    samples = decode_channels(request.sound, request.sound_name) if request.sound else None
    generator = (opened or Warm()).open(request.generator, request.folder)
    state = generator.prepare(_source(request), lambda stage, done: report(stage, PREPARED * done))
    track = generator.latents(performance, state)
    mark = Mark(COMPOSITE if request.portrait else TRAINED, request.generator)
    total = track.frame_count

    def drawn(_stage: str, done: float) -> None:
        """One stage, whatever generators call theirs: it has a pace."""
        report("frames", PREPARED + (1.0 - PREPARED) * done)

    def frames() -> Generator[np.ndarray, None, None]:
        with closing(generator.render(state, track, request.quality, drawn)) as pictures:
            for picture in pictures:
                send(picture.number, total, marked_png(picture.rgb, picture.alpha, mark))
                yield _on_paper(picture)

    with tempfile.TemporaryDirectory(prefix="soliloquy") as folder, closing(frames()) as shown:
        path = write_movie(
            Path(folder) / "preview.mp4",
            shown,
            track.fps,
            samples,
            HEARD_RATE,
            {"comment": mark.words, "encoding_tool": mark.software},
        )
        mark_movie(path, mark)
        return Film(total, track.fps, path.read_bytes())


def _source(request: PreviewRequest) -> Shot | Portrait:
    return Shot.from_bytes(request.shot) if request.shot else portrait_of(request)


def _performance(data: bytes) -> Performance:
    return Performance.load(io.BytesIO(data))


def _on_paper(picture: Picture) -> np.ndarray:
    """(H,W,3) uint8, the picture before an even background."""
    share = picture.alpha[..., None].astype(np.uint16)
    mixed = picture.rgb * share + np.array(PAPER, np.uint16) * (255 - share)
    return ((mixed + 127) // 255).astype(np.uint8)

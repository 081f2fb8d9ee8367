"""A small thing to preview: a pyramid that turns, and a performance of the same length."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.performance import Performance
from addon.core.preview import PreviewRequest
from addon.core.shot import Shot, Subject, Surface
from tests.wire.backends import noise

FPS = 25.0


def a_shot(frames: int, size: int = 64) -> Shot:
    corners = np.array([(-1, -1, 0), (1, -1, 0), (0, 1, 0), (0, 0, 1)], dtype=np.float64)
    turn = np.linspace(0, 1, frames)
    x, y, z = corners.T
    vertices = np.stack(
        [np.cos(turn)[:, None] * x + np.sin(turn)[:, None] * z, np.tile(y, (frames, 1)), z - np.zeros((frames, 1)) - 5],
        axis=-1,
    )
    subject = Subject(
        np.array([(0, 1, 3), (1, 2, 3), (2, 0, 3)], np.int32),
        np.zeros((3, 3, 2), np.float32),
        np.zeros(3, np.uint8),
        np.tile(np.array((0.8, 0.2, 0.1), np.float32), (4, 1)),
        (Surface("clay", "skin", (0.8, 0.2, 0.1)),),
        np.full(70, -1, np.int32),
    )
    return Shot(subject, vertices, 0.8, size, size, FPS)


def a_performance(frames: int) -> bytes:
    still = Performance(
        FPS,
        np.zeros((frames, 70, 3)),
        np.zeros((frames, 2, 2)),
        np.zeros((frames, 6)),
        np.zeros((frames, len(CHANNELS))),
        np.zeros((frames, 9)),
        {},
    )
    return still.to_bytes()


def a_request(frames: int = 12, size: int = 64, **changes: Any) -> PreviewRequest:
    """A preview that takes the backend some hundredths of a second for each frame."""
    usual: dict[str, Any] = {
        "generator": "raster",
        "quality": "draft",
        "performance": a_performance(frames),
        "shot": a_shot(frames, size).to_bytes(),
        "sound": noise(frames / FPS),
        "sound_name": "noise.wav",
    }
    return PreviewRequest(**(usual | changes))


def picture(width: int, height: int) -> bytes:
    """The bytes of a grey PNG, written without any library, for Blender's Python has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\x00" + b"\x80" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

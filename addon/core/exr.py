"""Reads the OpenEXR pictures that Blender writes of its render passes: scan lines without compression, in any parts.

The layout is that of "OpenEXR File Layout" (openexr.com): magic, version, a header of attributes for each part, tables
of where each line lies, lines. A line has its row of every channel one after another. Blender 5 writes a part for each
pass, Blender 4 one for all.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .errors import RequestError

MAGIC: Final[int] = 20000630
TILED, DEEP, MULTIPART = 0x200, 0x800, 0x1000
"""Flags in the version."""
_PIXEL_TYPES: Final[Mapping[int, str]] = {0: "<u4", 1: "<f2", 2: "<f4"}


@dataclass(frozen=True)
class _Part:
    """A part of a file: the first line's number, height, and the layout of a line's data."""

    top: int
    height: int
    line: np.dtype


def read_channels(data: bytes) -> dict[str, np.ndarray]:
    """Every channel (H,W) float32 of a file, by its whole name ("ViewLayer.Depth.Z"), the top row first.

    Raises RequestError when the file is damaged, compressed, tiled or deep.
    """
    try:
        return _read(data)
    except (struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise RequestError("exr.file", "The OpenEXR file is damaged; render it again.") from error


def _read(data: bytes) -> dict[str, np.ndarray]:
    magic, version = struct.unpack_from("<II", data)
    if magic != MAGIC or version & (TILED | DEEP):
        raise RequestError("exr.kind", "Only OpenEXR pictures in scan lines are read; render without tiles.")
    several = bool(version & MULTIPART)
    parts, at = _parts(data, several)
    channels: dict[str, np.ndarray] = {}
    for part in parts:
        offsets = np.frombuffer(data, "<u8", part.height, at)
        at += offsets.nbytes
        channels |= _lines(data, offsets, part, several)
    return channels


def _parts(data: bytes, several: bool) -> tuple[list[_Part], int]:
    """What the headers say, and where the tables begin. Where there may be several parts an empty header ends them."""
    header, at = _header(data, 8)
    parts = [_part(header)]
    while several:
        header, at = _header(data, at)
        if not header:
            break
        parts.append(_part(header))
    return parts, at


def _header(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """The attributes of a header by name, and where it ends."""
    attributes: dict[str, bytes] = {}
    while data[at]:
        name, at = _text(data, at)
        _, at = _text(data, at)
        (size,) = struct.unpack_from("<i", data, at)
        if size < 0:
            raise ValueError("an attribute ends before it begins")
        attributes[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return attributes, at + 1


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode("utf-8"), end + 1


def _part(header: Mapping[str, bytes]) -> _Part:
    if header["compression"] != b"\0":
        raise RequestError("exr.compressed", "Only OpenEXR pictures without compression are read.")
    left, top, right, bottom = struct.unpack("<4i", header["dataWindow"])
    if right < left or bottom < top:
        raise ValueError("the picture has no pixels")
    fields: list[tuple[str, str, tuple[int]]] = []
    listed, at = header["channels"], 0
    while listed[at]:
        name, at = _text(listed, at)
        kind, _linear, across, down = struct.unpack_from("<iB3xii", listed, at)
        at += 16
        if (across, down) != (1, 1):
            raise RequestError("exr.sampling", f"The channel {name} does not have a value for every pixel.")
        fields.append((name, _PIXEL_TYPES[kind], (right - left + 1,)))
    return _Part(top, bottom - top + 1, np.dtype(fields))


def _lines(data: bytes, offsets: np.ndarray, part: _Part, several: bool) -> dict[str, np.ndarray]:
    """The channels of a part, whose lines begin at `offsets` (H,)."""
    heading = ["part", "y", "size"] if several else ["y", "size"]
    chunk = np.dtype([*((name, "<i4") for name in heading), ("line", part.line)])
    if part.height * chunk.itemsize > len(data):  # before anything of that size is made
        raise ValueError("the picture is larger than its file")
    channels = {name: np.empty((part.height, *part.line[name].shape), np.float32) for name in part.line.names or ()}
    there = np.zeros(part.height, dtype=bool)
    for offset in offsets.tolist():
        found = np.frombuffer(data, chunk, 1, offset)[0]
        row = int(found["y"]) - part.top
        if not 0 <= row < part.height or found["size"] != part.line.itemsize:
            raise ValueError("a line is not of this picture")
        there[row] = True
        for name, rows in channels.items():
            rows[row] = found["line"][name]
    if not there.all():
        raise ValueError("lines are missing")
    return channels

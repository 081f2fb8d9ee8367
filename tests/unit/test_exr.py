"""The reader of render passes, with files put together here byte by byte as the format's layout says."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from addon.core.errors import RequestError
from addon.core.exr import MULTIPART, TILED, read_channels

WIDTH, HEIGHT, TOP = 3, 4, -2
KINDS = {"u4": 0, "f2": 1, "f4": 2}


def attribute(name: str, kind: str, data: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(data)) + data


def header(names: Sequence[str], kinds: Sequence[str], compression: int = 0, sampling: int = 1) -> bytes:
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", KINDS[kind], 0, sampling, sampling)
        for name, kind in zip(names, kinds, strict=True)
    )
    return (
        attribute("channels", "chlist", listed + b"\0")
        + attribute("compression", "compression", bytes([compression]))
        + attribute("dataWindow", "box2i", struct.pack("<4i", 5, TOP, 5 + WIDTH - 1, TOP + HEIGHT - 1))
        + attribute("owner", "string", b"nobody")
        + b"\0"
    )


def picture(parts: Sequence[dict[str, np.ndarray]], version: int = 2, backwards: bool = False, **said: int) -> bytes:
    """A file of parts, each channels (H,W) by name; lines lie in the file from the bottom up if `backwards`."""
    several = bool(version & MULTIPART)
    heads = b"".join(header(list(p), [a.dtype.str[1:] for a in p.values()], **said) for p in parts)
    heads += b"\0" if several else b""
    at = 8 + len(heads) + 8 * HEIGHT * len(parts)
    tables, lines = b"", b""
    for number, part in enumerate(parts):
        offsets = [0] * HEIGHT
        for row in range(HEIGHT)[:: -1 if backwards else 1]:
            data = b"".join(array[row].tobytes() for array in part.values())
            offsets[row] = at + len(lines)
            lines += (struct.pack("<i", number) if several else b"") + struct.pack("<ii", TOP + row, len(data)) + data
        tables += struct.pack(f"<{HEIGHT}Q", *offsets)
    return struct.pack("<II", 20000630, version) + heads + tables + lines


def channel(kind: str, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((HEIGHT, WIDTH)) * 100).astype(f"<{kind}")


@pytest.mark.parametrize("backwards", [False, True])
def test_one_part_with_every_type_of_pixel(backwards: bool) -> None:
    given = {"Layer.Depth.Z": channel("f4", 0), "Layer.Half.X": channel("f2", 1), "Layer.Id.X": channel("u4", 2)}
    found = read_channels(picture([given], backwards=backwards))
    assert list(found) == list(given)
    for name, array in given.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], array.astype(np.float32))


def test_several_parts() -> None:
    parts = [{"A.R": channel("f4", 0), "A.G": channel("f4", 1)}, {"B.Z": channel("f2", 2)}]
    found = read_channels(picture(parts, 2 | MULTIPART))
    assert list(found) == ["A.R", "A.G", "B.Z"]
    for part in parts:
        for name, array in part.items():
            assert np.array_equal(found[name], array.astype(np.float32))


def test_what_is_not_read_is_refused() -> None:
    part = {"Z": channel("f4", 0)}
    for data, sentence in (
        (picture([part], compression=3), "without compression"),
        (picture([part], sampling=2), "every pixel"),
        (picture([part], 2 | TILED), "scan lines"),
        (b"\x89PNG\r\n\x1a\n", "scan lines"),
    ):
        with pytest.raises(RequestError, match=sentence):
            read_channels(data)


def test_a_damaged_file_is_refused_wherever_it_ends() -> None:
    whole = picture([{"Z": channel("f4", 0)}, {"Y": channel("f4", 1)}], 2 | MULTIPART)
    assert len(read_channels(whole)) == 2
    for end in range(len(whole)):
        with pytest.raises(RequestError):
            read_channels(whole[:end])


def test_a_line_that_is_missing_is_noticed() -> None:
    whole = bytearray(picture([{"Z": channel("f4", 0)}]))
    first = len(whole) - HEIGHT * (8 + 4 * WIDTH)
    whole[first : first + 4] = struct.pack("<i", TOP + 1)
    with pytest.raises(RequestError, match="damaged"):
        read_channels(bytes(whole))


def test_sizes_that_no_file_has_are_refused_before_anything_is_made() -> None:
    whole = picture([{"Z": channel("f4", 0)}])
    window = whole.index(struct.pack("<4i", 5, TOP, 5 + WIDTH - 1, TOP + HEIGHT - 1))
    table = len(whole) - HEIGHT * (8 + 8 + 4 * WIDTH)
    most = 2**31 - 1
    for at, data in (
        (window, struct.pack("<4i", 0, 0, most, 0)),
        (window, struct.pack("<4i", -most, -most, most, most)),
        (window, struct.pack("<4i", 0, 0, 0, -2)),
        (window, struct.pack("<4i", 5, TOP, 4, TOP + HEIGHT - 1)),
        (table, struct.pack("<Q", 2**64 - 1)),
        (table, struct.pack("<Q", 2**63 - 1)),
        (window - 4, struct.pack("<i", -21)),
    ):
        hostile = whole[:at] + data + whole[at + len(data) :]
        assert len(hostile) == len(whole)
        with pytest.raises(RequestError, match="damaged"):
            read_channels(hostile)


def test_one_line_said_to_be_many_is_refused() -> None:
    """Every entry of the table leads to the same line: what it claims to hold is more than its file does."""
    names, kinds = [f"{number:04d}" for number in range(500)], ["f4"] * 500
    said = header(names, kinds).replace(
        struct.pack("<4i", 5, TOP, 5 + WIDTH - 1, TOP + HEIGHT - 1), struct.pack("<4i", 0, 0, WIDTH - 1, 4999)
    )
    at = 8 + len(said) + 8 * 5000
    line = struct.pack("<ii", 0, 4 * 500 * WIDTH) + bytes(4 * 500 * WIDTH)
    data = struct.pack("<II", 20000630, 2) + said + struct.pack("<5000Q", *[at] * 5000) + line
    tracemalloc.start()
    with pytest.raises(RequestError, match="damaged"):
        read_channels(data)
    assert tracemalloc.get_traced_memory()[1] < 4e6  # of 30e6 that it claims to hold
    tracemalloc.stop()

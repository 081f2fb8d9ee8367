"""Messages that no honest client sends, for the tests and the soak: named ones, and good ones mutated at random."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from addon.core.emotion import EmotionTrack
from addon.core.exchange import preview_message, request_message
from addon.core.preview import FACE_POINTS, PreviewRequest
from addon.core.request import PerformRequest
from addon.core.wire import Frame, Message, encode
from addon.core.wire_schema import MAX_HEADER, MAX_PARTS

HELLO = Message("hello", fields={"software": "test"})


def a_request(**changes: Any) -> PerformRequest:
    track = EmotionTrack.from_keys([(0.0, "happy", 0.5), (1.5, {"sad": 0.25, "fear": 0.75}, 1.0)])
    settings = {
        "sound": bytes(range(256)) * 3,
        "sound_name": "Zeile “eins”.wav",
        "emotion": track,
        "text": "Grüße, 世界 🙂",
        "seed": 2**32 - 1,
        "fps": 29.97,
        "layers": ("speech", "head"),
        "layer_seeds": {"head": 7},
    }
    return PerformRequest(**(settings | changes))


def header(message: Message = HELLO, **changes: Any) -> bytes:
    """The header of a good message with some of its keys changed, or, where None is given, left out."""
    keys = json.loads(bytes(encode(message)[0])) | changes
    return json.dumps({k: v for k, v in keys.items() if v is not None}).encode()


def perform_frames(**descriptor: Any) -> list[Frame]:
    """A `perform` whose sound of four bytes is described otherwise."""
    message = request_message("j1", a_request(sound=b"1234", text=None, emotion=None))
    arrays = [{"name": "sound", "dtype": "|u1", "shape": [4]} | descriptor]
    return [header(message, arrays=arrays), b"1234"]


def a_preview(**changes: Any) -> PreviewRequest:
    """A preview whose shot and performance are no such things."""
    return PreviewRequest(**{"generator": "raster", "quality": "draft", "performance": b"1", "shot": b"2"} | changes)


PREVIEW = preview_message("j1", a_preview())
PORTRAIT = preview_message(
    "j1", a_preview(shot=b"", portrait=b"2", consent=True, points=tuple((1.0, 2.0) for _ in FACE_POINTS))
)


def points_frames(**descriptor: Any) -> list[Frame]:
    """A `preview` of a portrait whose points are described otherwise."""
    frames = encode(PORTRAIT)
    keys = json.loads(bytes(frames[0]))
    keys["arrays"] = [d | descriptor if d["name"] == "points" else d for d in keys["arrays"]]
    return [json.dumps(keys).encode(), *frames[1:]]


BROKEN: dict[str, tuple[list[Frame], str]] = {
    "no frames": ([], "wire.frames"),
    "too many frames": ([header(), *[b""] * MAX_PARTS], "wire.frames"),
    "empty header": ([b""], "wire.header"),
    "not JSON": ([b"{'op': 1}"], "wire.header"),
    "not UTF-8": ([b'{"op": "\xff"}'], "wire.header"),
    "not an object": ([b"[1]"], "wire.header"),
    "half a surrogate": ([header().replace(b"test", b"\\ud800")], "wire.header"),
    "deeply nested": ([b"[" * 60_000], "wire.header"),
    "number of 5000 digits": ([b"1" * 5000], "wire.header"),
    "NaN": ([header().replace(b'"test"', b"NaN")], "wire.header"),
    "infinite number": ([header().replace(b'"test"', b"1e999")], "wire.header"),
    "key twice": ([header().replace(b'"op"', b'"op": "hello", "op"')], "wire.header"),
    "header too large": ([header(fields={"software": "x" * MAX_HEADER})], "wire.size"),
    "unknown key": ([header(extra=1)], "wire.header"),
    "missing key": ([header(job=None)], "wire.header"),
    "another protocol": ([header(protocol="jupyter")], "wire.protocol"),
    "version as text": ([header(version="1")], "wire.version"),
    "version as truth": ([header(version=True)], "wire.version"),
    "unknown operation": ([header(op="format_disk")], "wire.operation"),
    "operation as list": ([header(op=["hello"])], "wire.operation"),
    "operation of the other side": ([header(op="welcome")], "wire.operation"),
    "job where none belongs": ([header(job="j1")], "wire.job"),
    "job as number": ([header(Message("cancel", "j1"), job=7)], "wire.job"),
    "job missing": ([header(Message("cancel", "j1"), job="")], "wire.job"),
    "job with a path": ([header(Message("cancel", "j1"), job="../../etc")], "wire.job"),
    "unknown field": ([header(fields={"software": "x", "more": 1})], "wire.fields"),
    "missing field": ([header(fields={})], "wire.fields"),
    "fields as list": ([header(fields=[])], "wire.fields"),
    "field of another kind": ([header(fields={"software": 3})], "wire.fields"),
    "field too long": ([header(fields={"software": "x" * 2000})], "wire.fields"),
    "consent as number": ([header(PREVIEW, fields=dict(PREVIEW.fields) | {"consent": 1}), b"1", b"2"], "wire.fields"),
    "preview of nothing": ([header(PREVIEW, arrays=[])], "wire.arrays"),
    "five points": (points_frames(shape=[5, 2]), "wire.arrays"),
    "points in space": (points_frames(shape=[4, 3]), "wire.arrays"),
    "points as bytes": (points_frames(dtype="|u1"), "wire.arrays"),
    "points cut short": ([*points_frames()[:-1], b"1234"], "wire.size"),
    "frame without description": ([header(), b"1"], "wire.arrays"),
    "description without frame": (perform_frames()[:1], "wire.arrays"),
    "arrays as object": ([header(arrays={})], "wire.arrays"),
    "unknown array": (perform_frames(name="noise"), "wire.arrays"),
    "array name as list": (perform_frames(name=["sound"]), "wire.arrays"),
    "unknown description key": (perform_frames(order="F"), "wire.arrays"),
    "pickled dtype": (perform_frames(dtype="|O"), "wire.arrays"),
    "dtype as object": (perform_frames(dtype={}), "wire.arrays"),
    "negative shape": (perform_frames(shape=[-4]), "wire.arrays"),
    "fractional shape": (perform_frames(shape=[4.0]), "wire.arrays"),
    "truth as shape": (perform_frames(shape=[True]), "wire.arrays"),
    "shape as text": (perform_frames(shape="4"), "wire.arrays"),
    "two dimensions": (perform_frames(shape=[2, 2]), "wire.arrays"),
    "huge shape": (perform_frames(shape=[2**62]), "wire.arrays"),
    "overflowing shape": (perform_frames(shape=[2**64 + 4]), "wire.arrays"),
    "longer than the frame": (perform_frames(shape=[5]), "wire.size"),
    "shorter than the frame": (perform_frames(shape=[3]), "wire.size"),
}


def mutated(frames: list[bytes], random: np.random.Generator) -> list[bytes]:
    """Frames with one thing wrong: bytes flipped, cut, repeated or swapped, or values in the header exchanged."""
    frames = list(frames)
    at = int(random.integers(len(frames)))
    data = bytearray(frames[at])
    kind = random.integers(6)
    if kind == 0 and data:
        for _ in range(int(random.integers(1, 8))):
            data[int(random.integers(len(data)))] = int(random.integers(256))
    elif kind == 1:
        del data[int(random.integers(len(data) + 1)) :]
    elif kind == 2:
        data += bytes(random.integers(256, size=int(random.integers(1, 64)), dtype=np.uint8))
    elif kind == 3:
        frames.insert(at, frames[int(random.integers(len(frames)))])
    elif kind == 4:
        other = int(random.integers(len(frames)))
        frames[at], frames[other] = frames[other], frames[at]
        data = bytearray(frames[at])
    else:
        at, data = 0, bytearray(exchanged(frames[0], random))
    frames[at] = bytes(data)
    return frames


def exchanged(head: bytes, random: np.random.Generator) -> bytes:
    """A header with one value, anywhere in it, replaced by a hostile one."""
    odd = [None, True, -1, 2**63, 2**200, 1.5, "", "\x00", "a" * 5000, [], {}, [[]], {"": {}}, [-1], [2**40, 2**40]]
    try:
        tree = json.loads(head)
    except ValueError:
        return head
    holder: Any = tree if isinstance(tree, dict | list) else []
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return json.dumps(odd[int(random.integers(len(odd)))]).encode()
        key = keys[int(random.integers(len(keys)))]
        if not isinstance(holder[key], dict | list) or random.random() < 0.3:
            holder[key] = odd[int(random.integers(len(odd)))]
            return json.dumps(tree).encode()
        holder = holder[key]

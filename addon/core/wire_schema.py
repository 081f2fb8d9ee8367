"""What the protocol knows: its operations, what each carries, and how large each thing may be.

One table serves both sides. A request goes from the add-on to the backend, a reply the other way; the backend's
server and its compute process speak the same vocabulary.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .channels import CHANNELS
from .emotion import MAX_KEYS
from .performance import LANDMARKS
from .preview import FACE_POINTS
from .request import EXAMPLE_FRAMES, MAX_TEXT

PROTOCOL: Final[str] = "soliloquy"
VERSION: Final[int] = 2
"""Raised by one whenever an older side could misread a newer one."""

MIB: Final[int] = 2**20
MAX_HEADER: Final[int] = 64 * 1024
MAX_PARTS: Final[int] = 8
MAX_SOUND: Final[int] = 512 * MIB
MAX_SPARE: Final[int] = MIB
"""A frame may exceed the largest sound by this before the socket cuts the line; so most offenders get an answer."""
MAX_META: Final[int] = 32 * MIB
MAX_SHOT: Final[int] = MAX_SOUND
MAX_PERFORMANCE: Final[int] = 256 * MIB
MAX_PICTURE: Final[int] = 64 * MIB
"""A portrait, or one frame: 4096 x 4096 pixels with alpha are 64 MiB before they are packed."""
MAX_MOVIE: Final[int] = MAX_SOUND
MAX_FRAMES: Final[int] = 150_000
"""Longest performance: ten minutes at 240 frames per second, and some."""

ADDON: Final[str] = "addon"
BACKEND: Final[str] = "backend"

BYTES: Final[str] = "|u1"
FLOATS: Final[str] = "<f4"
ITEM_SIZE: Final[Mapping[str, int]] = {BYTES: 1, FLOATS: 4}

_JOB: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class FieldRule:
    """What a header field may hold: `kind` of value, and its range or greatest length."""

    kind: str
    low: float = -sys.float_info.max
    high: float = sys.float_info.max

    def accepts(self, value: Any) -> bool:
        """Whether the value is of the kind and within the bounds."""
        if self.kind == "text":
            return isinstance(value, str) and len(value) <= self.high
        if self.kind == "texts":
            return isinstance(value, list) and len(value) <= self.high and all(isinstance(v, str) for v in value)
        if self.kind == "whole":
            return type(value) is int and self.low <= value <= self.high
        if self.kind == "number":
            return type(value) in (int, float) and self.low <= value <= self.high
        if self.kind == "wholes":
            return isinstance(value, dict) and all(type(v) is int for v in value.values())
        return isinstance(value, bool if self.kind == "flag" else dict)


@dataclass(frozen=True)
class ArrayRule:
    """An array's `dtype` and `shape`, None standing for the one free length; `most` bounds that length."""

    dtype: str
    shape: tuple[int | None, ...]
    most: int
    required: bool = True

    def accepts(self, dtype: Any, shape: tuple[int, ...]) -> bool:
        """Whether dtype and shape are the ones of the rule, and the free length is within its bound."""
        return (
            dtype == self.dtype
            and len(shape) == len(self.shape)
            and all(
                have <= self.most if want is None else have == want
                for have, want in zip(shape, self.shape, strict=True)
            )
        )


@dataclass(frozen=True)
class Operation:
    """One kind of message: who sends it, whether it belongs to a job ("yes", "no", "maybe"), and what it carries."""

    sender: str
    job: str = "no"
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    arrays: Mapping[str, ArrayRule] = field(default_factory=dict)
    offered: bool = True

    def accepts_job(self, job: Any) -> bool:
        """Whether the job id is well formed and present or absent as it must be."""
        if job == "":
            return self.job != "yes"
        return isinstance(job, str) and self.job != "no" and _JOB.fullmatch(job) is not None


_NAME = FieldRule("text", high=1024)
_SENTENCE = FieldRule("text", high=4096)
_COUNT = FieldRule("whole", 0, 2**53)
_FRAMES = FieldRule("whole", 0, MAX_FRAMES)
_POSITION = FieldRule("whole", 0, 10_000)
_SECONDS_LEFT = FieldRule("number", -1.0)
"""-1 where it is not known."""

OPERATIONS: Final[Mapping[str, Operation]] = {
    "hello": Operation(ADDON, fields={"software": _NAME}),
    "perform": Operation(
        ADDON,
        "yes",
        {
            "sound_name": _NAME,
            "engine": _NAME,
            "seed": _COUNT,
            "fps": FieldRule("number"),
            "layers": FieldRule("texts", high=64),
            "layer_seeds": FieldRule("wholes"),
        },
        {
            "sound": ArrayRule(BYTES, (None,), MAX_SOUND),
            "text": ArrayRule(BYTES, (None,), 4 * MAX_TEXT + 4096, required=False),
            "times": ArrayRule(FLOATS, (None,), MAX_KEYS, required=False),
            "weights": ArrayRule(FLOATS, (None, 8), MAX_KEYS, required=False),
            "intensity": ArrayRule(FLOATS, (None,), MAX_KEYS, required=False),
            "character": ArrayRule(FLOATS, (EXAMPLE_FRAMES, len(CHANNELS)), EXAMPLE_FRAMES, required=False),
        },
    ),
    "perform_stream": Operation(ADDON, "yes", offered=False),
    "preview": Operation(
        ADDON,
        "yes",
        {
            "generator": _NAME,
            "quality": _NAME,
            "folder": _SENTENCE,
            "consent": FieldRule("flag"),
            "sound_name": _NAME,
        },
        {
            "performance": ArrayRule(BYTES, (None,), MAX_PERFORMANCE),
            "shot": ArrayRule(BYTES, (None,), MAX_SHOT, required=False),
            "portrait": ArrayRule(BYTES, (None,), MAX_PICTURE, required=False),
            "points": ArrayRule(FLOATS, (len(FACE_POINTS), 2), len(FACE_POINTS), required=False),
            "sound": ArrayRule(BYTES, (None,), MAX_SOUND, required=False),
        },
    ),
    "cancel": Operation(ADDON, "yes"),
    "status": Operation(ADDON),
    "shutdown": Operation(ADDON),
    "welcome": Operation(BACKEND, fields={"software": _NAME, "start": _NAME, "capabilities": FieldRule("object")}),
    "accepted": Operation(BACKEND, "yes", {"position": _POSITION}),
    "progress": Operation(
        BACKEND,
        "yes",
        {
            "stage": _NAME,
            "fraction": FieldRule("number", 0.0, 1.0),
            "position": _POSITION,
            "seconds_left": _SECONDS_LEFT,
        },
    ),
    "piece": Operation(
        BACKEND,
        "yes",
        {"first": _FRAMES, "total": _FRAMES},
        {
            "landmarks": ArrayRule(FLOATS, (None, LANDMARKS, 3), MAX_FRAMES),
            "gaze": ArrayRule(FLOATS, (None, 2, 2), MAX_FRAMES),
            "head": ArrayRule(FLOATS, (None, 6), MAX_FRAMES),
            "channels": ArrayRule(FLOATS, (None, len(CHANNELS)), MAX_FRAMES),
            "emotion": ArrayRule(FLOATS, (None, 9), MAX_FRAMES),
        },
    ),
    "finished": Operation(BACKEND, "yes", {"fps": FieldRule("number")}, {"meta": ArrayRule(BYTES, (None,), MAX_META)}),
    "picture": Operation(
        BACKEND, "yes", {"number": _FRAMES, "total": _FRAMES}, {"png": ArrayRule(BYTES, (None,), MAX_PICTURE)}
    ),
    "filmed": Operation(
        BACKEND, "yes", {"fps": FieldRule("number"), "total": _FRAMES}, {"movie": ArrayRule(BYTES, (None,), MAX_MOVIE)}
    ),
    "cancelled": Operation(BACKEND, "yes"),
    "error": Operation(BACKEND, "maybe", {"kind": _NAME, "code": _NAME, "message": _SENTENCE, "where": _SENTENCE}),
    "state": Operation(
        BACKEND,
        fields={
            "start": _NAME,
            "pid": _COUNT,
            "worker": _NAME,
            "worker_pid": _COUNT,
            "waiting": _COUNT,
            "uptime_s": FieldRule("number", 0.0),
            "jobs": FieldRule("texts", high=1024),
        },
    ),
    "closing": Operation(BACKEND, fields={"reason": _SENTENCE}),
}
"""`state` answers `status`; its `jobs` are the open ones of the client that asked."""
PIECES: Final[frozenset[str]] = frozenset({"piece", "picture"})
"""Replies that a job may send many of, before its last one."""


def requests() -> dict[str, bool]:
    """Every operation that a client may ask for, and whether this version has it."""
    return {name: operation.offered for name, operation in OPERATIONS.items() if operation.sender == ADDON}

"""The wire format: a message is a JSON header frame and one raw little-endian frame per array.

The header is `{"protocol", "version", "op", "job", "fields", "arrays"}`, all six and no others; `arrays` lists
`{"name", "dtype", "shape"}` in the order of the frames that follow. Everything is checked against
`wire_schema.OPERATIONS` before an array is looked at: a message that `decode` returns has exactly the fields and
arrays of its operation, within their bounds. Whatever else arrives raises WireError, and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from .errors import WireError
from .wire_schema import ADDON, BACKEND, ITEM_SIZE, MAX_HEADER, MAX_PARTS, OPERATIONS, PROTOCOL, VERSION, Operation

_HEADER_KEYS: Final[frozenset[str]] = frozenset({"protocol", "version", "op", "job", "fields", "arrays"})
_ARRAY_KEYS: Final[frozenset[str]] = frozenset({"name", "dtype", "shape"})

Frame = bytes | bytearray | memoryview


@dataclass(frozen=True, eq=False)
class Message:
    """One message: operation, job id ("" when it belongs to none), header `fields` and `arrays` by name."""

    op: str
    job: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def encode(message: Message) -> list[Frame]:
    """The frames of a message: the header, then one per array, without copying arrays that are laid out already.

    Raises WireError when the message is not one that the other side would accept.
    """
    operation = _operation(message.op)
    if unknown := message.arrays.keys() - operation.arrays.keys():
        raise WireError("wire.arrays", "An array is unknown here or sent twice.", ", ".join(sorted(unknown)))
    arrays = {n: np.ascontiguousarray(a, dtype=operation.arrays[n].dtype) for n, a in message.arrays.items()}
    descriptors = [{"name": n, "dtype": a.dtype.str, "shape": list(a.shape)} for n, a in arrays.items()]
    header = {
        "protocol": PROTOCOL,
        "version": VERSION,
        "op": message.op,
        "job": message.job,
        "fields": dict(message.fields),
        "arrays": descriptors,
    }
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise WireError("wire.header", "The header does not fit into JSON.", str(error)) from error
    frames = [text, *(array.reshape(-1).view(np.uint8).data for array in arrays.values())]
    _check_envelope(operation, message.job, header["fields"])
    _check_frames(frames)
    _check_descriptors(operation, descriptors, frames[1:])
    return frames


def decode(frames: Sequence[Frame], sender: str) -> Message:
    """The message in `frames`, sent by "addon" or "backend". Arrays are read-only views of the frames.

    Raises WireError for everything that breaks the protocol.
    """
    _check_frames(frames)
    header = _parse(frames[0])
    _check_version(header, sender)
    if header.keys() != _HEADER_KEYS:
        odd = sorted(header.keys() ^ _HEADER_KEYS)
        raise WireError("wire.header", "The header has unknown or missing keys.", ", ".join(odd)[:200])
    operation = _operation(header["op"], sender)
    _check_envelope(operation, header["job"], header["fields"])
    shapes = _check_descriptors(operation, header["arrays"], frames[1:])
    arrays = {
        name: np.frombuffer(frame, dtype=operation.arrays[name].dtype).reshape(shape)
        for (name, shape), frame in zip(shapes.items(), frames[1:], strict=True)
    }
    for array in arrays.values():
        array.setflags(write=False)
    return Message(header["op"], header["job"], header["fields"], arrays)


def job_of(frames: Sequence[Frame]) -> str:
    """The job id that a broken message seems to belong to, so that its error can be told to the job; "" for none."""
    try:
        _check_frames(frames[:1])
        job = _parse(frames[0]).get("job")
    except WireError:
        return ""
    return job if isinstance(job, str) and OPERATIONS["error"].accepts_job(job) else ""


def _check_frames(frames: Sequence[Frame]) -> None:
    if not 1 <= len(frames) <= MAX_PARTS:
        raise WireError("wire.frames", f"A message has 1 to {MAX_PARTS} frames; this one has {len(frames)}.")
    if len(frames[0]) > MAX_HEADER:
        raise WireError("wire.size", f"The header is larger than {MAX_HEADER} bytes.")


def _parse(frame: Frame) -> dict[str, Any]:
    """The header as a JSON object: UTF-8, no repeated keys, no NaN or infinity, no text that is not Unicode."""
    try:
        header = json.loads(
            bytes(frame).decode(), object_pairs_hook=_object, parse_constant=_not_finite, parse_float=_finite
        )
        json.dumps(header, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise WireError("wire.header", "The header is not well-formed JSON.", str(error)[:200]) from error
    if not isinstance(header, dict):
        raise WireError("wire.header", "The header is not a JSON object.")
    return header


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _not_finite(text)


def _check_version(header: Mapping[str, Any], sender: str) -> None:
    """The protocol's name and version come first: a newer or older peer is told which side to update."""
    if header.get("protocol") != PROTOCOL:
        raise WireError("wire.protocol", f"This is not a message of the {PROTOCOL} protocol.")
    version = header.get("version")
    if type(version) is not int:
        raise WireError("wire.version", "The protocol version is not a whole number.")
    if version != VERSION:
        names = {ADDON: "add-on", BACKEND: "backend"}
        other = names[sender]
        mine = names[BACKEND if sender == ADDON else ADDON]
        outdated = other if version < VERSION else mine
        raise WireError(
            "wire.version",
            f"The {other} speaks version {str(version)[:20]} of the protocol and the {mine} version {VERSION}; "
            f"update the {outdated}.",
        )


def _operation(name: Any, sender: str | None = None) -> Operation:
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None or sender not in (None, operation.sender):
        raise WireError("wire.operation", "The operation is not one that this side answers.", str(name)[:100])
    return operation


def _check_envelope(operation: Operation, job: Any, fields: Any) -> None:
    if not operation.accepts_job(job):
        raise WireError("wire.job", "The job id is missing, malformed or does not belong here.")
    if not isinstance(fields, dict) or fields.keys() != operation.fields.keys():
        raise WireError("wire.fields", "The fields are not those of the operation.", ", ".join(operation.fields))
    for name, rule in operation.fields.items():
        if not rule.accepts(fields[name]):
            raise WireError("wire.fields", f"The field {name!r} is of the wrong kind or out of range.", name)


def _check_descriptors(operation: Operation, descriptors: Any, frames: Sequence[Frame]) -> dict[str, tuple[int, ...]]:
    """Shapes by name, in the order of the frames, once names, dtypes, shapes and frame lengths all agree."""
    if not isinstance(descriptors, list) or len(descriptors) != len(frames):
        raise WireError("wire.arrays", "There is not one array frame for each array described.")
    shapes: dict[str, tuple[int, ...]] = {}
    for descriptor, frame in zip(descriptors, frames, strict=True):
        if not isinstance(descriptor, dict) or descriptor.keys() != _ARRAY_KEYS:
            raise WireError("wire.arrays", "An array is described by its name, dtype and shape, and nothing else.")
        name, shape = descriptor["name"], descriptor["shape"]
        rule = operation.arrays.get(name) if isinstance(name, str) else None
        if rule is None or name in shapes:
            raise WireError("wire.arrays", "An array is unknown here or sent twice.", str(name)[:100])
        if not isinstance(shape, list) or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("wire.arrays", "A shape is a list of whole numbers that are not negative.", name)
        if not rule.accepts(descriptor["dtype"], tuple(shape)):
            raise WireError("wire.arrays", "An array has another dtype or shape than it must, or is too large.", name)
        if math.prod(shape) * ITEM_SIZE[rule.dtype] != len(frame):
            raise WireError("wire.size", "An array frame is not as long as its description says.", name)
        shapes[name] = tuple(shape)
    if missing := [n for n, rule in operation.arrays.items() if rule.required and n not in shapes]:
        raise WireError("wire.arrays", "An array is missing.", ", ".join(missing))
    return shapes

"""Requests, results and errors as wire messages, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from . import errors
from .emotion import EmotionTrack
from .errors import SoliloquyError, WireError
from .performance import ARRAY_NAMES, Performance
from .preview import PreviewRequest
from .request import PerformRequest
from .wire import Message
from .wire_schema import MAX_FRAMES

PIECE_SECONDS: Final[float] = 10.0
"""A result is sent in pieces of this length, so that its first seconds can be shown before the rest arrives."""

_EMOTION_ARRAYS: Final[tuple[str, ...]] = ("times", "weights", "intensity")
_PREVIEW_ARRAYS: Final[tuple[str, ...]] = ("performance", "shot", "portrait", "sound")
_ERROR_KINDS: Final[Mapping[str, type[SoliloquyError]]] = {
    kind.__name__: kind
    for kind in (
        errors.SoundError,
        errors.SpeechError,
        errors.EmotionError,
        errors.PerformanceError,
        errors.RequestError,
        errors.WireError,
        errors.BackendError,
    )
}


def request_message(job: str, request: PerformRequest) -> Message:
    """The `perform` message of a request. The sound's bytes are not copied."""
    arrays: dict[str, np.ndarray] = {"sound": np.frombuffer(request.sound, dtype=np.uint8)}
    if request.text is not None:
        arrays["text"] = _text_array(request.text)
    if request.emotion is not None:
        arrays |= {name: getattr(request.emotion, name) for name in _EMOTION_ARRAYS}
    if request.character is not None:
        arrays["character"] = np.ascontiguousarray(request.character, dtype=np.float32)
    fields = {
        "sound_name": request.sound_name[-1024:],
        "engine": request.engine,
        "seed": int(request.seed),
        "fps": float(request.fps),
        "layers": list(request.layers),
        "layer_seeds": {name: int(seed) for name, seed in request.layer_seeds.items()},
    }
    return Message("perform", job, fields, arrays)


def request_settings(message: Message) -> PerformRequest:
    """The request of a `perform` message, checked, but with an empty sound: what a server needs that only passes it on.

    Raises RequestError, EmotionError or WireError.
    """
    given = [name for name in _EMOTION_ARRAYS if name in message.arrays]
    if given and len(given) < len(_EMOTION_ARRAYS):
        raise WireError("wire.arrays", "An emotion track is sent as times, weights and intensity, all three.")
    fields = message.fields
    return PerformRequest(
        sound=b"",
        sound_name=fields["sound_name"],
        emotion=EmotionTrack(**{name: message.arrays[name] for name in given}) if given else None,
        text=_array_text(message.arrays["text"], "text") if "text" in message.arrays else None,
        engine=fields["engine"],
        seed=fields["seed"],
        fps=float(fields["fps"]),
        layers=tuple(fields["layers"]),
        layer_seeds=dict(fields["layer_seeds"]),
        character=message.arrays["character"].copy() if "character" in message.arrays else None,
    )


def request_from(message: Message) -> PerformRequest:
    """The whole request of a `perform` message; the sound is copied once, out of the frame."""
    return replace(request_settings(message), sound=message.arrays["sound"].tobytes())


def preview_message(job: str, request: PreviewRequest) -> Message:
    """The `preview` message of a request. What it is made from is not copied."""
    sources = {name: getattr(request, name) for name in _PREVIEW_ARRAYS}
    fields = {
        "generator": request.generator,
        "quality": request.quality,
        "folder": request.folder,
        "consent": request.consent,
        "sound_name": request.sound_name[-1024:],
    }
    arrays: dict[str, np.ndarray] = {n: np.frombuffer(data, np.uint8) for n, data in sources.items() if data}
    if request.points:
        arrays["points"] = np.array(request.points, dtype=np.float32)
    return Message("preview", job, fields, arrays)


def preview_from(message: Message) -> PreviewRequest:
    """The request of a `preview` message, checked; its arrays are copied once, out of the frames.

    Raises RequestError.
    """
    return _preview(message, lambda array: array.tobytes())


def check_preview(message: Message) -> None:
    """Raise RequestError where a `preview` message is no request; what it is made from is not copied."""
    _preview(message, lambda array: b"1" if array.size else b"")


def _preview(message: Message, read: Callable[[np.ndarray], bytes]) -> PreviewRequest:
    fields, given = message.fields, message.arrays
    arrays = {name: read(array) for name, array in given.items() if name in _PREVIEW_ARRAYS}
    return PreviewRequest(
        generator=fields["generator"],
        quality=fields["quality"],
        performance=arrays["performance"],
        shot=arrays.get("shot", b""),
        portrait=arrays.get("portrait", b""),
        consent=fields["consent"],
        points=tuple((float(x), float(y)) for x, y in given["points"]) if "points" in given else (),
        folder=fields["folder"],
        sound=arrays.get("sound", b""),
        sound_name=fields["sound_name"],
    )


def result_messages(job: str, performance: Performance) -> Iterator[Message]:
    """A performance as `piece` messages of about ten seconds each, then `finished`."""
    total, arrays = performance.frame_count, performance.arrays()
    step = max(1, round(PIECE_SECONDS * performance.fps))
    for first in range(0, total, step):
        part = {name: array[first : first + step] for name, array in arrays.items()}
        yield Message("piece", job, {"first": first, "total": total}, part)
    meta = _text_array(json.dumps(dict(performance.meta), ensure_ascii=False))
    yield Message("finished", job, {"fps": float(performance.fps)}, {"meta": meta})


def picture_message(job: str, number: int, total: int, png: bytes) -> Message:
    """Frame `number` of `total`, as the bytes of a PNG file."""
    return Message("picture", job, {"number": number, "total": total}, {"png": np.frombuffer(png, np.uint8)})


def filmed_message(job: str, total: int, fps: float, movie: bytes) -> Message:
    """The end of a preview of `total` frames: all of them with the sound, as the bytes of an MP4 file."""
    return Message("filmed", job, {"fps": fps, "total": total}, {"movie": np.frombuffer(movie, np.uint8)})


class Assembly:
    """Puts the pieces of one result together. Pieces come in order; anything else raises WireError."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        self.received = 0
        self.total = 0

    def add(self, message: Message) -> None:
        """Take one `piece`. The first one decides, within MAX_FRAMES, how much memory is set aside."""
        first, total = message.fields["first"], message.fields["total"]
        counts = {array.shape[0] for array in message.arrays.values()}
        count = max(counts)
        if len(counts) != 1 or count == 0 or first != self.received or not first + count <= total <= MAX_FRAMES:
            raise WireError("wire.piece", "A piece of the result does not fit to those before it.")
        if first == 0:
            self.total = total
            self._arrays = {n: np.empty((total, *a.shape[1:]), dtype=np.float32) for n, a in message.arrays.items()}
        elif total != self.total:
            raise WireError("wire.piece", "A piece of the result belongs to a result of another length.")
        for name, array in message.arrays.items():
            self._arrays[name][first : first + count] = array
        self.received = first + count

    def finish(self, message: Message) -> Performance:
        """The performance, at `finished`. Raises WireError when pieces are missing, or PerformanceError."""
        if self.received == 0 or self.received != self.total:
            raise WireError("wire.piece", "The result ended before all of its pieces had arrived.")
        try:
            meta = json.loads(_array_text(message.arrays["meta"], "meta"))
        except (ValueError, RecursionError) as error:
            raise WireError("wire.meta", "The result's description is not well-formed JSON.") from error
        if not isinstance(meta, dict):
            raise WireError("wire.meta", "The result's description is not a JSON object.")
        return Performance(float(message.fields["fps"]), **{n: self._arrays[n] for n in ARRAY_NAMES}, meta=meta)


def error_message(error: SoliloquyError, job: str = "") -> Message:
    """The `error` message of an exception."""
    kind = type(error).__name__
    fields: dict[str, Any] = {
        "kind": kind if kind in _ERROR_KINDS else errors.BackendError.__name__,
        "code": error.code[:1024],
        "message": _clean(error.message),
        "where": _clean(error.where),
    }
    return Message("error", job, fields)


def error_from(message: Message) -> SoliloquyError:
    """The exception of an `error` message; a kind that this version does not know becomes a BackendError."""
    kind = _ERROR_KINDS.get(message.fields["kind"], errors.BackendError)
    return kind(message.fields["code"], message.fields["message"], message.fields["where"])


def _clean(text: str) -> str:
    """Text cut to what the header takes, with what is not Unicode made visible."""
    return text[:4096].encode("utf-8", "backslashreplace").decode()[:4096]


def _text_array(text: str) -> np.ndarray:
    try:
        return np.frombuffer(text.encode(), dtype=np.uint8)
    except UnicodeEncodeError as error:
        raise WireError("wire.text", "The text holds characters that are not Unicode; type it again.") from error


def _array_text(array: np.ndarray, where: str) -> str:
    try:
        return array.tobytes().decode()
    except UnicodeDecodeError as error:
        raise WireError("wire.text", "The text is not valid UTF-8.", where) from error

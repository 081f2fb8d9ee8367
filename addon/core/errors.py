"""The one exception hierarchy: each error carries a code, a sentence that says what to do, and where it arose."""

from __future__ import annotations


class SoliloquyError(Exception):
    """Base of everything that Soliloquy raises on purpose.

    `code` is stable and dotted ("sound.empty"), for programs; `message` is a sentence for the artist that says
    what to do; `where` names the file, field or object concerned, or is empty.
    """

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.message} ({self.where})" if self.where else self.message


class SoundError(SoliloquyError):
    """The sound cannot be used: missing, unreadable, empty, too short, too long, not finite."""


class SpeechError(SoliloquyError):
    """The words or phones of the line cannot be found in the sound."""


class EmotionError(SoliloquyError):
    """The emotion track is not one: unknown name, negative weight, times out of order."""


class PerformanceError(SoliloquyError):
    """The arrays or settings of a Performance break its contract."""


class RequestError(SoliloquyError):
    """A request asks for something this backend does not have or allow."""


class WireError(SoliloquyError):
    """A message breaks the wire protocol: framing, header, array descriptors, sizes, version."""


class BackendError(SoliloquyError):
    """The backend cannot be reached, was lost, or failed while it worked."""


class RigError(SoliloquyError):
    """The character cannot be driven: nothing to drive, linked data, an Action that is not ours."""


class JobCancelled(SoliloquyError):  # noqa: N818 - a state the artist asked for, not a fault
    """The job was cancelled before it finished."""

    def __init__(self, where: str = "") -> None:
        super().__init__("job.cancelled", "The job was cancelled.", where)

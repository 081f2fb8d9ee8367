"""What the backend is asked to do, and where that goes: a line to bake, or a preview to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .core.errors import SoliloquyError
from .core.preview import PreviewRequest
from .core.request import PerformRequest

if TYPE_CHECKING:
    from .link.events import Filmed, Pictured


@dataclass(frozen=True)
class Job:
    """Where a result goes: session_uids of scene and object, the sound, the take's name, first frame, how to bake."""

    scene: int
    character: int
    sound: Path
    line: str
    start: int
    tolerance: float
    layers: tuple[str, ...] = ()
    push: bool = False
    raise_ranges: bool = False


class Screening(Protocol):
    """Where a preview goes: it is told what has come, and at the end how that was, None for well."""

    def hear(self, event: Pictured | Filmed) -> None:
        """A frame or the movie. Raises SoliloquyError when there is no place for it, which ends the job."""
        ...

    def end(self, error: SoliloquyError | None) -> None:
        """Nothing more comes."""
        ...


@dataclass(frozen=True)
class OpenJob:
    """A job that has not ended; `sent_as` is the session's id, empty until the backend has answered its greeting."""

    job: Job | Screening
    request: PerformRequest | PreviewRequest
    sent_as: str = ""

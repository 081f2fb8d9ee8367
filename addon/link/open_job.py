"""A job that has not ended, and what each reply of the backend to it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..core.errors import SoliloquyError, WireError
from ..core.exchange import Assembly, error_from
from ..core.wire import Message
from .events import Cancelled, Event, Failed, Filmed, Finished, Pictured, Progress

ENDS: Final = (Finished, Filmed, Failed, Cancelled)
"""The events after which a job is no longer open."""


class OpenJob:
    """What came of a job so far. `asked` is the number of the status question that was sent before it."""

    def __init__(self, name: str, asked: int) -> None:
        self.asked = asked
        self._name = name
        self._assembly = Assembly()
        self._pictures = 0
        self._meanings: Mapping[str, Callable[[Message], Event | None]] = {
            "accepted": lambda message: Progress(name, "waiting", 0.0, message.fields["position"]),
            "progress": self._progress,
            "piece": self._assembly.add,
            "finished": lambda message: Finished(name, self._assembly.finish(message)),
            "picture": self._picture,
            "filmed": self._film,
            "cancelled": lambda _: Cancelled(name),
            "error": lambda message: Failed(name, error_from(message)),
        }

    def take(self, message: Message) -> Event | None:
        """The event that a reply is, if any; one that does not fit to those before is the job's failure."""
        try:
            return self._meanings[message.op](message)
        except SoliloquyError as error:
            return Failed(self._name, error)

    def _progress(self, message: Message) -> Progress:
        fields = message.fields
        left = float(fields["seconds_left"])
        return Progress(self._name, fields["stage"], float(fields["fraction"]), fields["position"], left)

    def _picture(self, message: Message) -> Pictured:
        """A frame of a preview; one that is out of order would land at the wrong place of the line."""
        number, total = message.fields["number"], message.fields["total"]
        if number != self._pictures or number >= total:
            raise WireError("wire.piece", "A frame of the preview does not fit to those before it.")
        self._pictures += 1
        return Pictured(self._name, number, total, message.arrays["png"].tobytes())

    def _film(self, message: Message) -> Filmed:
        total = message.fields["total"]
        if not 0 < total == self._pictures:
            raise WireError("wire.piece", "The preview ended before all of its frames had arrived.")
        return Filmed(self._name, total, float(message.fields["fps"]), message.arrays["movie"].tobytes())

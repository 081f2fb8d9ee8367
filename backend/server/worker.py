"""The compute process: takes one job at a time from the server, performs it, and sends the result in pieces.

It speaks the same vocabulary as a client does with the server, with the sides as they are there: it hears `perform`,
`preview`, `cancel` and `shutdown`, and says `welcome`, `progress`, `piece`, `finished`, `picture`, `filmed`,
`cancelled` and `error`.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
from typing import Any, Final

import zmq

from addon.core.errors import BackendError, JobCancelled, SoliloquyError
from addon.core.exchange import (
    error_message,
    filmed_message,
    picture_message,
    preview_from,
    request_from,
    result_messages,
)
from addon.core.version import SOFTWARE
from addon.core.wire import Message, decode, encode
from addon.core.wire_schema import ADDON
from addon.link import sockets
from addon.link.connection import Connection
from backend import engine
from backend.generator.registry import generators
from backend.generator.warm import Warm

from .lifeline import wait_for_parent_to_end
from .memory import give_back_memory
from .pace import Pace

log = logging.getLogger(__name__)

LISTEN_SECONDS: Final[float] = 0.01
"""How often, at most, a running job looks whether it was cancelled."""
PROGRESS_SECONDS: Final[float] = 0.1
"""How often, at most, progress within one stage is told."""


class Worker:
    """The compute process' conversation with the server."""

    def __init__(self, socket: sockets.Socket) -> None:
        self._socket = socket
        self._job = ""
        self._stage = ""
        self._pace = Pace()
        self._told_at = 0.0
        self._heard_at = 0.0
        self._stopping = False
        self._warm = Warm()

    def serve(self) -> None:
        """Greet the server with what the engine can do, then take jobs until told to stop."""
        abilities = engine.capabilities() | {"generators": _generators()}
        self._tell(Message("welcome", fields={"software": SOFTWARE, "start": "", "capabilities": abilities}))
        while not self._stopping:
            self._socket.poll()
            parts = sockets.receive(self._socket)
            message = decode(sockets.buffers(parts), ADDON) if parts else None
            del parts
            if message is not None and message.op in ("perform", "preview"):
                self._work(message)
            elif message is not None and message.op == "shutdown":
                self._stopping = True

    def _work(self, message: Message) -> None:
        self._job, self._stage, self._pace = message.job, "", Pace()
        try:
            if message.op == "preview":
                self._preview(message)
            else:
                self._perform(message)
        except JobCancelled:
            self._tell(Message("cancelled", self._job))
        except SoliloquyError as error:
            self._tell(error_message(error, self._job))
        except Exception as error:
            log.exception("job %s failed", self._job)
            self._tell(error_message(_fault(error), self._job))
        finally:
            self._job = ""
            give_back_memory()

    def _preview(self, message: Message) -> None:
        from backend.generator.film import show  # FFmpeg and pictures, which a line that is performed does without

        film = show(
            preview_from(message),
            self.report,
            lambda number, total, png: self._tell(picture_message(self._job, number, total, png)),
            self._warm,
        )
        self._listen()
        self._tell(filmed_message(self._job, film.total, film.fps, film.movie))

    def _perform(self, message: Message) -> None:
        request = request_from(message)
        del message
        performance = engine.run_request(request, self.report)
        for part in result_messages(self._job, performance):
            self._listen()
            self._tell(part)

    def report(self, stage: str, fraction: float) -> None:
        """Tell how far the running job is; cheap, so call it often. Raises JobCancelled when it was cancelled."""
        now = time.monotonic()
        if now - self._heard_at >= LISTEN_SECONDS:
            self._heard_at = now
            self._listen()
        if stage != self._stage or now - self._told_at >= PROGRESS_SECONDS:
            self._stage, self._told_at = stage, now
            done = min(max(float(fraction), 0.0), 1.0)
            left = self._pace.seconds_left(stage, done, now)
            fields = {"stage": stage[:1024], "fraction": done, "position": 0, "seconds_left": left}
            sockets.send(self._socket, encode(Message("progress", self._job, fields)))

    def _listen(self) -> None:
        while parts := sockets.receive(self._socket):
            message = decode(sockets.buffers(parts), ADDON)
            if message.op == "shutdown":
                self._stopping = True
                raise JobCancelled
            if message.op == "cancel" and message.job == self._job:
                raise JobCancelled

    def _tell(self, message: Message) -> None:
        """Send, waiting while the server's queue is full: it always drains it."""
        frames = encode(message)
        while not sockets.send(self._socket, frames):
            self._socket.poll(1000, zmq.POLLOUT)


def _generators() -> list[dict[str, Any]]:
    """What draws previews, for clients to offer: JSON values only."""
    return [{"name": info.name, "needs": list(info.needs), "note": info.note} for info in generators()]


def _fault(error: Exception) -> BackendError:
    if isinstance(error, MemoryError):
        return BackendError("backend.memory", "The line needs more memory than there is; split it.", repr(error))
    return BackendError(
        "backend.failed",
        "The backend failed at this line; its log file tells where. Please report it.",
        repr(error)[:500],
    )


def _end_with_server() -> None:
    """The server holds the other end of standard input; when it closes, however that came, this process ends."""
    wait_for_parent_to_end()
    os._exit(0)


def main() -> None:
    """Entry point: `python -m backend.server.worker LEVEL`, with the Connection as a line of JSON on standard input."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=sys.argv[1], format="%(asctime)s %(levelname)s worker %(name)s: %(message)s")
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(0, 1)):
            return
        line += byte
    threading.Thread(target=_end_with_server, daemon=True).start()
    context: sockets.Context = zmq.Context()
    socket = sockets.connect(context, Connection(**json.loads(line)))
    try:
        Worker(socket).serve()
    finally:
        context.destroy(linger=200)


if __name__ == "__main__":
    main()

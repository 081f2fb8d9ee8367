"""One connection to one start of the backend: messages out, messages in, and when it was last heard."""

from __future__ import annotations

import time

import zmq

from ..core.errors import BackendError, SoliloquyError, WireError
from ..core.wire import Message, decode, encode
from ..core.wire_schema import BACKEND
from . import sockets
from .connection import Connection


class Client:
    """A DEALER with the wire format on it. Nothing here waits except `wait`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._context: sockets.Context = zmq.Context()
        try:
            self._socket = sockets.connect(self._context, connection)
        except SoliloquyError:
            self._context.destroy(linger=0)
            raise
        self.heard_at = time.monotonic()

    def send(self, message: Message) -> None:
        """Send. Raises WireError when the message is not one, BackendError when the backend takes no more."""
        if not sockets.send(self._socket, encode(message)):
            raise BackendError("backend.slow", "The backend does not take any more messages; wait a moment.")

    def receive(self) -> Message | WireError | None:
        """The next message, or the WireError of one that was none, or None when nothing has come."""
        if (parts := sockets.receive(self._socket)) is None:
            return None
        self.heard_at = time.monotonic()
        try:
            return decode(sockets.buffers(parts), BACKEND)
        except WireError as error:
            return error

    def wait(self, seconds: float) -> None:
        """Sleep until something comes, for at most `seconds`."""
        self._socket.poll(max(1, round(seconds * 1000)))

    def close(self) -> None:
        """Disconnect and drop what was not sent."""
        self._context.destroy(linger=0)

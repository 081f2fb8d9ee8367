"""The post: replies to clients, without ever waiting for one of them.

A reply that belongs to no job, and progress, are dropped when the client's queue is full. The end of a job and its
result stay in the job's outbox until the client takes them or is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import zmq

from addon.core.wire import Message, encode
from addon.link import sockets

from .jobs import Job

log = logging.getLogger(__name__)

MAX_CLIENTS: Final[int] = 256
"""Clients remembered for the farewell; the longest silent one is forgotten first."""


class Post:
    """Sends to clients through the ROUTER and knows which of them are there."""

    def __init__(self, router: sockets.Socket) -> None:
        self._router = router
        self._clients: dict[bytes, None] = {}
        self.gone: set[bytes] = set()
        """Clients found to be gone since this was last emptied."""

    def heard(self, client: bytes) -> None:
        """A client has said something."""
        self._clients.pop(client, None)
        self._clients[client] = None
        while len(self._clients) > MAX_CLIENTS:
            self._clients.pop(next(iter(self._clients)))

    def send(self, client: bytes, message: Message) -> bool:
        """Send now or not at all; False when it was dropped."""
        return self._put(client, encode(message))

    def everyone(self, message: Message) -> None:
        """Send to every client that is remembered."""
        for client in list(self._clients):
            self.send(client, message)

    def flush(self, job: Job) -> bool:
        """Send what the client takes of a job's outbox; True when nothing is left."""
        while job.outbox:
            if not self._put(job.client, job.outbox[0]):
                return False
            job.outbox.popleft()
        return True

    def _put(self, client: bytes, parts: Sequence[Any]) -> bool:
        try:
            return sockets.send(self._router, parts, to=client)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._clients.pop(client, None)
            self.gone.add(client)
            return False

"""The post: replies to clients, without ever waiting for one of them.

When a client's queue is full, hints (progress) are dropped; answers are kept, so many as a client that reads can
have open; the result and the end of a job stay in the job's outbox until the client takes them or is gone.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import zmq

from addon.core.wire import Message, encode
from addon.link import sockets

from .jobs import Job

log = logging.getLogger(__name__)

MAX_CLIENTS: Final[int] = 256
"""Clients remembered for the farewell; the longest silent one is forgotten first."""
MAX_ANSWERS: Final[int] = 256
"""Answers kept for one client; one that asks on without ever reading gets no more."""


class Post:
    """Sends to clients through the ROUTER and knows which of them are there."""

    def __init__(self, router: sockets.Socket) -> None:
        self._router = router
        self._clients: dict[bytes, None] = {}
        self._answers: dict[bytes, deque[Sequence[Any]]] = {}
        self.gone: set[bytes] = set()
        """Clients found to be gone since this was last emptied."""

    def heard(self, client: bytes) -> None:
        """A client has said something."""
        self._clients.pop(client, None)
        self._clients[client] = None
        while len(self._clients) > MAX_CLIENTS:
            self._clients.pop(next(iter(self._clients)))

    @property
    def has_answers(self) -> bool:
        """Whether some answer waits for its client."""
        return bool(self._answers)

    def answer(self, client: bytes, message: Message) -> None:
        """Send now or as soon as the client has room."""
        waiting = self._answers.setdefault(client, deque())
        if len(waiting) < MAX_ANSWERS:
            waiting.append(encode(message))
        self._flush_answers(client)

    def hint(self, client: bytes, message: Message) -> None:
        """Send now or not at all."""
        if client not in self._answers:
            self._put(client, encode(message))

    def everyone(self, message: Message) -> None:
        """Hint to every client that is remembered."""
        for client in list(self._clients):
            self.hint(client, message)

    def flush(self) -> None:
        """Send the answers that clients now have room for."""
        for client in list(self._answers):
            self._flush_answers(client)

    def flush_job(self, job: Job) -> bool:
        """Send what the client takes of a job's outbox; True when nothing is left."""
        while job.outbox:
            if not self._put(job.client, job.outbox[0]):
                return False
            job.outbox.popleft()
        return True

    def _flush_answers(self, client: bytes) -> None:
        waiting = self._answers.get(client, deque())
        while waiting and self._put(client, waiting[0]):
            waiting.popleft()
        if not waiting or client in self.gone:
            self._answers.pop(client, None)

    def _put(self, client: bytes, parts: Sequence[Any]) -> bool:
        try:
            return sockets.send(self._router, parts, to=client)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._clients.pop(client, None)
            self.gone.add(client)
            return False

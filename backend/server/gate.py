"""The gate: lets in exactly those CURVE keys that were named, by ZeroMQ's authentication protocol (ZAP, RFC 27)."""

from __future__ import annotations

import logging
from typing import Final

import zmq
from zmq.utils import z85

from addon.link.sockets import Context

log = logging.getLogger(__name__)

_ENDPOINT: Final[str] = "inproc://zeromq.zap.01"
_VERSION: Final[bytes] = b"1.0"


class Gate:
    """Answers libzmq's question, for each new connection, whether its key may enter the socket's domain.

    A refused client is dropped by libzmq without a word to it; here it is logged.
    """

    def __init__(self, context: Context) -> None:
        self.socket = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(_ENDPOINT)
        self._keys: dict[bytes, bytes] = {}

    def admit(self, domain: str, public_key: str) -> None:
        """Let one key, in Z85, into a domain; the key that was let in before is not any more."""
        self._keys[domain.encode()] = z85.decode(public_key)

    def answer(self) -> None:
        """Answer the questions that wait."""
        while self.socket.poll(0):
            parts = self.socket.recv_multipart()
            request = parts[1] if len(parts) > 1 else b""
            allowed = len(parts) == 7 and parts[5] == b"CURVE" and self._keys.get(parts[2]) == parts[6]
            if not allowed:
                log.warning("refused a connection with an unknown key")
            verdict = (b"200", b"OK") if allowed else (b"400", b"unknown key")
            self.socket.send_multipart([_VERSION, request, *verdict, b"", b""])

    def close(self) -> None:
        """Stop answering."""
        self.socket.close(0)

"""Sockets set up the one way that both sides need: CURVE, bounded queues and message sizes, no lingering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import zmq

from ..core.errors import BackendError
from ..core.wire import Frame
from ..core.wire_schema import MAX_PARTS, MAX_SOUND, MAX_SPARE
from .connection import Connection

Socket: TypeAlias = zmq.Socket[bytes]
Context: TypeAlias = zmq.Context[Socket]

QUEUE: Final[int] = 32
"""High-water mark in messages: pieces of a result are at most a few MiB each."""
REQUESTS: Final[int] = 256
"""That of a client's requests: a batch may be sent at once, as many jobs as the backend takes and some more."""
PING_MS: Final[int] = 2000
"""ZeroMQ's own heartbeat. Its I/O thread answers, so a Blender that is busy rendering does not look dead."""
PING_PATIENCE_MS: Final[int] = 8000


def prepare(context: Context, kind: int, max_message: int) -> Socket:
    """A socket with what every one of ours has. Frames above `max_message` bytes cut the line before allocation."""
    if not zmq.has("curve"):
        raise BackendError("backend.curve", "This build of pyzmq has no CURVE encryption; install the official wheel.")
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, max_message)
    socket.setsockopt(zmq.SNDHWM, QUEUE)
    socket.setsockopt(zmq.RCVHWM, QUEUE)
    socket.setsockopt(zmq.HEARTBEAT_IVL, PING_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, PING_PATIENCE_MS)
    socket.setsockopt(zmq.HEARTBEAT_TTL, PING_PATIENCE_MS)
    return socket


def connect(context: Context, connection: Connection) -> Socket:
    """A DEALER that talks to the backend of the connection file."""
    socket = prepare(context, zmq.DEALER, MAX_SOUND + MAX_SPARE)
    socket.setsockopt(zmq.SNDHWM, REQUESTS)
    # Without a bound: where a queue is full libzmq stops reading, hears no heartbeat, connects anew, and aborts the
    # whole process when it goes on to read (libzmq issue 3937). What waits here is what was asked for.
    socket.setsockopt(zmq.RCVHWM, 0)
    try:
        socket.curve_serverkey = connection.server_public.encode()
        socket.curve_publickey = connection.client_public.encode()
        socket.curve_secretkey = connection.client_secret.encode()
        socket.connect(connection.endpoint)
    except (zmq.ZMQError, UnicodeEncodeError) as error:
        socket.close(0)
        raise BackendError(
            "backend.file", "The backend's connection file is damaged; restart the backend.", str(error)
        ) from error
    return socket


def send(socket: Socket, frames: Sequence[Frame | zmq.Frame], to: bytes | None = None) -> bool:
    """Send without waiting; False when the other side's queue is full. Large frames are not copied."""
    parts = list(frames) if to is None else [to, *frames]
    try:
        socket.send_multipart(parts, flags=zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return False
    return True


def receive(socket: Socket, extra_parts: int = 0) -> list[zmq.Frame] | None:
    """The next message's parts without copying them, or None when nothing has come.

    Of a message with more than MAX_PARTS (and `extra_parts`) parts only one too many is kept; so `wire.decode`
    refuses it, and it cannot fill the memory.
    """
    try:
        part = socket.recv(flags=zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return None
    parts = [part]
    while part.more:
        part = socket.recv(flags=zmq.NOBLOCK, copy=False)
        if len(parts) <= MAX_PARTS + extra_parts:
            parts.append(part)
    return parts


def buffers(parts: Sequence[zmq.Frame]) -> list[Frame]:
    """The memory of received parts, for `wire.decode`. The views keep the parts alive."""
    return [part.buffer for part in parts]

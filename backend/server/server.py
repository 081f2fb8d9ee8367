"""The server: one loop over the clients' socket, the gate and the compute process, until it is told to end."""

from __future__ import annotations

import ipaddress
import logging
import os
import platform
import secrets
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import zmq

from addon.core.errors import BackendError, WireError
from addon.core.version import SOFTWARE
from addon.core.wire import Message
from addon.core.wire_schema import MAX_SOUND, MAX_SPARE
from addon.link import sockets
from addon.link.connection import Claim, Connection, publish

from .compute import Compute
from .desk import Desk
from .gate import Gate
from .lifeline import wait_for_parent_to_end
from .post import Post

log = logging.getLogger(__name__)

DOMAIN: Final[str] = "clients"
IDLE_MS, WORKING_MS, SENDING_MS = 200, 50, 10
"""How long the loop sleeps at most: when idle, while a job runs, while a client's queue is full."""
REMIND_SECONDS: Final[float] = 1.0
BURST: Final[int] = 64
"""Messages taken from the clients before the compute process is looked at again."""
STOP_SECONDS: Final[float] = 0.5
FAREWELL_MS: Final[int] = 200


@dataclass(frozen=True)
class ServeSettings:
    """How to serve. `host` and `port` to listen at (0: any free port); `folder` for the connection file.

    `start` names this start; `max_sound` bytes; `end_with_parent` ends the server when its standard input closes.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    start: str = field(default_factory=lambda: secrets.token_hex(16))
    max_sound: int = MAX_SOUND
    end_with_parent: bool = False
    log_level: str = "INFO"


class Server:
    """A running backend. `run` blocks until `stop`, a signal, a client's shutdown, or the parent's end."""

    def __init__(self, settings: ServeSettings, log_file: IO[str] | None = None) -> None:
        self._settings = settings
        self._reason = ""
        self._claim: Claim | None = None
        self._context: sockets.Context = zmq.Context()
        try:
            self._gate = Gate(self._context)
            public, secret = (key.decode() for key in zmq.curve_keypair())
            self._gate.admit(DOMAIN, public)
            self._router, server_public = _listen(self._context, settings)
            self._connection = Connection(
                endpoint=self._router.getsockopt_string(zmq.LAST_ENDPOINT),
                server_public=server_public,
                client_public=public,
                client_secret=secret,
                pid=os.getpid(),
                host=platform.node(),
                start=settings.start,
                software=SOFTWARE,
            )
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._post = Post(self._router)
        self._compute = Compute(self._context, self._gate, settings.log_level, log_file)
        self._desk = Desk(self._post, self._compute, settings.start, settings.max_sound)

    def stop(self, reason: str) -> None:
        """End soon. May be called from a signal handler or another thread."""
        self._reason = self._reason or reason

    def run(self) -> None:
        """Serve. Raises BackendError when another backend has the folder's connection file."""
        try:
            self._claim = publish(self._connection, self._settings.folder)
            log.info("listening at %s, connection file %s", self._connection.endpoint, self._claim.path)
            self._compute.start_if_due()
            self._loop()
        finally:
            self._close()

    def _loop(self) -> None:
        remind_at = 0.0
        while not self._reason:
            self._wait()
            self._gate.answer()
            self._take_from_clients()
            self._take_from_compute()
            self._desk.advance()
            if time.monotonic() >= remind_at:
                remind_at = time.monotonic() + REMIND_SECONDS
                self._desk.remind()
            self._reason = self._reason or self._desk.closing

    def _wait(self) -> None:
        poller = zmq.Poller()
        for socket in filter(None, (self._router, self._gate.socket, self._compute.socket)):
            poller.register(socket, zmq.POLLIN)
        jobs = self._desk.jobs
        unsent = self._post.has_answers or any(job.outbox for job in jobs)
        starting = not self._compute.ready
        poller.poll(SENDING_MS if unsent else WORKING_MS if starting or jobs.running() else IDLE_MS)

    def _take_from_clients(self) -> None:
        for _ in range(BURST):
            if (parts := sockets.receive(self._router, extra_parts=1)) is None:
                return
            self._desk.take(parts[0].bytes, parts[1:])

    def _take_from_compute(self) -> None:
        """First what it still said, then whether it is there. One that breaks the protocol is killed."""
        try:
            while parts := self._compute.receive():
                self._desk.hear(parts)
        except WireError:
            log.exception("the compute process broke the protocol; killing it")
            self._compute.kill()
            self._desk.worker_died(0)
        if (code := self._compute.died()) is not None:
            self._desk.worker_died(code)
        self._compute.start_if_due()

    def _close(self) -> None:
        """No new clients, a word to those that are there, the compute process, the sockets: in this order."""
        log.info("ending: %s", self._reason or "an error")
        if self._claim is not None:
            self._claim.withdraw()
        try:
            self._post.everyone(Message("closing", fields={"reason": self._reason or "The backend failed."}))
            self._compute.stop(STOP_SECONDS)
        finally:
            self._router.close(linger=FAREWELL_MS)
            self._gate.close()
            self._context.destroy(linger=FAREWELL_MS)


def serve(settings: ServeSettings, log_file: IO[str] | None = None) -> None:
    """Serve in the main thread of this process until told to end."""
    server = Server(settings, log_file)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda received, _frame: server.stop(f"Signal {received} ended the backend."))
    if settings.end_with_parent:
        threading.Thread(target=_watch_parent, args=(server,), daemon=True).start()
    server.run()


def _listen(context: sockets.Context, settings: ServeSettings) -> tuple[sockets.Socket, str]:
    """The ROUTER, bound, and its public key."""
    public, secret = zmq.curve_keypair()
    router = sockets.prepare(context, zmq.ROUTER, settings.max_sound + MAX_SPARE)
    router.setsockopt(zmq.ROUTER_MANDATORY, 1)
    router.curve_server = True
    router.curve_secretkey = secret
    router.zap_domain = DOMAIN.encode()
    endpoint = f"tcp://{settings.host}:{settings.port or '*'}"
    try:
        router.bind(endpoint)
    except zmq.ZMQError as error:
        raise BackendError(
            "backend.bind", f"Cannot listen at {endpoint}; choose another host or port.", str(error)
        ) from error
    _require_callable(router.getsockopt_string(zmq.LAST_ENDPOINT))
    return router, public.decode()


def _require_callable(endpoint: str) -> None:
    """Refuse to listen everywhere at once, however that was written: clients are told the address, and call it."""
    host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    if ipaddress.ip_address(host).is_unspecified:
        raise BackendError(
            "backend.host",
            "Nobody can call a backend at this --host; give the one address at which clients reach this machine.",
            host,
        )


def _watch_parent(server: Server) -> None:
    wait_for_parent_to_end()
    server.stop("The program that started the backend has ended.")

"""The server's handle on the compute process: start, feed, listen, kill, start again."""

from __future__ import annotations

import json
import logging
import os
import platform
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import zmq

from addon.core.version import SOFTWARE
from addon.core.wire import Message, encode
from addon.core.wire_schema import MAX_SOUND, MAX_SPARE
from addon.link import sockets
from addon.link.connection import Connection

from .gate import Gate

log = logging.getLogger(__name__)

DOMAIN: Final[str] = "worker"
ROOT: Final[Path] = Path(__file__).resolve().parents[2]
LONGEST_PAUSE: Final[float] = 60.0
"""Seconds between attempts to start a process that does not come up; they double from one."""


class Compute:
    """One compute process at a time, on a socket and with keys of its own, so nothing of a dead one is ever heard."""

    def __init__(self, context: sockets.Context, gate: Gate, log_level: str, log_file: IO[str] | None) -> None:
        self._context, self._gate = context, gate
        self._log_level, self._log_file = log_level, log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0
        self.socket: sockets.Socket | None = None
        self.ready = False
        self.failures = 0
        """How often in a row the process ended before it was ready, or could not be started at all."""

    @property
    def pid(self) -> int:
        """Of the compute process; 0 when there is none."""
        return self._process.pid if self._process else 0

    def start_if_due(self) -> None:
        """Start the process when there is none and the pause after failures is over."""
        if self._process is None and time.monotonic() >= self._start_at:
            self._start()

    def send(self, parts: Sequence[Any]) -> bool:
        """Hand a message on to the process; False when it does not take any."""
        return self.socket is not None and sockets.send(self.socket, parts)

    def receive(self) -> list[zmq.Frame] | None:
        """What the process said, or None."""
        return sockets.receive(self.socket) if self.socket is not None else None

    def came_up(self) -> None:
        """The process has said that it is ready."""
        self.ready, self.failures = True, 0

    def died(self) -> int | None:
        """The exit code, negative for a signal, when the process has ended by itself; its socket is then closed."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._forget()
        return code

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    def stop(self, deadline_s: float) -> None:
        """Ask the process to end, and kill it when it has not after `deadline_s` seconds."""
        if self._process is None:
            return
        if self.ready:
            self.send(encode(Message("shutdown")))
        _close(self._process.stdin)
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            log.info("the compute process is busy; killing it")
        self.kill()

    def _start(self) -> None:
        """The process learns where to call, and with which key, from its standard input, which nobody else can read.

        It also ends when that input does: a server that was killed leaves no process behind.
        """
        public, secret = (key.decode() for key in zmq.curve_keypair())
        server_public, server_secret = zmq.curve_keypair()
        self._gate.admit(DOMAIN, public)
        self.socket = sockets.prepare(self._context, zmq.DEALER, MAX_SOUND + MAX_SPARE)
        self.socket.curve_server = True
        self.socket.curve_secretkey = server_secret
        self.socket.zap_domain = DOMAIN.encode()
        self.socket.bind("tcp://127.0.0.1:*")
        endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        called = Connection(
            endpoint,
            server_public.decode(),
            public,
            secret,
            os.getpid(),
            platform.node(),
            secrets.token_hex(8),
            SOFTWARE,
        )
        try:
            self._process = self._spawn()
        except OSError:
            log.exception("the compute process cannot be started")
            self._forget()
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asdict(called)).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            log.warning("the compute process ended as it was started")
        log.info("started compute process %d", self._process.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-m", "backend.server.worker", self._log_level],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log_file,
            env=os.environ | {"PYTHONPATH": path},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def _forget(self) -> None:
        """Let go of an ended process. After one that was never ready, the next start waits."""
        if not self.ready:
            self.failures += 1
            self._start_at = time.monotonic() + min(2.0 ** (self.failures - 1), LONGEST_PAUSE)
        if self._process is not None:
            _close(self._process.stdin)
        if self.socket is not None:
            self.socket.close(0)
        self._process, self.socket, self.ready = None, None, False


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            log.debug("the pipe of the compute process was broken already")

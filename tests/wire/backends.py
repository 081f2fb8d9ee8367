"""A real backend in a process of its own, sessions with it, and a client that says whatever a test wants."""

from __future__ import annotations

import io
import os
import sys
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from addon.core.emotion import EmotionTrack
from addon.core.request import PerformRequest
from addon.core.wire import Frame, Message, decode, encode
from addon.link import sockets
from addon.link.connection import Connection, read
from addon.link.launcher import RUNNING, STARTING, Launcher
from addon.link.session import Event, Session

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("SOLILOQUY_BACKEND_PYTHON", sys.executable))
"""Runs the backend; another one than the tests run in, when they run in the Python of a Blender."""
PATIENCE = 60.0
"""Seconds after which a test gives up on something that must happen; how long it really takes is not asserted."""


def until(condition: Callable[[], Any], what: str) -> Any:
    """The condition's first true value; fails the test when it does not come."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"timed out: {what}"
        time.sleep(0.02)
    return value


class Backend:
    """A backend as the add-on starts it, and what a test needs to know of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "backend.log"
        self.launcher = Launcher(PYTHON, ROOT, folder, self.log)
        self._sessions: list[Session] = []
        self._raw: list[Raw] = []

    def start(self) -> None:
        self.launcher.start()
        until(lambda: self.launcher.poll().name != STARTING, "the backend starts")
        assert self.launcher.poll().name == RUNNING, self.launcher.poll().message

    @property
    def pid(self) -> int:
        return self.connection.pid

    @property
    def connection(self) -> Connection:
        return read(self.folder)

    def session(self, heartbeat_s: float = 0.5) -> Session:
        session = Session(self.folder, heartbeat_s)
        self._sessions.append(session)
        session.connect()
        session.wait_ready(PATIENCE)
        session.pump()
        return session

    def raw(self) -> Raw:
        raw = Raw(self.connection)
        self._raw.append(raw)
        return raw

    def status(self) -> dict[str, Any]:
        raw = Raw(self.connection)
        try:
            return dict(raw.ask(Message("status")).fields)
        finally:
            raw.close()

    def close(self) -> None:
        for session in self._sessions:
            session.close()
        for raw in self._raw:
            raw.close()
        self.launcher.stop()


class Raw:
    """A client with the right keys that sends any frames it likes."""

    def __init__(self, connection: Connection) -> None:
        self._context: sockets.Context = zmq.Context()
        self.socket = sockets.connect(self._context, connection)

    def send(self, frames: Sequence[Frame]) -> None:
        self.socket.send_multipart(list(frames))

    def receive(self, seconds: float = PATIENCE) -> Message | None:
        if not self.socket.poll(round(seconds * 1000)):
            return None
        parts = sockets.receive(self.socket)
        return decode(sockets.buffers(parts), "backend") if parts else None

    def ask(self, message: Message | Sequence[Frame]) -> Message:
        self.send(encode(message) if isinstance(message, Message) else message)
        answer = self.receive()
        assert answer is not None, "no answer"
        return answer

    def until(self, *ops: str) -> Message:
        """The next message of one of these operations."""
        while (message := self.receive()) is not None:
            if message.op in ops:
                return message
        raise AssertionError(f"no {ops}")

    def close(self) -> None:
        self._context.destroy(linger=0)


def noise(seconds: float, seed: int = 0) -> bytes:
    """A WAV file of bursts of noise, four a second: something like speech for those who listen for phones."""
    rate = 16_000
    times = np.arange(int(seconds * rate)) / rate
    bursts = np.random.default_rng(seed).normal(size=times.size) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * times))
    return wav((np.clip(bursts * 0.1, -1, 1) * 32767).astype("<i2"), rate)


def wav(samples: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def request(seconds: float = 1.0, **changes: Any) -> PerformRequest:
    """A line to perform, of this length; by the rules unless told otherwise, which take their time over a long one."""
    usual = {"sound": noise(seconds), "sound_name": "noise.wav", "emotion": EmotionTrack.constant("happy", 0.8)}
    return PerformRequest(**{**usual, "engine": "rules", **changes})


def collect(session: Session, condition: Callable[[list[Event]], Any], what: str) -> list[Event]:
    """What a session tells until the condition on all of it holds."""
    events: list[Event] = []

    def check() -> Any:
        events.extend(session.pump())
        return condition(events)

    until(check, what)
    return events


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not collected does not."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False

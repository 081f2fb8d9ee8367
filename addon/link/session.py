"""One conversation with the backend. No threads and no waiting: everything happens in `pump()`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..core.errors import BackendError, JobCancelled, SoliloquyError, WireError
from ..core.exchange import error_from, preview_message, request_message
from ..core.performance import Performance
from ..core.preview import PreviewRequest
from ..core.request import PerformRequest
from ..core.version import SOFTWARE
from ..core.wire import Message
from ..core.wire_schema import MAX_SOUND, MIB
from .client import Client
from .connection import Connection, find, read, runtime_folder
from .events import Cancelled, Capabilities, Connected, Event, Failed, Filmed, Finished, Lost, Pictured, Progress
from .liveness import Probe
from .open_job import ENDS, OpenJob

__all__ = [
    "Cancelled", "Capabilities", "Connected", "Event", "Failed", "Filmed", "Finished", "Lost", "Pictured", "Progress",
    "Session",
]  # fmt: skip

DISCONNECTED: Final[str] = "disconnected"
CONNECTING: Final[str] = "connecting"
READY: Final[str] = "ready"
LOST: Final[str] = "lost"

PATIENCE: Final[float] = 3.0
"""Heartbeats without a word after which the backend is lost."""
DOUBT: Final[float] = 1.5
"""Heartbeats without a word after which it is tried whether anything listens at its endpoint."""
_NO_CONNECTION = BackendError("backend.absent", "There is no connection to a backend; start it and connect first.")


class Session:
    """One conversation with the backend.

    `state` is "disconnected", "connecting", "ready" or "lost"; `capabilities` is None until it was "ready".
    After "lost" the session finds a restarted backend by itself, in `pump()`.
    """

    def __init__(self, runtime_dir: Path | None = None, heartbeat_s: float = 2.0) -> None:
        self.state: str = DISCONNECTED
        self.capabilities: Capabilities | None = None
        self._folder = runtime_folder(runtime_dir)
        self._heartbeat = heartbeat_s
        self._client: Client | None = None
        self._probe: Probe | None = None
        self._jobs: dict[str, OpenJob] = {}
        self._events: list[Event] = []
        self._asked = self._answered = 0
        self._loss_told = False
        self._pumped_at = self._beat_at = time.monotonic()

    def connect(self, probe: bool = True) -> None:
        """Read the connection file and greet the backend; `Connected` follows from `pump()`.

        It tries the endpoint first, for up to PROBE_SECONDS; without `probe`, as for a backend that has written its
        file just now, it never waits. Raises BackendError with a sentence when there is no file or the backend that
        wrote it is gone.
        """
        if self.state not in (CONNECTING, READY):
            self._open(find(self._folder) if probe else read(self._folder))
            self._loss_told = False

    def perform(self, request: PerformRequest) -> str:
        """Send a job and return its id at once.

        Raises BackendError when not "ready", RequestError or WireError when the request cannot be sent.
        """
        self._require_size(len(request.sound), "sound", request.sound_name)
        return self._submit(lambda job: request_message(job, request))

    def preview(self, request: PreviewRequest) -> str:
        """Send a preview and return its id at once; `Pictured`… and `Filmed` follow. Raises as `perform` does."""
        self._require_size(len(request.sound), "sound", request.sound_name)
        self._require_size(len(request.shot), "shot", request.sound_name)
        return self._submit(lambda job: preview_message(job, request))

    def cancel(self, job: str) -> None:
        """Ask for a job to be cancelled; `Cancelled` follows from `pump()`. A job that ended is left alone."""
        if job in self._jobs:
            self._ready().send(Message("cancel", job))

    def shutdown_backend(self) -> None:
        """Ask the backend to end; `Lost` follows from `pump()`. Raises BackendError when there is no connection."""
        if self._client is None:
            raise _NO_CONNECTION
        self._client.send(Message("shutdown"))

    def pump(self, budget_s: float = 0.004) -> list[Event]:
        """Take in what has arrived, for at most about `budget_s` seconds, and return what happened. Never waits.

        One message is always taken whole: the end of a ten-minute result costs some ten milliseconds.
        """
        self._collect(budget_s)
        events, self._events = self._events, []
        return events

    def wait_ready(self, timeout_s: float) -> Capabilities:
        """Pump until "ready" (for command lines and tests). Raises BackendError when that takes too long."""
        end = time.monotonic() + timeout_s
        while self.state != READY or self.capabilities is None:
            lost = next((event for event in self._events if isinstance(event, Lost)), None)
            if lost is not None or time.monotonic() > end:
                raise BackendError("backend.timeout", lost.reason if lost else "The backend did not answer in time.")
            self._sleep(end)
        return self.capabilities

    def wait(self, job: str, timeout_s: float, on_event: Callable[[Event], None] | None = None) -> Performance:
        """Pump until the job ended (for command lines and tests); raises its error, or BackendError after the time.

        `on_event` hears of this job and of the connection; what happened to other jobs stays for `pump`.
        """
        end = time.monotonic() + timeout_s
        while True:
            mine = [e for e in self._events if getattr(e, "job", job) == job]
            self._events = [e for e in self._events if e not in mine]
            for event in mine:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, Finished):
                    return event.performance
                if isinstance(event, Failed):
                    raise event.error
                if isinstance(event, Cancelled):
                    raise JobCancelled
            if job not in self._jobs:
                raise BackendError("job.unknown", "There is no such job; it may have ended already.", job)
            if time.monotonic() > end:
                raise BackendError("backend.timeout", "The backend did not finish in time.", job)
            self._sleep(end)

    def close(self) -> None:
        """End the conversation without waiting for unsent messages. The backend then cancels its open jobs."""
        self._drop_client()
        self._jobs.clear()
        self._events.clear()
        self.state = DISCONNECTED

    def _open(self, connection: Connection) -> None:
        self._drop_client()
        self._client = Client(connection)
        self._client.send(Message("hello", fields={"software": SOFTWARE}))
        self.state = CONNECTING
        self._asked = self._answered = 0
        self._pumped_at = time.monotonic()
        self._ask()

    def _ready(self) -> Client:
        if self._client is None or self.state != READY:
            raise _NO_CONNECTION
        return self._client

    def _require_size(self, size: int, what: str, where: str) -> None:
        limit = self.capabilities.max_sound if self.capabilities else MAX_SOUND
        if size > limit:
            raise WireError(
                "wire.size", f"The {what} is larger than {limit // MIB} MiB; shorten or compress it.", where
            )

    def _submit(self, message_of: Callable[[str], Message]) -> str:
        client, job = self._ready(), uuid.uuid4().hex
        client.send(message_of(job))
        self._jobs[job] = OpenJob(job, self._asked)
        return job

    def _sleep(self, end: float) -> None:
        if self._client is not None:
            self._client.wait(min(0.05, max(end - time.monotonic(), 0.001)))
        else:
            time.sleep(0.05)
        self._collect(0.05)

    def _collect(self, budget_s: float) -> None:
        now = time.monotonic()
        paused, self._pumped_at = now - self._pumped_at, now
        if self._client is not None:
            if paused > self._heartbeat:
                # Whoever did not look cannot have heard: a Blender that rendered for a minute starts to listen anew.
                self._client.heard_at = now
            self._read(self._client, now + budget_s)
        if now >= self._beat_at:
            self._beat_at = now + self._heartbeat
            self._beat(now)
        self._heed_probe(now)

    def _read(self, client: Client, until: float) -> None:
        while client is self._client and (message := client.receive()) is not None:
            if isinstance(message, WireError):
                self._lose(message.message)
            else:
                self._take(message)
            if time.monotonic() >= until:
                return

    def _beat(self, now: float) -> None:
        """Once per heartbeat: ask for a sign of life, notice that none came, or look for a new backend."""
        if self._client is None:
            if self.state == LOST:
                self._search()
            return
        silence = now - self._client.heard_at
        if silence > PATIENCE * self._heartbeat:
            self._lose("The backend does not answer any more; look at its log, or restart it.")
            return
        if silence > DOUBT * self._heartbeat and self._probe is None:
            self._probe = Probe(self._client.connection)
        self._ask()

    def _search(self) -> None:
        """Try the backend of the connection file, if there is one; the answer is for a later pump."""
        if self._probe is None:
            try:
                self._probe = Probe(read(self._folder))
            except BackendError:
                return

    def _heed_probe(self, now: float) -> None:
        """Draw the consequence of an attempt to reach the backend, once its outcome is known."""
        if self._probe is None or (alive := self._probe.poll()) is None:
            return
        probe, self._probe = self._probe, None
        if self._client is None and alive:
            self._reconnect(probe.connection)
        elif self._client is not None and not alive and now - self._client.heard_at > DOUBT * self._heartbeat:
            self._lose("The backend has ended unexpectedly; start it again.")

    def _ask(self) -> None:
        """Send a `status` question; when the queue is full, the backend has enough of them to answer."""
        assert self._client is not None
        try:
            self._client.send(Message("status"))
        except BackendError:
            return
        self._asked += 1

    def _reconnect(self, connection: Connection) -> None:
        try:
            self._open(connection)
        except BackendError:
            self.state = LOST

    def _lose(self, reason: str) -> None:
        """The connection is over: every open job fails, and the owner is told, once."""
        self._drop_client()
        self.state = LOST
        for job in list(self._jobs):
            self._fail(job, BackendError("backend.lost", reason))
        if not self._loss_told:
            self._loss_told = True
            self._events.append(Lost(reason))

    def _drop_client(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _take(self, message: Message) -> None:
        """One message from the backend."""
        if message.op == "welcome":
            self._welcomed(message)
        elif message.op == "state":
            self._compare(message)
        elif message.op == "closing":
            self._lose(f"The backend was ended. {message.fields['reason']}")
        elif message.op == "error" and message.job not in self._jobs:
            self._refused(error_from(message))
        elif message.job in self._jobs:
            self._take_for_job(message, self._jobs[message.job])

    def _take_for_job(self, message: Message, job: OpenJob) -> None:
        event = job.take(message)
        if isinstance(event, ENDS):
            del self._jobs[message.job]
        if event is not None:
            self._events.append(event)

    def _welcomed(self, message: Message) -> None:
        try:
            self.capabilities = Capabilities.from_json(message.fields["software"], message.fields["capabilities"])
        except WireError as error:
            self._lose(error.message)
            return
        self.state, self._loss_told = READY, False
        self._events.append(Connected(self.capabilities))

    def _compare(self, message: Message) -> None:
        """Jobs sent before the question that the answer does not name are lost: the connection was cut between."""
        self._answered += 1
        known = set(message.fields["jobs"])
        for job, open_job in list(self._jobs.items()):
            if open_job.asked < self._answered and job not in known:
                self._fail(job, BackendError("job.lost", "The backend does not know this job any more; send it again."))

    def _refused(self, error: SoliloquyError) -> None:
        """An error that belongs to no open job. While greeting, it is the reason why there is no connection."""
        if self.state == CONNECTING:
            self._lose(error.message)

    def _fail(self, job: str, error: SoliloquyError) -> None:
        self._jobs.pop(job, None)
        self._events.append(Failed(job, error))

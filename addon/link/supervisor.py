"""Keeps one backend within reach: greets the one that runs, or starts one and greets it once it listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import BackendError
from ..core.preview import PreviewRequest
from ..core.request import PerformRequest
from . import connection
from .events import Event, GeneratorFacts
from .launcher import FAILED, RUNNING, STARTING, STOPPED, Launcher
from .session import CONNECTING, DISCONNECTED, READY, Session


@dataclass(frozen=True)
class BackendPlace:
    """How to start and find the backend; None where nothing was chosen.

    `python` has the backend installed, `working_dir` is where it runs, `runtime_dir` holds its connection file.
    """

    python: Path | None = None
    working_dir: Path | None = None
    runtime_dir: Path | None = None


class Supervisor:
    """One session, and the child process behind it if it was started here.

    `pump` never waits; `connect` and `start` do for as long as `Session.connect`, `stop` for the child's end.
    """

    def __init__(self, place: BackendPlace, allow_online: bool = False) -> None:
        self.place = place
        self._allow_online = allow_online
        self._session = Session(place.runtime_dir)
        self._launcher: Launcher | None = None

    @property
    def state(self) -> str:
        """One of stopped, starting, connecting, ready, lost."""
        if self._session.state != DISCONNECTED:
            return self._session.state
        return STARTING if self._launcher is not None else STOPPED

    @property
    def is_ready(self) -> bool:
        """Whether jobs can be sent."""
        return self._session.state == READY

    def connect(self) -> None:
        """Greet a backend that runs. Raises BackendError when none does, or it may not be talked to."""
        if self._session.state not in (CONNECTING, READY):
            self._require_allowed()
            self._session.connect()

    def start(self, log_file: Path | None) -> None:
        """Greet a backend that runs already, else start one. Raises BackendError when it cannot be started.

        Does nothing while one is being started or greeted.
        """
        if self.state == STARTING:
            return
        try:
            self.connect()
            return
        except BackendError as error:
            if error.code == "backend.online":
                raise
        if self.place.python is None:
            raise BackendError("backend.python", "Choose the backend's Python in the add-on's preferences.")
        launcher = Launcher(self.place.python, self.place.working_dir, self.place.runtime_dir, log_file)
        launcher.start()
        self._session.close()  # a lost conversation would hide that this start is under way, or fails
        self._launcher = launcher

    def pump(self, budget_s: float) -> list[Event]:
        """What happened. Raises BackendError, once, when a backend that was started here has failed."""
        if self._launcher is not None and self._session.state == DISCONNECTED:
            self._follow_start(self._launcher)
        return self._session.pump(budget_s)

    @property
    def generators(self) -> tuple[GeneratorFacts, ...]:
        """What draws previews, once the backend has said so."""
        return self._session.capabilities.generators if self._session.capabilities is not None else ()

    def submit(self, request: PerformRequest | PreviewRequest) -> str:
        """Send a job; see `Session.perform` and `Session.preview`."""
        if isinstance(request, PreviewRequest):
            return self._session.preview(request)
        return self._session.perform(request)

    def cancel(self, job: str) -> None:
        """Ask for a job to be cancelled; see `Session.cancel`."""
        self._session.cancel(job)

    def stop(self) -> None:
        """End the conversation, and the backend if it was started here."""
        self._session.close()
        if self._launcher is not None:
            self._launcher.stop()
            self._launcher = None

    def _follow_start(self, launcher: Launcher) -> None:
        state = launcher.poll()
        if state.name in (FAILED, STOPPED):
            self._launcher = None
            raise BackendError("backend.start", state.message or "The backend ended as soon as it was started.")
        if state.name == RUNNING:
            try:
                self._require_allowed()
                self._session.connect(probe=False)
            except BackendError:
                return  # it took its file away in this moment; the next pump sees how it ended

    def _require_allowed(self) -> None:
        """Loopback always; another machine only where going online is allowed."""
        if self._allow_online:
            return
        endpoint = connection.read(connection.runtime_folder(self.place.runtime_dir)).endpoint
        host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
        if not _is_loopback(host):
            raise BackendError(
                "backend.online",
                "The backend runs on another machine; allow online access in Blender's system preferences first.",
                host,
            )


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine by its address; a name, which anything may answer to, only as "localhost"."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

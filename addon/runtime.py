"""What lives between clicks: the backend within reach, the open jobs, messages, and the one timer that serves them.

The timer takes in what has arrived within a few milliseconds and returns; it runs only while there is a backend to
listen to. Blender's timers do not run without a window, so `Runtime.wait` turns the same wheel for command lines.
Nothing here holds a Blender reference from one tick to the next: jobs name their data by session_uid.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import bpy

from . import identity
from .core.errors import BackendError, JobCancelled, SoliloquyError
from .core.performance import Performance
from .core.preview import PreviewRequest
from .core.request import PerformRequest
from .jobs import Job, OpenJob, Screening
from .preferences import backend_place, link_problem
from .status import show, stage_words

if TYPE_CHECKING:
    from .link.events import Event, Filmed, GeneratorFacts, Pictured
    from .link.supervisor import BackendPlace, Supervisor

BUDGET_S: Final[float] = 0.004
BUSY_S: Final[float] = 0.03
IDLE_S: Final[float] = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A sentence for the artist; `level` is INFO, WARNING or ERROR, as operators report."""

    level: str
    text: str


class Runtime:
    """The state of the add-on while Blender runs; see the module. One exists at a time (`get`)."""

    def __init__(self) -> None:
        self.messages: deque[Message] = deque(maxlen=8)
        self.results: dict[str, tuple[Job, Performance]] = {}
        self._errors: dict[str, SoliloquyError] = {}
        self._open: dict[str, OpenJob] = {}
        self._backend: Supervisor | None = None
        self._lost = False
        self._numbers = itertools.count(1)
        self._shown = ("", 0.0)

    @property
    def backend_state(self) -> str:
        """One of stopped, starting, connecting, ready, lost."""
        return self._backend.state if self._backend is not None else "stopped"

    @property
    def busy(self) -> bool:
        """Whether a job is open."""
        return bool(self._open)

    @property
    def generators(self) -> tuple[GeneratorFacts, ...]:
        """What the backend draws previews with; nothing while there is none to ask."""
        return self._backend.generators if self._backend is not None else ()

    def start_backend(self) -> None:
        """Greet a backend that runs already, or start one. Raises BackendError when there is no way to."""
        self._reach().start(identity.user_folder() / "backend.log")
        self._keep_ticking()
        self._show()

    def stop_backend(self) -> None:
        """Drop all jobs, end the conversation, and the backend if it was started here."""
        for name in list(self._open):
            self._end(name, JobCancelled())
        if self._backend is not None:
            self._backend.stop()
            self._backend = None
        self._show()

    def submit(self, request: PerformRequest | PreviewRequest, job: Job | Screening) -> str:
        """Send a job, or keep it until the backend has answered; one is started where its Python is chosen.

        Messages about lines before go. Returns our id of the job. Raises BackendError.
        """
        backend = self._reach()
        if backend.place.python is not None:
            self.start_backend()
        else:
            backend.connect()
        self.messages.clear()
        name = f"job {next(self._numbers)}"
        self._open[name] = OpenJob(job, request)
        self._show("Waiting for the backend")
        self._send_waiting()
        self._keep_ticking()
        return name

    def cancel(self) -> None:
        """Ask for every open job to be cancelled; those not sent yet end at once."""
        for name, entry in list(self._open.items()):
            if entry.sent_as and self._backend is not None and self._backend.is_ready:
                self._backend.cancel(entry.sent_as)
                self._show(stage_words("cancelling", 0), self._shown[1])
            else:
                self._end(name, JobCancelled())

    def forget_jobs(self) -> None:
        """Cancel every job and do not wait for the answer."""
        self.cancel()
        for name in list(self._open):
            self._end(name, JobCancelled())

    def leave_file(self) -> None:
        """Drop the jobs and messages of a file that is being closed; the next one only hears of a dropped job."""
        dropped = self.busy
        self.forget_jobs()
        self.messages.clear()
        if dropped:
            self.tell("INFO", "Another file was opened, so the line that was being generated was dropped.")

    def show(self) -> None:
        """Have the panel show the state again, as in a file just opened, which brings its own old one."""
        self._show(*self._shown)

    def wait(self, name: str, timeout_s: float) -> None:
        """Turn the wheel until a job has ended, for runs without a window. Raises its error, or BackendError."""
        end = time.monotonic() + timeout_s
        while name in self._open:
            if time.monotonic() > end:
                self.forget_jobs()
                raise BackendError("backend.timeout", "The backend did not finish in time; see its log.")
            self.tick()
            time.sleep(0.002)
        if name in self._errors:
            raise self._errors.pop(name)

    def wait_ready(self, timeout_s: float) -> None:
        """Turn the wheel until the backend has answered its greeting. Raises BackendError when it does not."""
        end = time.monotonic() + timeout_s
        while self._backend is not None and not self._backend.is_ready:
            if time.monotonic() > end:
                raise BackendError("backend.timeout", "The backend did not answer in time; see its log.")
            self.tick()
            time.sleep(0.002)

    def tick(self) -> float | None:
        """Take in what has arrived. Returns seconds to the next tick, or None when there is nothing to listen to."""
        if self._backend is None:
            return None
        before = self.backend_state
        try:
            for event in self._backend.pump(BUDGET_S):
                self._take(event)
        except SoliloquyError as error:
            self.tell("ERROR", str(error))
            self._fail_waiting(error)
        self._send_waiting()
        if self.backend_state != before:
            self.show()
        return BUSY_S if self._open or self.backend_state in ("starting", "connecting") else IDLE_S

    def tell(self, level: str, text: str) -> None:
        """Keep a sentence for the panel, once."""
        message = Message(level, text)
        if message in self.messages:
            self.messages.remove(message)
        self.messages.append(message)
        _log.log(getattr(logging, level), "%s", text)

    def close(self) -> None:
        """End everything; nothing of ours runs afterwards."""
        if bpy.app.timers.is_registered(_tick):
            bpy.app.timers.unregister(_tick)
        self._open.clear()
        if self._backend is not None:
            self._backend.stop()
            self._backend = None
        self._show()

    def _reach(self) -> Supervisor:
        """The backend at the place that the preferences name now. Raises BackendError where pyzmq is missing."""
        if problem := link_problem():
            raise BackendError("backend.pyzmq", problem)
        from .link.supervisor import Supervisor

        place: BackendPlace = backend_place(bpy.context)
        if self._backend is not None and self._backend.place != place and not self._open:
            self._backend.stop()
            self._backend = None
        if self._backend is None:
            self._backend = Supervisor(place, allow_online=bpy.app.online_access)
        return self._backend

    def _take(self, event: Event) -> None:
        from .link import events

        sent_as = getattr(event, "job", None)
        name = next((n for n, entry in self._open.items() if entry.sent_as == sent_as), "")
        match event:
            case events.Lost(reason=reason):
                self._lost = True
                self.tell("ERROR", reason)
            case events.Connected() if self._lost:
                self._lost = False
                self.tell("INFO", "The backend is there again.")
            case events.Progress(stage=stage, fraction=fraction, queue_position=place, seconds_left=left) if name:
                self._show(stage_words(stage, place, left), fraction)
            case events.Pictured() | events.Filmed() if name:
                self._screen(name, event)
            case events.Finished(performance=performance) if name:
                self._finish(name, performance)
            case events.Failed(error=error) if name:
                self._end(name, error)
            case events.Cancelled() if name:
                self._end(name, JobCancelled())
            case _:
                self.show()

    def _finish(self, name: str, performance: Performance) -> None:
        """Let an operator apply the result, so that it is one step of undo."""
        job = self._open[name].job
        if not isinstance(job, Job):
            return
        self.results[name] = (job, performance)
        failure: SoliloquyError | None = None
        try:
            with in_window():
                # True: Blender pushes an undo step for an operator called from Python only when it is told to.
                bpy.ops.soliloquy.apply("EXEC_DEFAULT", True, job=name)
        except RuntimeError as error:
            failure = BackendError("apply.failed", str(error).strip().removeprefix("Error: "))
        self._end(name, failure)

    def _screen(self, name: str, event: Pictured | Filmed) -> None:
        """Hand a preview what has come of it; where that has no place, as on a full disk, the job ends."""
        from .link.events import Filmed

        screening, sent_as = self._open[name].job, self._open[name].sent_as
        assert not isinstance(screening, Job)
        try:
            screening.hear(event)
        except SoliloquyError as error:
            if self._backend is not None and not isinstance(event, Filmed):
                self._backend.cancel(sent_as)
            self._end(name, error)
            return
        if isinstance(event, Filmed):
            self._end(name, None)

    def _end(self, name: str, error: SoliloquyError | None) -> None:
        entry = self._open.pop(name, None)
        self.results.pop(name, None)
        if entry is not None and not isinstance(entry.job, Job):
            entry.job.end(error)
        if error is not None:
            self._errors = {name: error}
            self.tell("INFO" if isinstance(error, JobCancelled) else "ERROR", str(error))
        self._show()

    def _fail_waiting(self, error: SoliloquyError) -> None:
        for name, entry in list(self._open.items()):
            if not entry.sent_as:
                self._end(name, error)

    def _send_waiting(self) -> None:
        if self._backend is None or not self._backend.is_ready:
            return
        for name, entry in list(self._open.items()):
            if entry.sent_as:
                continue
            try:
                self._open[name] = replace(entry, sent_as=self._backend.submit(entry.request))
            except SoliloquyError as error:
                self._end(name, error)

    def _keep_ticking(self) -> None:
        if not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick, first_interval=BUSY_S, persistent=True)

    def _show(self, stage: str = "", progress: float = 0.0) -> None:
        self._shown = (stage, progress)
        show(self.backend_state, self.busy, stage, progress)


def in_window() -> contextlib.AbstractContextManager[object]:
    """A context in which operators push undo steps: timers have no window of their own."""
    windows = bpy.context.window_manager.windows
    return bpy.context.temp_override(window=windows[0]) if windows else contextlib.nullcontext()


_current: list[Runtime] = []


def get() -> Runtime:
    """The one runtime; made when it is first asked for."""
    if not _current:
        _current.append(Runtime())
    return _current[0]


def add_handlers() -> None:
    """Watch for files being closed and opened."""
    bpy.app.handlers.load_pre.append(_before_load)
    bpy.app.handlers.load_post.append(_after_load)


def remove_handlers() -> None:
    """Stop watching, and end whatever runs."""
    bpy.app.handlers.load_pre.remove(_before_load)
    bpy.app.handlers.load_post.remove(_after_load)
    if _current:
        _current.pop().close()


@bpy.app.handlers.persistent
def _before_load(*_: object) -> None:
    if _current:
        _current[0].leave_file()


@bpy.app.handlers.persistent
def _after_load(*_: object) -> None:
    get().show()


def _tick() -> float | None:
    return _current[0].tick() if _current else None

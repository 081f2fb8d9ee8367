"""The desk: what the server does with each operation, and with what the compute process says.

It knows nothing of loops, signals or files: messages come in, replies go to the post, jobs move through their states.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import zmq

from addon.core.errors import BackendError, RequestError, SoliloquyError
from addon.core.exchange import check_preview, error_message, request_settings
from addon.core.version import SOFTWARE
from addon.core.wire import Frame, Message, decode, encode, job_of
from addon.core.wire_schema import ADDON, BACKEND, MAX_SOUND, MIB, PIECES, requests
from addon.link.sockets import buffers

from .compute import Compute
from .jobs import CANCELLING, ENDED, MAX_UNSENT_BYTES, RUNNING, WAITING, Job, Jobs
from .post import Post

log = logging.getLogger(__name__)

CANCEL_PATIENCE: Final[float] = 2.0
"""Seconds in which the compute process must answer a cancel before it is killed."""
UNREAD_PATIENCE: Final[float] = 1800.0
"""Seconds for which a result waits for a client that is there but does not read, as while Blender renders."""
START_FAILURES: Final[int] = 2
"""After this many failed starts in a row, those who wait for the compute process are told."""


class Desk:
    """Answers clients and runs the job queue."""

    def __init__(self, post: Post, compute: Compute, start: str, max_sound: int = MAX_SOUND) -> None:
        self.jobs = Jobs()
        self.closing = ""
        """The reason to end, once a client has asked for it."""
        self._post, self._compute = post, compute
        self._start, self._max_sound = start, max_sound
        self._capabilities: dict[str, Any] | None = None
        self._greeting: dict[bytes, None] = {}
        self._began = time.monotonic()
        self._handlers: Mapping[str, Callable[[bytes, Message, Sequence[zmq.Frame]], None]] = {
            "hello": self._hello,
            "perform": self._perform,
            "preview": self._preview,
            "cancel": self._cancel,
            "status": self._status,
            "shutdown": self._shutdown,
        }

    def take(self, client: bytes, parts: Sequence[zmq.Frame]) -> None:
        """Answer one message of a client. Nothing that it holds can raise."""
        self._post.heard(client)
        frames = buffers(parts)
        try:
            message = decode(frames, ADDON)
            if message.op not in self._handlers:
                raise RequestError(
                    "request.unsupported",
                    f"This backend ({SOFTWARE}) does not offer {message.op}; update it.",
                    message.op,
                )
            self._handlers[message.op](client, message, parts)
        except SoliloquyError as error:
            self._refuse(client, error, frames)
        except Exception as error:
            log.exception("a message could not be handled")
            self._refuse(client, BackendError("backend.internal", "The backend made a mistake.", repr(error)), frames)

    def hear(self, parts: Sequence[zmq.Frame]) -> None:
        """Take what the compute process said and pass it on to the job's client as it came."""
        message = decode(buffers(parts), BACKEND)
        if message.op == "welcome":
            self._compute.came_up()
            self._welcome_all(message)
            return
        job = self.jobs.running()
        if job is None or job.id != message.job:
            log.warning("the compute process spoke of a job that does not run")
        elif message.op == "progress":
            self._progressed(job, message)
        elif message.op not in PIECES:
            self._end(job, parts)
        elif job.state == RUNNING:
            job.outbox.append(parts)
            self._bound_unread(job)

    def worker_died(self, code: int) -> None:
        """The compute process ended by itself with this exit code: its job fails, the next has a new process."""
        log.error("the compute process ended with code %d", code)
        if job := self.jobs.running():
            cause = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._fail(
                job,
                BackendError(
                    "backend.worker_died",
                    f"The backend's compute process ended while it worked on this line ({cause}). Try again; if it "
                    "happens again, memory may be short or the sound file at fault.",
                ),
            )

    def advance(self) -> None:
        """Whatever time brings: begin the next job or give up on it, kill what does not answer, send what waits."""
        running = self.jobs.running()
        if running and running.state == CANCELLING and time.monotonic() - running.since > CANCEL_PATIENCE:
            log.warning("job %s does not answer its cancel; killing the compute process", running.id)
            self._compute.kill()
            self._end(running, encode(Message("cancelled", running.id)))
            running = None
        if running is None and self._compute.ready and (job := self.jobs.next()):
            self._begin(job)
        if self._compute.failures >= START_FAILURES:
            self._give_up_waiting()
        self._post.flush()
        for job in self.jobs:
            if self._post.flush_job(job) and job.state == ENDED:
                self.jobs.remove(job)
            elif job.state == ENDED and time.monotonic() - job.since > UNREAD_PATIENCE:
                log.warning("job %s is dropped: its client does not read", job.id)
                self.jobs.remove(job)
        self._forget_gone()

    def remind(self) -> None:
        """Tell every open job's client how it stands. This is also how a client that vanished is found out."""
        for job in self.jobs:
            if job.state != ENDED:
                self._tell_progress(job)
        self._forget_gone()

    def _hello(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        """Clients that come before the compute process is up are welcomed when it is."""
        del message, parts
        if self._capabilities is not None:
            self._welcome(client)
        elif self._compute.failures >= START_FAILURES:
            raise _no_compute()
        else:
            self._greeting[client] = None

    def _perform(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        request_settings(message)
        self._accept(client, message, parts, "sound")

    def _preview(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        check_preview(message)
        self._accept(client, message, parts, "sound", "shot")

    def _accept(self, client: bytes, message: Message, parts: Sequence[zmq.Frame], *bounded: str) -> None:
        """Take a job in whose arrays named in `bounded` are no larger than a sound may be."""
        for name in bounded:
            if name in message.arrays and message.arrays[name].size > self._max_sound:
                raise RequestError(
                    "request.size", f"The {name} is larger than {self._max_sound // MIB} MiB; shorten or compress it."
                )
        if self._compute.failures >= START_FAILURES:
            raise _no_compute()
        job = Job(client, message.job, parts)
        self.jobs.add(job)
        self._post.answer(client, Message("accepted", job.id, {"position": self.jobs.position(job)}))

    def _cancel(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        """A running job is asked to stop; any other open one ends here."""
        del parts
        job = self.jobs.find(client, message.job)
        if job is None:
            raise RequestError("job.unknown", "There is no such job; it may have ended already.", message.job)
        self._cancel_job(job)

    def _status(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        del message, parts
        worker = (
            "ready" if self._compute.ready else "starting" if self._compute.failures < START_FAILURES else "failing"
        )
        fields = {
            "start": self._start,
            "pid": os.getpid(),
            "worker": "busy" if self.jobs.running() else worker,
            "worker_pid": self._compute.pid,
            "waiting": len(self.jobs.waiting()),
            "uptime_s": time.monotonic() - self._began,
            "jobs": [job.id for job in self.jobs.of(client)],
        }
        self._post.answer(client, Message("state", fields=fields))

    def _shutdown(self, client: bytes, message: Message, parts: Sequence[zmq.Frame]) -> None:
        del client, message, parts
        self.closing = "A client asked the backend to end."

    def _begin(self, job: Job) -> None:
        if self._compute.send(job.request):
            job.enter(RUNNING)
            job.request, job.stage = (), "starting"
            for other in self.jobs.waiting():
                self._tell_progress(other)

    def _cancel_job(self, job: Job) -> None:
        if job.state == RUNNING:
            self._compute.send(encode(Message("cancel", job.id)))
            job.enter(CANCELLING)
            job.stage = "cancelling"
            job.outbox.clear()
            self._tell_progress(job)
        elif job.state in (WAITING, ENDED):
            job.outbox.clear()
            self._end(job, encode(Message("cancelled", job.id)))

    def _end(self, job: Job, last: Sequence[Any]) -> None:
        """The job's last reply. Whoever cancelled hears so, also if the end had crossed the cancel on its way."""
        if job.state == CANCELLING:
            last = encode(Message("cancelled", job.id))
        job.enter(ENDED)
        job.request = ()
        job.outbox.append(last)

    def _fail(self, job: Job, error: SoliloquyError) -> None:
        job.outbox.clear()
        self._end(job, encode(error_message(error, job.id)))

    def _bound_unread(self, job: Job) -> None:
        """Stop a job whose frames nobody takes: a client that renders for minutes would fill the memory with them."""
        if job.unsent_bytes <= MAX_UNSENT_BYTES:
            return
        self._compute.kill()
        self._fail(
            job,
            BackendError("job.unread", "The frames of the preview were not taken in time; make it again, or smaller."),
        )

    def _progressed(self, job: Job, message: Message) -> None:
        if job.state == RUNNING:
            fields = message.fields
            job.stage, job.fraction, job.seconds_left = fields["stage"], fields["fraction"], fields["seconds_left"]
            self._tell_progress(job)

    def _tell_progress(self, job: Job) -> None:
        fields = {
            "stage": job.stage,
            "fraction": job.fraction,
            "position": self.jobs.position(job),
            "seconds_left": job.seconds_left,
        }
        self._post.hint(job.client, Message("progress", job.id, fields))

    def _welcome_all(self, message: Message) -> None:
        self._capabilities = {**message.fields["capabilities"], "operations": requests(), "max_sound": self._max_sound}
        waiting, self._greeting = list(self._greeting), {}
        for client in waiting:
            self._welcome(client)

    def _welcome(self, client: bytes) -> None:
        fields = {"software": SOFTWARE, "start": self._start, "capabilities": self._capabilities}
        self._post.answer(client, Message("welcome", fields=fields))

    def _refuse(self, client: bytes, error: SoliloquyError, frames: Sequence[Frame]) -> None:
        log.info("refused a message: %s: %s", error.code, error)
        self._post.answer(client, error_message(error, job_of(frames) if frames else ""))

    def _give_up_waiting(self) -> None:
        for client in self._greeting:
            self._post.answer(client, error_message(_no_compute()))
        self._greeting.clear()
        for job in self.jobs.waiting():
            self._fail(job, _no_compute())

    def _forget_gone(self) -> None:
        gone, self._post.gone = self._post.gone, set()
        for client in gone:
            self._greeting.pop(client, None)
            for job in self.jobs.of(client):
                log.info("job %s is cancelled: its client is gone", job.id)
                if job.state == RUNNING:
                    self._cancel_job(job)
                elif job.state != CANCELLING:
                    self.jobs.remove(job)


def _no_compute() -> BackendError:
    return BackendError(
        "backend.worker",
        "The backend's compute process does not start; run `python -m backend doctor` in its Python and read its log.",
    )

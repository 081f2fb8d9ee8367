"""The job queue: what clients asked for, in order of arrival, bounded in number and in bytes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from addon.core.errors import RequestError
from addon.core.wire_schema import MIB

MAX_JOBS: Final[int] = 64
MAX_WAITING_BYTES: Final[int] = 1024 * MIB
"""Sounds that wait for their turn."""
MAX_UNSENT_BYTES: Final[int] = 512 * MIB
"""Results that their clients have not taken; above this no further job is begun."""

WAITING: Final[str] = "waiting"
RUNNING: Final[str] = "running"
CANCELLING: Final[str] = "cancelling"
ENDED: Final[str] = "ended"


@dataclass(eq=False)
class Job:
    """One job of one client. `request` is the message as it came, until it is begun; `outbox` what is to be sent."""

    client: bytes
    id: str
    request: Sequence[Any]
    state: str = WAITING
    stage: str = "waiting"
    fraction: float = 0.0
    seconds_left: float = -1.0
    outbox: deque[Sequence[Any]] = field(default_factory=deque)
    since: float = field(default_factory=time.monotonic)

    def enter(self, state: str) -> None:
        """Change the state; `since` is when that was."""
        self.state, self.since = state, time.monotonic()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the request that is kept."""
        return sum(len(part) for part in self.request)

    @property
    def unsent_bytes(self) -> int:
        """Bytes of the replies that are kept."""
        return sum(len(part) for parts in self.outbox for part in parts)


class Jobs:
    """All open jobs. A job is open from when it is accepted until its last reply has been sent."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[bytes, str], Job] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Take a job in. Raises RequestError when its id is in use or there is no room."""
        if (job.client, job.id) in self._jobs:
            raise RequestError("job.exists", "A job with this id is open already.", job.id)
        if len(self._jobs) >= MAX_JOBS:
            raise RequestError(
                "busy.queue",
                f"The backend has {len(self._jobs)} open jobs, as many as it takes; wait until some are done.",
            )
        if self.waiting_bytes + job.waiting_bytes > MAX_WAITING_BYTES:
            raise RequestError(
                "busy.memory", "The sounds that wait fill the backend's memory; wait until some are done."
            )
        self._jobs[job.client, job.id] = job

    def find(self, client: bytes, job: str) -> Job | None:
        """An open job of a client."""
        return self._jobs.get((client, job))

    def of(self, client: bytes) -> list[Job]:
        """The open jobs of a client, oldest first."""
        return [job for job in self._jobs.values() if job.client == client]

    def remove(self, job: Job) -> None:
        """The job is no longer open; everything it held is let go."""
        self._jobs.pop((job.client, job.id), None)
        job.request = ()
        job.outbox.clear()

    def next(self) -> Job | None:
        """The job to begin now: the oldest that waits, unless too much is unsent."""
        if self.unsent_bytes > MAX_UNSENT_BYTES:
            return None
        return next((job for job in self._jobs.values() if job.state == WAITING), None)

    def running(self) -> Job | None:
        """The job that the compute process works at."""
        return next((job for job in self._jobs.values() if job.state in (RUNNING, CANCELLING)), None)

    def waiting(self) -> list[Job]:
        """The jobs that wait, in the order in which they will be begun."""
        return [job for job in self._jobs.values() if job.state == WAITING]

    def position(self, job: Job) -> int:
        """0 for a job that does not wait; else how many jobs are begun up to and including it."""
        return self.waiting().index(job) + 1 if job.state == WAITING else 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes of all requests that are kept."""
        return sum(job.waiting_bytes for job in self._jobs.values())

    @property
    def unsent_bytes(self) -> int:
        """Bytes of all replies that are kept."""
        return sum(job.unsent_bytes for job in self._jobs.values())

"""Work on all cores, in threads: what takes time here is in libraries that let other threads go on meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final, TypeVar

from backend.progress import Share

LISTEN_SECONDS: Final[float] = 0.1
"""How often the one who waits is told the share that is done."""


T = TypeVar("T")


class AbandonedError(Exception):
    """Ends a job whose result nobody waits for any more."""


class Tally:
    """The share of all jobs that is done."""

    def __init__(self, jobs: int) -> None:
        self._shares = [0.0] * jobs
        self._abandoned = threading.Event()

    @property
    def share(self) -> float:
        """0..1."""
        return sum(self._shares) / len(self._shares)

    def of(self, job: int) -> Share:
        """What a job tells its own share; raises AbandonedError where it had better end."""

        def tell(share: float) -> None:
            if self._abandoned.is_set():
                raise AbandonedError
            self._shares[job] = share

        return tell

    def abandon(self) -> None:
        """End the jobs that are running, as soon as they tell their share."""
        self._abandoned.set()


def workers() -> int:
    """Jobs that run side by side: one a core. Networks run on one thread each (`actor_on`)."""
    return max(1, os.cpu_count() or 1)


def _one_thread() -> None:
    """Each thread says so for itself: else its matrix products take all cores, and the jobs get in each other's way."""
    import torch

    torch.set_num_threads(1)


def side_by_side(jobs: Sequence[Callable[[Share], T]], done: Share) -> list[T]:
    """The results of jobs, each of which is given what to tell its share of itself.

    `done` hears the share of all of them, on the thread that called, and may raise to end them.
    """
    tally = Tally(len(jobs))
    if len(jobs) == 1:
        return [jobs[0](done)]
    with ThreadPoolExecutor(workers(), initializer=_one_thread) as pool:
        running = [pool.submit(job, tally.of(number)) for number, job in enumerate(jobs)]
        try:
            failed, left = [], set(running)
            while left and not failed:
                finished, left = wait(running, LISTEN_SECONDS, FIRST_EXCEPTION)
                failed = [job for job in finished if job.exception()]
                done(tally.share)
            return [job.result() for job in failed or running]
        finally:
            tally.abandon()
            pool.shutdown(cancel_futures=True)

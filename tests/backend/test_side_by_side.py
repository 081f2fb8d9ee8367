"""Work on all cores: what comes of it, who hears of it, and how it ends early."""

from __future__ import annotations

import threading
import time

import pytest

from backend.cues.side_by_side import AbandonedError, side_by_side
from backend.progress import Share


def test_results_come_in_the_order_of_their_jobs() -> None:
    shares: list[float] = []

    def job(number: int, done: Share) -> int:
        time.sleep(0.05 * (3 - number))
        done(1.0)
        return number

    jobs = [lambda done, k=k: job(k, done) for k in range(3)]
    assert side_by_side(jobs, shares.append) == [0, 1, 2]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_who_waits_is_told_on_its_own_thread_and_may_end_the_jobs() -> None:
    ended: list[bool] = []
    told: set[int] = set()

    def job(done: Share) -> None:
        try:
            while True:
                time.sleep(0.005)
                done(0.5)
        except AbandonedError:
            ended.append(True)
            raise

    def stop(share: float) -> None:
        told.add(threading.get_ident())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side([job, job], stop)
    assert told == {threading.get_ident()}
    assert ended == [True, True]


def test_a_job_that_fails_ends_the_others_and_says_why() -> None:
    def failing(done: Share) -> None:
        raise ValueError("no such line")

    def lasting(done: Share) -> None:
        while True:
            time.sleep(0.005)
            done(0.1)

    with pytest.raises(ValueError, match="no such line"):
        side_by_side([lasting, failing], lambda share: None)

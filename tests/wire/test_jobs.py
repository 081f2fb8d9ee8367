"""The job queue: order, places, and its bounds in bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from addon.core.errors import RequestError
from addon.core.wire_schema import MIB
from backend.server.jobs import CANCELLING, ENDED, RUNNING, Job, Jobs


def block(mebibytes: int) -> memoryview:
    """So many bytes that no memory is spent on until somebody touches them."""
    return np.zeros(mebibytes * MIB, dtype=np.uint8).data


def queue(*names: str) -> Iterator[Job]:
    for name in names:
        yield Job(b"client", name, [b"request"])


def test_jobs_are_begun_in_the_order_they_came() -> None:
    jobs = Jobs()
    first, second, third = queue("a", "b", "c")
    for job in (first, second, third):
        jobs.add(job)
    assert jobs.next() is first
    first.enter(RUNNING)
    assert [jobs.position(job) for job in (first, second, third)] == [0, 1, 2]
    jobs.remove(second)
    assert jobs.position(third) == 1
    assert jobs.running() is first
    first.enter(CANCELLING)
    assert jobs.running() is first
    first.enter(ENDED)
    assert jobs.running() is None
    assert jobs.next() is third


def test_ids_are_the_clients_own() -> None:
    jobs = Jobs()
    jobs.add(Job(b"one", "a", []))
    jobs.add(Job(b"two", "a", []))
    assert [job.client for job in jobs.of(b"two")] == [b"two"]
    with pytest.raises(RequestError):
        jobs.add(Job(b"two", "a", []))


def test_sounds_that_wait_are_bounded_in_bytes() -> None:
    jobs = Jobs()
    waiting = Job(b"client", "a", [block(600)])
    jobs.add(waiting)
    with pytest.raises(RequestError) as caught:
        jobs.add(Job(b"client", "b", [block(500)]))
    assert caught.value.code == "busy.memory"
    waiting.request = ()
    jobs.add(Job(b"client", "b", [block(500)]))


def test_no_job_is_begun_while_too_much_is_not_taken() -> None:
    jobs = Jobs()
    done, waiting = queue("a", "b")
    jobs.add(done)
    jobs.add(waiting)
    done.enter(ENDED)
    done.outbox.append([block(300)])
    assert jobs.next() is waiting
    done.outbox.append([block(300)])
    assert jobs.next() is None
    jobs.remove(done)
    assert jobs.next() is waiting
    assert done.unsent_bytes == done.waiting_bytes == 0

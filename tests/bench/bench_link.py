"""What the link costs: an idle session, a round trip, and the result of a ten-minute line.

    python tests/bench/bench_link.py

Prints shares of one core and ratios to real time. The idle cost is all processor time of the client's process,
ZeroMQ's own threads with it, less that of the same loop without a session.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from addon.core.wire import Message
from addon.link.session import Finished, Session
from tests.wire.backends import PATIENCE, Backend, request, wav

INTERVALS = (0.5, 0.25, 0.1, 0.05, 0.03, 1 / 60)
"""Seconds between two pumps; 0.25 and 0.03 are those of the add-on's timer, idle and while a job runs."""
IDLE_SECONDS = 12.0
MINUTES = 10.0
FPS = 60.0


def share(interval: float, act: Callable[[], object]) -> float:
    """Processor time per second of a loop that acts and sleeps."""
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() - began < IDLE_SECONDS:
        act()
        time.sleep(interval)
    return (time.process_time() - used) / (time.monotonic() - began)


def processor_seconds(pid: int) -> float:
    """Processor time of another process, where the system tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(backend: Backend) -> None:
    """Cost of a session that has nothing to do, per interval, and of the server beside it."""
    session = Session(backend.folder)
    session.connect()
    session.wait_ready(PATIENCE)
    for interval in INTERVALS:
        bare = share(interval, lambda: None)
        pumped = share(interval, session.pump)
        tell(f"idle session, pump every {1000 * interval:5.1f} ms: {100 * (pumped - bare):5.2f} % of a core")
    count, began = 20_000, time.perf_counter()
    for _ in range(count):
        session.pump()
    tell(f"one idle pump: {1e6 * (time.perf_counter() - began) / count:.1f} us")
    if Path("/proc/self/stat").exists():
        state = backend.status()
        for name, pid in (("server", state["pid"]), ("compute process", state["worker_pid"])):
            used = processor_seconds(pid)
            time.sleep(IDLE_SECONDS)
            tell(f"idle {name}: {100 * (processor_seconds(pid) - used) / IDLE_SECONDS:.2f} % of a core")
    session.close()


def round_trip(backend: Backend) -> None:
    """Time of a question and its answer."""
    raw = backend.raw()
    times = []
    for _ in range(1000):
        began = time.perf_counter()
        raw.ask(Message("status"))
        times.append(time.perf_counter() - began)
    cuts = statistics.quantiles(times, n=100)
    tell(f"round trip: median {1e3 * cuts[49]:.2f} ms, 99th percentile {1e3 * cuts[98]:.2f} ms")


def long_result(backend: Backend) -> None:
    """A silent line of ten minutes: how long its result takes from the first piece on, and the longest pump."""
    session = backend.session()
    sound = wav(np.zeros(int(MINUTES * 60 * 16_000), np.dtype("<i2")), 16_000)
    began = time.perf_counter()
    session.perform(request(sound=sound, fps=FPS))
    sent = time.perf_counter() - began
    longest, first, done = 0.0, 0.0, None
    while done is None:
        assert session._client is not None
        session._client.wait(0.05)
        began = time.perf_counter()
        events = session.pump()
        ended = time.perf_counter()
        longest = max(longest, ended - began)
        if not first and any(job.assembly.received for job in session._jobs.values()):
            first = ended
        done = next((event for event in events if isinstance(event, Finished)), None)
    size = sum(array.nbytes for array in done.performance.arrays().values()) / 2**20
    took = time.perf_counter() - first
    tell(f"sending {len(sound) / 2**20:.0f} MiB of sound held the caller for {1000 * sent:.1f} ms")
    tell(
        f"result of {MINUTES:.0f} min at {FPS:.0f} fps, {size:.0f} MiB: {took:.2f} s from the first piece on, "
        f"{size / took:.0f} MiB/s, {MINUTES * 60 / took:.0f} times real time; longest pump {1000 * longest:.0f} ms"
    )


def tell(line: str) -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run all of it against one backend."""
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(Path(folder))
        backend.start()
        try:
            round_trip(backend)
            long_result(backend)
            idle(backend)
        finally:
            backend.close()


if __name__ == "__main__":
    main()

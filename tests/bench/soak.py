"""A soak of the server: good, hostile and broken clients mixed at random for as long as one likes.

    python tests/bench/soak.py --minutes 20 --seed 0

Checks that every bad message is answered, every good job finishes, nothing crashes, and that neither the server nor
its compute process grows once warm (a straight line through the resident memory). Exits with 1 when something is not
so. Memory is read from /proc, so growth is judged on Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import zmq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from addon.core.errors import JobCancelled, SoliloquyError
from addon.core.exchange import request_message
from addon.core.wire import Frame, Message, encode
from addon.core.wire_schema import MIB
from addon.link.connection import FILE_NAME, read
from addon.link.session import Session
from tests.wire.backends import PATIENCE, ROOT, Raw, noise, request, until
from tests.wire.hostile import BROKEN, HELLO, a_request, header, mutated

MAX_SOUND_MIB = 4
WARM_SHARE = 0.4
"""Of the time, before memory is judged; compute processes are killed only in it."""
ALLOWED_MIB = 12.0
ALLOWED_SHARE = 0.05
"""Growth over the judged time that is still none: the allocators' noise."""


@dataclass
class Sample:
    """Seconds since the start, resident MiB and open files of the server, resident MiB of its compute process."""

    at: float
    server: float
    files: float
    worker: float


@dataclass
class Soak:
    """One run: a server, a client that says anything, a session that behaves, and what came of it."""

    folder: Path
    random: np.random.Generator
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "backend", "serve", "--runtime-dir", str(self.folder)]
        command += ["--max-sound-mib", str(MAX_SOUND_MIB), "--log-level", "ERROR"]
        command += ["--log-file", str(self.folder / "soak.log"), "--exit-with-parent"]
        self.server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        until((self.folder / FILE_NAME).exists, "the server starts")
        self.connection = read(self.folder)
        self.raw = Raw(self.connection)
        self.session = Session(self.folder)
        self.session.connect()
        self.session.wait_ready(PATIENCE)
        self.sounds = [noise(float(seconds), seed) for seed, seconds in enumerate(np.linspace(0.2, 1.5, 8))]
        self.good: list[list[Frame]] = [
            encode(HELLO),
            encode(Message("cancel", "j1")),
            encode(Message("status")),
            encode(request_message("j1", a_request())),
            encode(request_message("j2", request(sound=self.sounds[0]))),
        ]

    def run(self, seconds: float) -> None:
        """Act at random until the time is over or the server is."""
        start = time.monotonic()
        deeds: list[tuple[float, Callable[[], None]]] = [
            (0.30, self.break_by_name),
            (0.40, self.break_at_random),
            (0.10, self.perform),
            (0.05, self.perform_rubbish),
            (0.05, self.cancel),
            (0.04, self.vanish),
            (0.03, self.reconnect),
            (0.02, self.oversize),
            (0.01, self.intrude),
        ]
        weights = np.array([share for share, _ in deeds])
        sampled, killed = -1.0, 0.0
        while (now := time.monotonic() - start) < seconds and self.server.poll() is None and len(self.faults) < 20:
            deed = deeds[int(self.random.choice(len(deeds), p=weights / weights.sum()))][1]
            self.attempt(deed)
            if now - sampled > max(0.2, seconds / 600):
                sampled = now
                self.sample(now)
            if now < WARM_SHARE * seconds and now - killed > WARM_SHARE * seconds / 4:
                killed = now
                self.attempt(self.kill_worker)
        if self.server.poll() is not None:
            self.faults.append(f"the server ended with code {self.server.poll()}")

    def attempt(self, deed: Callable[[], None]) -> None:
        """Do one thing; whatever should not have happened is a fault."""
        name = deed.__name__
        try:
            deed()
            self.counts[name] += 1
        except (AssertionError, SoliloquyError) as error:
            self.faults.append(f"{name}: {error!r}")

    def break_by_name(self) -> None:
        """One of the known broken messages; its answer has the known code."""
        names = [name for name in BROKEN if name != "no frames"]
        frames, code = BROKEN[names[int(self.random.integers(len(names)))]]
        self.raw.send(frames)
        answer = self.raw.until("error")
        assert answer.fields["code"] == code, f"{answer.fields} instead of {code}"

    def break_at_random(self) -> None:
        """A good message mutated; it is answered, and when it was still good enough for a job, that one ends."""
        frames = [bytes(frame) for frame in self.good[int(self.random.integers(len(self.good)))]]
        for _ in range(int(self.random.integers(1, 5))):
            frames = mutated(frames, self.random)
        self.raw.send(frames)
        answer = self.raw.until("error", "welcome", "state", "accepted", "cancelled")
        self.counts[f"answered by {answer.op}"] += 1
        if answer.op == "accepted":
            self.raw.until("finished", "error")

    def perform(self) -> None:
        """A good job."""
        seconds = int(self.random.integers(len(self.sounds)))
        fps = float(self.random.choice([24.0, 30.0, 60.0]))
        job = self.session.perform(request(sound=self.sounds[seconds], fps=fps, seed=int(self.random.integers(1000))))
        assert self.session.wait(job, PATIENCE).frame_count > 0

    def perform_rubbish(self) -> None:
        """A sound file with bytes changed, cut short, or nothing but noise: performed or refused, never fatal."""
        sound = bytearray(self.sounds[int(self.random.integers(len(self.sounds)))])
        if self.random.random() < 0.3:
            sound = bytearray(self.random.bytes(len(sound)))
        for _ in range(int(self.random.integers(1, 40))):
            sound[int(self.random.integers(min(len(sound), 64 if self.random.random() < 0.5 else 10**9)))] = int(
                self.random.integers(256)
            )
        sound = sound[: int(self.random.integers(len(sound)))]
        try:
            self.session.wait(self.session.perform(request(sound=bytes(sound))), PATIENCE)
            self.counts["rubbish performed"] += 1
        except SoliloquyError as error:
            if not error.code.startswith(("sound.", "speech.")):
                raise
            self.counts["rubbish refused"] += 1

    def cancel(self) -> None:
        """Cancel a job at a random moment; it is cancelled or was done."""
        job = self.session.perform(request(sound=self.sounds[-1]))
        until_then = time.monotonic() + float(self.random.random()) * 0.2
        while time.monotonic() < until_then:
            self.session._collect(0.01)
            time.sleep(0.005)
        self.session.cancel(job)
        try:
            self.session.wait(job, PATIENCE)
            self.counts["done before its cancel"] += 1
        except JobCancelled:
            self.counts["cancelled"] += 1

    def vanish(self) -> None:
        """A client sends jobs and is gone."""
        other = Raw(self.connection)
        for number in range(3):
            other.send(encode(request_message(f"gone-{number}", request(sound=self.sounds[-1]))))
        other.until("accepted")
        other.close()

    def reconnect(self) -> None:
        """A new connection for the client that says anything."""
        self.raw.close()
        self.raw = Raw(self.connection)
        assert self.raw.ask(Message("status")).op == "state"

    def oversize(self) -> None:
        """A frame too large for the socket cuts the line; the client comes back and is answered."""
        self.raw.send([header(), bytes((MAX_SOUND_MIB + 2) * MIB)])
        self.reconnect()

    def intrude(self) -> None:
        """A stranger with a key of its own hears nothing."""
        public, secret = (key.decode() for key in zmq.curve_keypair())
        stranger = Raw(replace(self.connection, client_public=public, client_secret=secret))
        stranger.send([header()])
        assert stranger.receive(0.1) is None, "a stranger was answered"
        stranger.close()

    def kill_worker(self) -> None:
        """Kill the compute process; the next job is done by a new one."""
        if os.name != "nt" and (pid := self.status("worker_pid")):
            os.kill(pid, signal.SIGKILL)
            try:
                self.perform()
            except SoliloquyError as error:
                if error.code != "backend.worker_died":
                    raise
            self.perform()

    def status(self, name: str) -> int:
        """One number of the server's state."""
        self.raw.send(encode(Message("status")))
        return int(self.raw.until("state").fields[name])

    def sample(self, at: float) -> None:
        """Note the sizes, where the system tells them."""
        if Path("/proc/self/statm").exists() and (worker := self.status("worker_pid")):
            files = len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))
            self.samples.append(Sample(at, resident(self.server.pid), files, resident(worker)))

    def close(self) -> None:
        """End the server; how it ends counts too."""
        self.raw.close()
        self.session.close()
        if self.server.poll() is None:
            self.server.terminate()
        try:
            if (code := self.server.wait(10.0)) != 0:
                self.faults.append(f"the server ended with code {code}")
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.faults.append("the server did not end")
        if (self.folder / FILE_NAME).exists():
            self.faults.append("the connection file was left")

    def growth(self, name: str) -> tuple[float, float, float]:
        """Median, rise per minute, and rise over the judged time of one size, by a straight line through it."""
        total = self.samples[-1].at
        judged = [s for s in self.samples if s.at > WARM_SHARE * total]
        times = np.array([s.at for s in judged]) / 60.0
        sizes = np.array([getattr(s, name) for s in judged])
        slope = float(np.polyfit(times, sizes, 1)[0])
        return float(np.median(sizes)), slope, slope * float(times[-1] - times[0])

    def judge(self) -> list[str]:
        """What was measured, in lines; growth is added to the faults."""
        lines = [f"{count:7d}  {name}" for name, count in sorted(self.counts.items())]
        if len(self.samples) < 10:
            return lines
        for name, unit in (("server", "MiB"), ("worker", "MiB"), ("files", "")):
            median, slope, rise = self.growth(name)
            lines.append(f"{name}: {median:.1f} {unit}, {slope:+.3f} per minute, {rise:+.2f} over the judged time")
            if rise > max(ALLOWED_MIB, ALLOWED_SHARE * median):
                self.faults.append(f"{name} grew by {rise:.1f} {unit}")
        return lines


def resident(pid: int) -> float:
    """Resident memory of a process in MiB; 0 when it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def soak(seconds: float, seed: int, folder: Path) -> tuple[list[str], list[str]]:
    """Soak for so long; a summary in lines, and the faults."""
    run = Soak(folder, np.random.default_rng(seed))
    try:
        run.run(seconds)
    finally:
        run.close()
    return run.judge(), run.faults


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        summary, faults = soak(options.minutes * 60.0, options.seed, Path(folder))
        log = (Path(folder) / "soak.log").read_text(errors="replace").strip().splitlines()
    sys.stdout.write("\n".join([*summary, f"log lines of level ERROR: {len(log)}", *log[-20:], ""]))
    sys.stdout.write("\n".join([*(f"FAULT {fault}" for fault in faults), "FAILED" if faults else "passed", ""]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

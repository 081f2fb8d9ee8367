"""How things end: the compute process, the backend, the program that started it; and what is left behind: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from addon.core.errors import BackendError, JobCancelled, SoliloquyError
from addon.core.exchange import request_message
from addon.core.wire import Frame, Message, encode
from addon.core.wire_schema import MIB
from addon.link.connection import FILE_NAME, read
from addon.link.launcher import FAILED, RUNNING, STARTING, STOPPED, Launcher
from addon.link.session import Connected, Failed, Lost, Progress, Session
from backend.server.server import Server, ServeSettings
from tests.wire.backends import PATIENCE, PYTHON, ROOT, Backend, Raw, alive, collect, noise, request, until

LONG = 240.0
posix = pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")


def running_job(session: Session) -> str:
    """A long job that the compute process has begun."""
    job = session.perform(request(LONG))
    collect(
        session,
        lambda events: any(isinstance(e, Progress) and e.stage not in ("waiting", "starting") for e in events),
        "the job runs",
    )
    return job


@posix
def test_a_killed_compute_process_fails_its_job_and_the_next_one_runs_in_a_new_process(own_backend: Backend) -> None:
    session = own_backend.session()
    job, waiting = running_job(session), session.perform(request(1.0))
    before = own_backend.status()
    os.kill(before["worker_pid"], signal.SIGKILL)
    with pytest.raises(BackendError) as caught:
        session.wait(job, PATIENCE)
    assert caught.value.code == "backend.worker_died"
    assert "signal 9" in caught.value.message
    assert session.wait(waiting, PATIENCE).frame_count == 30
    after = own_backend.status()
    assert after["worker_pid"] != before["worker_pid"]
    assert after["pid"] == before["pid"]
    assert not alive(before["worker_pid"])


@posix
def test_a_compute_process_that_does_not_answer_a_cancel_is_killed_and_replaced(own_backend: Backend) -> None:
    session = own_backend.session()
    job = running_job(session)
    stuck = own_backend.status()["worker_pid"]
    os.kill(stuck, signal.SIGSTOP)
    session.cancel(job)
    with pytest.raises(JobCancelled):
        session.wait(job, PATIENCE)
    assert not alive(stuck)
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


@posix
def test_a_killed_backend_is_noticed_and_its_successor_found(own_backend: Backend) -> None:
    session = own_backend.session(heartbeat_s=0.2)
    job, worker = running_job(session), own_backend.status()["worker_pid"]
    os.kill(own_backend.pid, signal.SIGKILL)
    events = collect(session, lambda events: any(isinstance(e, Lost) for e in events), "the loss")
    assert [event.job for event in events if isinstance(event, Failed)] == [job]
    assert session.state in ("lost", "connecting")
    until(lambda: not alive(worker), "the compute process ends with its server")
    assert own_backend.launcher.poll().name == FAILED
    own_backend.start()
    events = collect(session, lambda events: any(isinstance(e, Connected) for e in events), "the new backend")
    assert not any(isinstance(event, Lost) for event in events)
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


@posix
def test_a_backend_that_hangs_is_noticed_once_and_found_again(own_backend: Backend) -> None:
    session = own_backend.session(heartbeat_s=0.2)
    os.kill(own_backend.pid, signal.SIGSTOP)
    try:
        events = collect(session, lambda events: any(isinstance(e, Lost) for e in events), "the loss")
        ends = iter(range(100))
        events += collect(session, lambda _: next(ends) == 99, "more heartbeats")
        assert sum(isinstance(event, Lost) for event in events) == 1
    finally:
        os.kill(own_backend.pid, signal.SIGCONT)
    collect(session, lambda events: any(isinstance(e, Connected) for e in events), "the backend again")


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "shutdown", "launcher"])
def test_every_way_to_end_leaves_nothing_behind(own_backend: Backend, how: str) -> None:
    if how.startswith("SIG") and os.name == "nt":
        pytest.skip("needs the signals of POSIX")
    session = own_backend.session()
    job, pid, worker = running_job(session), own_backend.pid, own_backend.status()["worker_pid"]
    if how == "shutdown":
        session.shutdown_backend()
    elif how == "launcher":
        own_backend.launcher.stop(PATIENCE)
    else:
        os.kill(pid, getattr(signal, how))
    events = collect(session, lambda events: any(isinstance(e, Lost) for e in events), "the farewell")
    assert [event.job for event in events if isinstance(event, Failed)] == [job]
    until(lambda: own_backend.launcher.poll().name == STOPPED, "the backend ends")
    assert own_backend.launcher.poll().returncode in (0, None)
    assert not alive(pid)
    assert not alive(worker)
    assert not (own_backend.folder / FILE_NAME).exists()


@posix
def test_the_backend_ends_when_the_program_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from addon.link.launcher import Launcher\n"
        "launcher = Launcher(Path(sys.executable), Path(sys.argv[2]), Path(sys.argv[1]), None); launcher.start()\n"
        "time.sleep(600)"
    )
    blender = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(ROOT)], cwd=ROOT)
    try:
        until((tmp_path / FILE_NAME).exists, "the backend starts")
        pid = read(tmp_path).pid
        session = Session(tmp_path, 0.5)
        session.connect()
        session.wait_ready(PATIENCE)
    finally:
        blender.kill()
        blender.wait()
    until(lambda: not alive(pid), "the backend ends")
    collect(session, lambda events: any(isinstance(e, Lost) for e in events), "the farewell")
    session.close()
    assert not (tmp_path / FILE_NAME).exists()


def test_the_launcher_says_why_a_backend_does_not_start(own_backend: Backend) -> None:
    second = Launcher(PYTHON, ROOT, own_backend.folder, own_backend.folder / "second.log")
    second.start()
    until(lambda: second.poll().name != STARTING, "the second backend gives up")
    state = second.poll()
    assert (state.name, state.returncode) == (FAILED, 2)
    assert "A backend runs here already" in state.message
    assert own_backend.launcher.poll().name == RUNNING
    second.stop()


def test_a_compute_process_that_cannot_start_is_told_to_whoever_waits(tmp_path: Path) -> None:
    """A backend whose installation is broken: the server is there, and says what to do."""
    for package in ("addon", "backend"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    with (tmp_path / "backend" / "engine.py").open("a") as engine:
        engine.write("\n\ndef capabilities():\n    raise ImportError('torch is broken')\n")
    launcher = Launcher(PYTHON, tmp_path, tmp_path / "runtime", tmp_path / "backend.log")
    launcher.start()
    session = Session(tmp_path / "runtime", 0.5)
    try:
        until(lambda: launcher.poll().name != STARTING, "the server starts")
        session.connect()
        with pytest.raises(BackendError) as caught:
            session.wait_ready(PATIENCE)
        assert "python -m backend doctor" in caught.value.message
        assert launcher.poll().name == RUNNING
    finally:
        session.close()
        launcher.stop()


def test_a_python_that_is_no_longer_there_is_told_and_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the environment is made anew under a running backend: no process can be started at all."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    server = Server(ServeSettings(tmp_path))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until((tmp_path / FILE_NAME).exists, "the server starts")
        session = Session(tmp_path, 0.5)
        session.connect()
        with pytest.raises(BackendError, match="doctor"):
            session.wait_ready(PATIENCE)
        assert thread.is_alive()
        session.close()
    finally:
        server.stop("The test is over.")
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_python_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        Launcher(tmp_path / "python", ROOT, tmp_path, None).start()
    assert caught.value.code == "backend.python"


def test_a_launcher_that_never_started_is_stopped(tmp_path: Path) -> None:
    launcher = Launcher(PYTHON, ROOT, tmp_path, None)
    assert launcher.poll().name == STOPPED
    launcher.stop()


def test_oversized_messages_are_refused_or_cut_the_line_and_the_server_goes_on(tmp_path: Path) -> None:
    """A little too large gets an answer; far too large is dropped by ZeroMQ before memory is set aside."""
    command = [str(PYTHON), "-m", "backend", "serve", "--runtime-dir", str(tmp_path), "--max-sound-mib", "1"]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        until((tmp_path / FILE_NAME).exists, "the backend starts")
        raw = Raw(read(tmp_path))
        raw.send(_sound_of(MIB + 1))
        assert raw.until("error").fields["code"] == "request.size"
        raw.send(_sound_of(3 * MIB))
        assert raw.receive(1.0) is None
        assert raw.ask(Message("status")).op == "state"
        raw.close()
        session = Session(tmp_path, 0.5)
        session.connect()
        assert session.wait_ready(PATIENCE).max_sound == MIB
        with pytest.raises(SoliloquyError):
            session.perform(request(sound=noise(40.0)))
        assert session.wait(session.perform(request()), PATIENCE).frame_count > 0
        session.close()
    finally:
        server.terminate()
        assert server.wait(PATIENCE) == 0


def test_jobs_sent_over_a_line_that_was_cut_are_reported_lost(own_backend: Backend) -> None:
    """The backend tells which jobs it knows with every heartbeat; a job that it does not know has failed."""
    session = own_backend.session(heartbeat_s=0.2)
    job = running_job(session)
    client = session._client
    assert client is not None
    endpoint = client.connection.endpoint
    client._socket.disconnect(endpoint)
    client._socket.connect(endpoint)
    events = collect(session, lambda events: any(isinstance(e, Failed) for e in events), "the loss of the job")
    failed = [event for event in events if isinstance(event, Failed)]
    assert [(event.job, event.error.code) for event in failed] == [(job, "job.lost")]
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


def _sound_of(size: int) -> list[Frame]:
    """A `perform` with this many bytes of sound."""
    return encode(request_message("large", request(sound=bytes(size), emotion=None)))

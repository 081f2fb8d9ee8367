"""Whether a backend lives is found out without holding up Blender."""

from __future__ import annotations

import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from addon.core.errors import BackendError
from addon.link.connection import Connection, publish
from addon.link.events import Event, Lost
from addon.link.liveness import Probe
from addon.link.session import Session
from addon.link.supervisor import BackendPlace, Supervisor
from tests.wire.backends import until

hanging = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses instead of hanging")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as made:
        yield made


def connection_to(endpoint: str) -> Connection:
    public, secret = (key.decode() for key in zmq.curve_keypair())
    return Connection(endpoint, public, public, secret, os.getpid(), platform.node(), "start-1", "0.1.0")


def connection_of(listener: socket.socket) -> Connection:
    return connection_to(f"tcp://127.0.0.1:{listener.getsockname()[1]}")


def fill(listener: socket.socket) -> list[socket.socket]:
    """Callers that nobody lets in, until the next one hangs."""
    callers = []
    for _ in range(64):
        caller = socket.socket()
        callers.append(caller)
        caller.settimeout(0.1)
        try:
            caller.connect(listener.getsockname())
        except TimeoutError:
            return callers
    raise AssertionError("the backlog does not fill")


def pumped(session: Session | Supervisor, seconds: float) -> list[Event]:
    """What the pumps of some time tell."""
    events: list[Event] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events += session.pump(0.004)
        time.sleep(0.005)
    return events


@pytest.fixture
def never_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it forbids the one way in which a probe waits."""

    def wait(_: Probe) -> bool:
        raise AssertionError("a pump waited for an endpoint")

    return lambda: monkeypatch.setattr(Probe, "wait", wait)


@hanging
def test_pump_does_not_wait_for_a_backend_that_hangs(
    listener: socket.socket, tmp_path: Path, never_waiting: Callable[[], None]
) -> None:
    """Neither while it is doubted, nor when it is looked for again once per heartbeat after it was lost."""
    publish(connection_of(listener), tmp_path)
    session = Session(tmp_path, heartbeat_s=0.1)
    with closing(session):
        session.connect()
        never_waiting()
        callers = fill(listener)
        events = pumped(session, 2.0)
        assert [type(event) for event in events] == [Lost]
        assert session.state == "lost"
    for caller in callers:
        caller.close()


@hanging
def test_a_probe_of_a_port_that_hangs_ends_after_its_time(listener: socket.socket) -> None:
    callers = fill(listener)
    probe = Probe(connection_of(listener))
    assert probe.poll() is None
    assert until(lambda: probe.poll() is not None, "the probe ends")
    assert probe.poll() is False
    assert Probe(connection_of(listener)).wait() is False
    for caller in callers:
        caller.close()


def test_a_probe_tells_who_listens_from_who_does_not(listener: socket.socket) -> None:
    connection = connection_of(listener)
    probe = Probe(connection)
    until(lambda: probe.poll() is not None, "the probe ends")
    assert probe.poll() is True
    listener.close()
    assert Probe(connection).wait() is False


@pytest.mark.parametrize("endpoint", ["", "tcp://127.0.0.1:none", "tcp://127.0.0.1:99999999", "tcp://[1::2::3]"])
def test_an_endpoint_that_is_none_is_not_alive(endpoint: str) -> None:
    assert Probe(connection_to(endpoint)).wait() is False


def test_a_name_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take seconds; the greeting tells as much."""
    asked = []
    real = socket.getaddrinfo

    def getaddrinfo(*arguments: object, flags: int, **options: object) -> object:
        asked.append(flags & socket.AI_NUMERICHOST)
        return real(*arguments, flags=flags, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert Probe(replace(connection_to("tcp://workstation:5555"), host="workstation")).poll() is True
    assert asked == [socket.AI_NUMERICHOST]


def test_a_session_that_finds_nobody_goes_on_looking(
    listener: socket.socket, tmp_path: Path, never_waiting: Callable[[], None]
) -> None:
    connection = connection_of(listener)
    publish(connection, tmp_path)
    session = Session(tmp_path, heartbeat_s=0.1)
    with closing(session):
        session.connect()
        never_waiting()
        port = listener.getsockname()[1]
        listener.close()
        events = pumped(session, 1.0)
        assert [event.reason for event in events if isinstance(event, Lost)] == [
            "The backend has ended unexpectedly; start it again."
        ]
        with socket.create_server(("127.0.0.1", port)):
            until(lambda: session.pump() == [] and session.state == "connecting", "it is greeted again")


def test_a_click_on_connect_still_says_that_the_backend_has_ended(tmp_path: Path) -> None:
    publish(connection_to("tcp://127.0.0.1:1"), tmp_path)
    with pytest.raises(BackendError) as caught:
        Supervisor(BackendPlace(runtime_dir=tmp_path)).connect()
    assert caught.value.code == "backend.stale"

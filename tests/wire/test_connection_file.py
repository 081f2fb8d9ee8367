"""The connection file: private, whole, of one living backend."""

from __future__ import annotations

import json
import os
import platform
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from addon.core.errors import BackendError
from addon.link.connection import FILE_NAME, LOCK_NAME, Connection, find, publish, read, runtime_folder
from addon.link.session import Session
from addon.link.supervisor import BackendPlace, Supervisor
from tests.wire.backends import ROOT

posix = pytest.mark.skipif(os.name == "nt", reason="file modes are those of POSIX")


@pytest.fixture
def living() -> Iterator[Connection]:
    """A connection of this process, with something listening at its endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        yield Connection(endpoint, "S" * 40, "C" * 40, "K" * 40, os.getpid(), platform.node(), "start-1", "0.1.0")


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_is_published_is_read_back(living: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "runtime"
    assert publish(living, folder).path == folder / FILE_NAME
    assert find(folder) == living
    assert {path.name for path in folder.iterdir()} == {FILE_NAME, LOCK_NAME}


@posix
def test_only_the_user_can_read_the_file_and_its_folder(living: Connection, tmp_path: Path) -> None:
    path = publish(living, tmp_path / "runtime").path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@posix
def test_a_file_that_others_can_read_is_not_used(living: Connection, tmp_path: Path) -> None:
    publish(living, tmp_path).path.chmod(0o644)
    with pytest.raises(BackendError) as caught:
        find(tmp_path)
    assert caught.value.code == "backend.permissions"


def test_a_second_backend_in_the_folder_is_refused(living: Connection, tmp_path: Path) -> None:
    claim = publish(living, tmp_path)
    with pytest.raises(BackendError) as caught:
        publish(replace(living, start="start-2"), tmp_path)
    assert caught.value.code == "backend.running"
    assert read(tmp_path).start == "start-1"
    claim.withdraw()
    publish(replace(living, start="start-2"), tmp_path).withdraw()


def test_a_backend_that_hangs_keeps_its_folder(living: Connection, tmp_path: Path) -> None:
    """Nothing listens any more, so a reader takes it for dead; but its process holds the folder."""
    claim = publish(replace(living, endpoint="tcp://127.0.0.1:1"), tmp_path)
    with pytest.raises(BackendError) as caught:
        publish(replace(living, start="start-2"), tmp_path)
    assert caught.value.code == "backend.running"
    claim.withdraw()


RACER = """
import os, sys
from dataclasses import asdict, replace
from pathlib import Path
from addon.core.errors import BackendError
from addon.link.connection import publish, read
folder, name = Path(sys.argv[1]), sys.argv[2]
stale = read(folder)
print("there", flush=True)
for line in sys.stdin:
    claim = None
    try:
        claim = publish(replace(stale, pid=os.getpid(), start=name), folder)
        print(read(folder).start, flush=True)
    except BackendError as error:
        print(error.code, flush=True)
    sys.stdin.readline()
    if claim is not None:
        # Lose the folder as a killed process does: the lock goes, the file stays.
        del claim
    print("lost", flush=True)
"""


def test_of_many_backends_that_see_one_stale_file_one_gets_the_folder(living: Connection, tmp_path: Path) -> None:
    stale = replace(living, pid=dead_pid(), start="dead")
    publish(stale, tmp_path)
    names = [f"racer-{number}" for number in range(4)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        assert answers(racers) == ["there"] * 4
        for _ in range(50):
            told = answers(racers, "go")
            assert sorted(told)[:3] == ["backend.running"] * 3, told
            winner = names[[answer != "backend.running" for answer in told].index(True)]
            assert read(tmp_path).start == winner
            assert winner in told
            assert answers(racers, "lose it") == ["lost"] * 4
            publish(stale, tmp_path)
    finally:
        for racer in racers:
            racer.communicate()


def answers(racers: Sequence[subprocess.Popen[str]], word: str = "") -> list[str]:
    """What each says, after the word, if there is one, has been said to all."""
    for racer in racers:
        assert racer.stdin is not None
        if word:
            racer.stdin.write(f"{word}\n")
            racer.stdin.flush()
    return [racer.stdout.readline().strip() for racer in racers if racer.stdout is not None]


def test_the_file_of_a_dead_process_is_stale_and_replaced(living: Connection, tmp_path: Path) -> None:
    publish(replace(living, pid=dead_pid(), start="dead"), tmp_path)
    with pytest.raises(BackendError) as caught:
        find(tmp_path)
    assert caught.value.code == "backend.stale"
    publish(living, tmp_path)
    assert find(tmp_path).start == "start-1"


def test_a_process_id_that_now_belongs_to_another_program_does_not_look_alive(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ours = Connection(f"tcp://127.0.0.1:{port}", "S", "C", "K", os.getpid(), platform.node(), "start-1", "0.1.0")
    publish(ours, tmp_path)
    with pytest.raises(BackendError) as caught:
        find(tmp_path)
    assert caught.value.code == "backend.stale"


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(living: Connection, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackendError) as caught:
        publish(living, tmp_path / "file" / "runtime")
    assert caught.value.code == "backend.runtime_dir"


def test_a_backend_removes_its_own_file_only(living: Connection, tmp_path: Path) -> None:
    claim = publish(living, tmp_path)
    of_another = json.dumps(asdict(replace(living, start="start-2")))
    ours = claim.path.read_text()
    claim.path.write_text(of_another)
    claim.withdraw()
    assert read(tmp_path).start == "start-2"
    claim = publish(living, tmp_path)
    assert claim.path.read_text() == ours
    claim.withdraw()
    with pytest.raises(BackendError) as caught:
        read(tmp_path)
    assert caught.value.code == "backend.absent"
    claim.withdraw()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"endpoint": 1}', "\x00" * 20_000])
def test_a_damaged_file_gets_a_sentence_and_does_not_stop_a_new_backend(
    text: str, living: Connection, tmp_path: Path
) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BackendError) as caught:
        Session(tmp_path).connect()
    assert caught.value.code == "backend.file"
    publish(living, tmp_path)
    assert find(tmp_path) == living


def test_a_file_with_senseless_keys_is_refused_by_the_session(living: Connection, tmp_path: Path) -> None:
    publish(replace(living, server_public="short"), tmp_path)
    with pytest.raises(BackendError) as caught:
        Session(tmp_path).connect()
    assert caught.value.code == "backend.file"


def test_without_a_backend_the_session_says_to_start_one(tmp_path: Path) -> None:
    session = Session(tmp_path)
    with pytest.raises(BackendError) as caught:
        session.connect()
    assert caught.value.code == "backend.absent"
    assert session.state == "disconnected"
    assert session.pump() == []


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOLILOQUY_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder() == tmp_path
    assert runtime_folder(tmp_path / "chosen") == tmp_path / "chosen"


def test_the_file_is_plain_json(living: Connection, tmp_path: Path) -> None:
    assert json.loads(publish(living, tmp_path).path.read_text())["protocol"] == "soliloquy"


@pytest.mark.parametrize("host", ["192.0.2.7", "workstation", "localhost.example.org"])
def test_another_machine_is_not_called_unless_going_online_is_allowed(
    living: Connection, tmp_path: Path, host: str
) -> None:
    publish(replace(living, endpoint=f"tcp://{host}:5555"), tmp_path)
    with pytest.raises(BackendError) as caught:
        Supervisor(BackendPlace(runtime_dir=tmp_path)).connect()
    assert (caught.value.code, caught.value.where) == ("backend.online", host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_called_by_any_of_its_own_names(living: Connection, tmp_path: Path, host: str) -> None:
    publish(replace(living, endpoint=f"tcp://{host}:1"), tmp_path)
    with pytest.raises(BackendError) as caught:
        Supervisor(BackendPlace(runtime_dir=tmp_path)).connect()
    assert caught.value.code == "backend.stale"

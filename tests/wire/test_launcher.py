"""What the launcher says when a backend does not start, and what it leaves in the log."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from addon.core.errors import BackendError
from addon.link.launcher import FAILED, MAX_LOG, STARTING, Launcher
from tests.wire.backends import until

PYTHON = Path(sys.executable)


def failure_of(launcher: Launcher) -> str:
    """Why a child that cannot come up has failed."""
    launcher.start()
    until(lambda: launcher.poll().name != STARTING, "the child ends")
    state = launcher.poll()
    launcher.stop()
    assert state.name == FAILED
    return state.message


def folder_with_backend(folder: Path, program: str) -> Path:
    """A folder whose `python -m backend` is this program."""
    package = folder / "backend"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(program)
    return folder


def test_a_python_without_the_backend_is_named_with_where_to_choose_another(bare_python: Path, tmp_path: Path) -> None:
    message = failure_of(Launcher(bare_python, tmp_path, tmp_path, tmp_path / "backend.log"))
    assert f"{bare_python} does not have the backend" in message
    assert "preferences" in message


def test_a_folder_that_only_has_the_name_of_the_backend_is_told_as_well(bare_python: Path, tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    message = failure_of(Launcher(bare_python, tmp_path, tmp_path, tmp_path / "backend.log"))
    assert "does not have the backend" in message


def test_a_missing_library_of_the_backend_is_told_as_python_says_it(tmp_path: Path) -> None:
    folder = folder_with_backend(tmp_path / "source", "import backend_of_dreams")
    message = failure_of(Launcher(PYTHON, folder, tmp_path, tmp_path / "backend.log"))
    assert message.endswith("No module named 'backend_of_dreams'")


def test_the_reason_is_not_that_of_an_earlier_run(tmp_path: Path) -> None:
    log = tmp_path / "backend.log"
    log.write_text("an error of yesterday\n")
    silent = folder_with_backend(tmp_path / "source", "raise SystemExit(3)")
    message = failure_of(Launcher(PYTHON, silent, tmp_path, log))
    assert message == "The backend ended with code 3. It wrote nothing to its log."
    assert log.read_text() == "an error of yesterday\n"


def test_a_log_that_has_grown_large_is_set_aside_once(tmp_path: Path) -> None:
    log, old = tmp_path / "backend.log", tmp_path / "backend.log.old"
    old.write_text("older still")
    log.write_bytes(b"x" * (MAX_LOG + 1))
    broken = folder_with_backend(tmp_path / "source", "raise SystemExit('a reason')")
    launcher = Launcher(PYTHON, broken, tmp_path, log)
    assert failure_of(launcher).endswith("a reason")
    assert log.read_text().splitlines() == ["a reason"]
    assert old.stat().st_size == MAX_LOG + 1
    assert failure_of(launcher).endswith("a reason")
    assert log.read_text().splitlines() == ["a reason"] * 2


def test_a_missing_working_folder_is_blamed_by_name(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        Launcher(PYTHON, tmp_path / "gone", tmp_path, tmp_path / "backend.log").start()
    assert (caught.value.code, caught.value.where) == ("backend.working_dir", str(tmp_path / "gone"))


def test_a_log_that_cannot_be_written_is_blamed_by_name(tmp_path: Path) -> None:
    log = tmp_path / "gone" / "backend.log"
    with pytest.raises(BackendError) as caught:
        Launcher(PYTHON, tmp_path, tmp_path, log).start()
    assert (caught.value.code, caught.value.where) == ("backend.log", str(log))


@pytest.mark.skipif(os.name == "nt", reason="there a file is made executable by its name")
def test_a_file_that_is_no_program_is_blamed_as_the_python(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("no program")
    with pytest.raises(BackendError) as caught:
        Launcher(tmp_path / "python", tmp_path, tmp_path, tmp_path / "backend.log").start()
    assert caught.value.code == "backend.python"

"""Starts and stops the backend as a child process, in a Python that the user chose.

The child's standard input is a pipe that only this process holds. When it closes, however this process ended, the
backend ends too; closing it is also how `stop` asks, which works alike on all systems.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ..core.errors import BackendError
from .connection import read, runtime_folder

STOPPED: Final[str] = "stopped"
STARTING: Final[str] = "starting"
RUNNING: Final[str] = "running"
FAILED: Final[str] = "failed"

LOG_TAIL: Final[int] = 4096
"""Bytes at the end of the log in which the reason of a failure is looked for."""
MAX_LOG: Final[int] = 4 * 1024 * 1024
"""Bytes of log above which a start sets it aside as `.old`, in the place of the one before, and begins anew."""
_NO_BACKEND: Final[re.Pattern[str]] = re.compile(r"No module named '?backend(\.__main__)?'?(;|$)")
"""What Python says to `-m backend` when there is none, or a folder of that name which is not ours."""


@dataclass(frozen=True)
class LauncherState:
    """`name` is "stopped", "starting", "running" or "failed"; `message` is a sentence for "failed", else empty."""

    name: str
    pid: int | None = None
    returncode: int | None = None
    message: str = ""


class Launcher:
    """One backend as a child process. It ends with this process, however this one ends.

    `python` is the interpreter that has the backend's packages, `working_dir` where it runs (the backend's folder,
    unless it is installed), `runtime_dir` where the connection file goes, `log_file` what the backend says.
    """

    def __init__(self, python: Path, working_dir: Path | None, runtime_dir: Path | None, log_file: Path | None) -> None:
        self._python, self._working_dir, self._log_file = python, working_dir, log_file
        self._folder = runtime_folder(runtime_dir)
        self._start_id = ""
        self._log_start = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child; returns at once. Does nothing twice.

        Raises BackendError when the Python cannot be run, its working folder is not there, or the log not writable.
        """
        if self._child is not None and self._child.poll() is None:
            return
        self._start_id = secrets.token_hex(16)
        command = [str(self._python), "-m", "backend", "serve", "--exit-with-parent", "--start-id", self._start_id]
        command += ["--runtime-dir", str(self._folder)]
        self._require_working_dir()
        with self._open_log() as log:
            self._log_start = log.seek(0, os.SEEK_END)
            try:
                self._child = subprocess.Popen(
                    command,
                    cwd=self._working_dir,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=_clean_environment(),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise BackendError(
                    "backend.python",
                    "The backend's Python cannot be run; choose another one in the preferences.",
                    str(error),
                ) from error

    def poll(self) -> LauncherState:
        """How the child is; "running" once it wrote its connection file. Never waits."""
        if self._child is None:
            return LauncherState(STOPPED)
        code = self._child.poll()
        if code is None:
            return LauncherState(RUNNING if self._is_published() else STARTING, self._child.pid)
        if code == 0:
            return LauncherState(STOPPED, None, 0)
        return LauncherState(FAILED, None, code, f"The backend ended with code {code}. {self._reason()}")

    def stop(self, deadline_s: float = 5.0) -> None:
        """End the child: ask, and after `deadline_s` seconds, kill. Does nothing when none runs."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            if child.stdin is not None:
                child.stdin.close()
        except OSError:
            pass  # The child is gone already, and the pipe with it.
        try:
            child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _is_published(self) -> bool:
        try:
            return read(self._folder).start == self._start_id
        except BackendError:
            return False

    def _require_working_dir(self) -> None:
        if self._working_dir is not None and not self._working_dir.is_dir():
            raise BackendError(
                "backend.working_dir",
                "The backend's working folder is not there; choose another one in the preferences.",
                str(self._working_dir),
            )

    def _open_log(self) -> IO[bytes]:
        """The log, to append to; one that has grown too large is set aside before."""
        if self._log_file is None:
            return Path(os.devnull).open("ab")
        try:
            if self._log_file.exists() and self._log_file.stat().st_size > MAX_LOG:
                with contextlib.suppress(OSError):  # Windows: a backend that ends just now still has it open
                    self._log_file.replace(self._log_file.with_name(f"{self._log_file.name}.old"))
            return self._log_file.open("ab")
        except OSError as error:
            raise BackendError(
                "backend.log", "The backend's log cannot be written; is its folder there?", str(self._log_file)
            ) from error

    def _reason(self) -> str:
        """Why the child failed: the last line that it wrote to the log, which is what Python says of an error."""
        if self._log_file is None:
            return "Choose a log file to see why."
        try:
            with self._log_file.open("rb") as log:
                log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - LOG_TAIL))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return "Its log file cannot be read."
        if not lines:
            return "It wrote nothing to its log."
        if found := _NO_BACKEND.search(lines[-1]):
            return (
                f"{self._python} does not have the backend ({found[0].rstrip(';')}); choose the Python that it is "
                "installed in, as Backend Python in the add-on's preferences."
            )
        return lines[-1]


def _clean_environment() -> dict[str, str]:
    """The environment of this process without what would make another Python load this one's packages."""
    drop = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE"}
    return {name: value for name, value in os.environ.items() if name.upper() not in drop}

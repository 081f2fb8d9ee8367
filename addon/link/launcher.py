"""Starts and stops the backend as a child process, in a Python that the user chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LauncherState:
    """`name` is "stopped", "starting", "running" or "failed"; `message` is a sentence for "failed", else empty."""

    name: str
    pid: int | None = None
    returncode: int | None = None
    message: str = ""


class Launcher:
    """One backend as a child process. It ends with this process, however this one ends."""

    def __init__(self, python: Path, working_dir: Path | None, runtime_dir: Path | None, log_file: Path | None) -> None:
        self._python = python

    def start(self) -> None:
        """Start the child; returns at once. Raises BackendError when the Python cannot be run."""
        raise NotImplementedError

    def poll(self) -> LauncherState:
        """How the child is; "running" once it wrote its connection file. Never waits."""
        raise NotImplementedError

    def stop(self, deadline_s: float = 5.0) -> None:
        """End the child: ask, and after `deadline_s` seconds, kill. Does nothing when none runs."""
        raise NotImplementedError

"""Long work in a process of its own, which tells how it is in a file of its folder and ends by a file called stop.

It goes on when a file is closed, a panel is folded or Blender ends; so it is never Blender that waits for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..core.errors import BackendError, JobCancelled

STATUS, STOP, LOG = "status.json", "stop", "log.txt"
LOG_TAIL: Final[int] = 2000


@dataclass(frozen=True)
class ChoreState:
    """How a chore is: `running`, what its folder tells (`told`), and after a failure a sentence."""

    running: bool
    told: dict[str, Any]
    problem: str = ""


class Chore:
    """One child process and the folder that it works in."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.state = ChoreState(True, {})
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], working_dir: Path | None = None) -> None:
        """Start it. Raises BackendError when it cannot be run, or nothing can be written into its folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in (STOP, STATUS):
                (self.folder / name).unlink(missing_ok=True)
            with (self.folder / LOG).open("wb") as log:
                self._child = subprocess.Popen(
                    list(command),
                    cwd=working_dir,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise BackendError(
                "chore.start", f"{self.name} cannot be started; see the folder and the preferences.", str(error)
            ) from error

    def poll(self) -> ChoreState:
        """Look how it is. Never waits."""
        code = self._child.poll() if self._child is not None else 0
        failed = code not in (None, 0)
        self.state = ChoreState(code is None, self._told(), self._last_words() if failed else "")
        return self.state

    def stop(self) -> None:
        """Ask it to end; what it has done is kept. Raises BackendError when that cannot be written."""
        try:
            (self.folder / STOP).touch()
        except OSError as error:
            raise BackendError(
                "chore.stop", f"{self.name} cannot be asked to stop; is its folder still there?", str(error)
            ) from error

    def wait(self, timeout_s: float) -> None:
        """Block until it ended, for runs without a window. Raises BackendError when it fails or takes too long."""
        end = time.monotonic() + timeout_s
        while self.poll().running:
            if time.monotonic() > end:
                self.stop()
                raise BackendError("chore.timeout", f"{self.name} did not end in time; what is done is kept.")
            time.sleep(0.05)
        if self.state.problem:
            raise BackendError("chore.failed", f"{self.name} failed. {self.state.problem}")

    def _told(self) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / STATUS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _last_words(self) -> str:
        try:
            lines = (self.folder / LOG).read_bytes()[-LOG_TAIL:].decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "It wrote nothing to its log."


def tell(folder: Path, **told: Any) -> None:
    """What the process itself writes of how it is. Raises JobCancelled when it was asked to stop."""
    draft = folder / f"{STATUS}.part"
    draft.write_text(json.dumps(told), encoding="utf-8")
    os.replace(draft, folder / STATUS)  # noqa: PTH105 - a reader sees the old one or the new one
    if (folder / STOP).exists():
        (folder / STOP).unlink(missing_ok=True)
        raise JobCancelled

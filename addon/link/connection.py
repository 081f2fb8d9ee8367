"""The connection file: how a client finds a backend and proves that it may talk to it.

The backend writes it into the user's runtime folder with mode 0600, as Jupyter kernels do. Whoever can read it can
talk to the backend, and nobody else: it holds the backend's public CURVE key and the one secret key that the backend
lets in. `start` names one start of the backend, so a restarted backend is told from the one before.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Final

from ..core.errors import BackendError
from ..core.lock import hold
from ..core.wire_schema import PROTOCOL
from .liveness import Probe

FILE_NAME: Final[str] = "backend.json"
LOCK_NAME: Final[str] = "backend.lock"
"""Held by the backend while it lives. It stays when the backend ends: removing it could take away another's."""
RUNTIME_VARIABLE: Final[str] = "SOLILOQUY_RUNTIME_DIR"
MAX_FILE: Final[int] = 16 * 1024


@dataclass(frozen=True)
class Connection:
    """What the file says: ZeroMQ `endpoint`, Z85 CURVE keys, `pid` on `host`, `start` id, `software` version."""

    endpoint: str
    server_public: str
    client_public: str
    client_secret: str
    pid: int
    host: str
    start: str
    software: str
    protocol: str = PROTOCOL


def runtime_folder(chosen: Path | None = None) -> Path:
    """Where the connection file lies: `chosen`, else SOLILOQUY_RUNTIME_DIR, else the system's folder for such files."""
    if chosen is not None:
        return chosen
    if named := os.environ.get(RUNTIME_VARIABLE):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "Soliloquy" / "runtime"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Soliloquy" / "runtime"
    if given := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(given) / PROTOCOL
    data = os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))
    return Path(data) / PROTOCOL / "runtime"


class Claim:
    """A folder that is one backend's for as long as this is held; see `publish`."""

    def __init__(self, folder: Path, start: str, lock: IO[bytes]) -> None:
        self.path = folder / FILE_NAME
        self._start, self._lock = start, lock

    def withdraw(self) -> None:
        """Remove the connection file, if it is still the one of this start, and give the folder back."""
        try:
            if read(self.path.parent).start == self._start:
                self.path.unlink(missing_ok=True)
        except (BackendError, OSError):
            pass  # No file of ours is there, or it cannot be removed: readers see that it is stale.
        finally:
            self._lock.close()


def publish(connection: Connection, folder: Path) -> Claim:
    """Claim the folder, and write the file so that it is there whole or not at all.

    Of any number of backends only one has the folder: the system's lock decides, and drops it however a process
    ends. So a file without a lock is a dead backend's, and is replaced. Raises BackendError when another backend has
    the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = hold(folder / LOCK_NAME)
        if lock is None:
            raise BackendError(
                "backend.running",
                "A backend runs here already; use it, or give this one another --runtime-dir.",
                str(folder),
            )
        try:
            _replace(folder / FILE_NAME, json.dumps(asdict(connection), indent=1))
        except BaseException:
            lock.close()
            raise
    except OSError as error:
        raise BackendError(
            "backend.runtime_dir", "The connection file cannot be written; choose another --runtime-dir.", str(error)
        ) from error
    return Claim(folder, connection.start, lock)


def read(folder: Path) -> Connection:
    """The file as it is. Raises BackendError when there is none, it is not one, or others could read it."""
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > MAX_FILE:
            raise ValueError("too large")
        if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BackendError(
                "backend.permissions", "Other users can read the backend's key; restart the backend.", str(path)
            )
        value = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name: f.type for f in fields(Connection)}
        if not isinstance(value, dict) or value.keys() != known.keys() or value["protocol"] != PROTOCOL:
            raise ValueError("other keys than expected")
        if any(not isinstance(value[name], int if kind == "int" else str) for name, kind in known.items()):
            raise ValueError("a value of another kind than expected")
        return Connection(**value)
    except FileNotFoundError as error:
        raise BackendError("backend.absent", "No backend is running; start it.", str(path)) from error
    except (OSError, ValueError) as error:
        raise BackendError(
            "backend.file", "The backend's connection file cannot be read; restart the backend.", str(path)
        ) from error


def find(folder: Path) -> Connection:
    """The connection of a living backend, for whose endpoint it waits up to PROBE_SECONDS.

    Raises BackendError with a sentence when there is none.
    """
    connection = read(folder)
    if not Probe(connection).wait():
        raise BackendError(
            "backend.stale", "The backend that wrote the connection file has ended; start it again.", str(folder)
        )
    return connection


def _replace(target: Path, text: str) -> None:
    """Put a file in the place of whatever was there, by a draft beside it."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)

"""A lock that one process holds on a file, and that the system releases however that process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO


def hold(path: Path) -> IO[bytes] | None:
    """Lock the file, made when it is not there, until the result is closed; None when another holds it.

    Never waits. Two holders are told apart even within one process. Child processes do not inherit it. Raises OSError
    when the file cannot be opened, or lies where nothing can be locked.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    try:
        _lock(file.fileno())
    except (BlockingIOError, PermissionError):  # PermissionError is how Windows says that it is held
        file.close()
        return None
    except BaseException:
        file.close()
        raise
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""The lifeline: standard input is a pipe that only the parent process holds, and it closes however the parent ends."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

PEEK_SECONDS: Final[float] = 0.2
"""How often Windows is asked whether the pipe still stands."""


def wait_for_parent_to_end() -> None:
    """Block until standard input closes; what is written to it is ignored.

    On Windows the pipe is only peeked at. A thread that waits there in a read blocks every DLL that looks at standard
    input as it is loaded, as the Fortran runtime inside scipy and numpy does: the first such import would hang for
    good (numpy issue 24290, cpython issue 78961).
    """
    if sys.platform == "win32":
        import _winapi
        import msvcrt

        pipe = msvcrt.get_osfhandle(0)
        try:
            while True:
                _winapi.PeekNamedPipe(pipe)
                time.sleep(PEEK_SECONDS)
        except OSError:
            return
    while os.read(0, 1024):
        continue

"""Whether the backend of a connection file lives: by its process, and by one attempt to reach its endpoint.

A process id alone may belong to another program by now, or to a dead child that nobody has collected.
"""

from __future__ import annotations

import errno
import os
import platform
import selectors
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .connection import Connection

PROBE_SECONDS: Final[float] = 0.25
"""How long an endpoint may take to let a client in before nothing is thought to listen there."""
_UNDER_WAY: Final[frozenset[int]] = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN})
_WELL_KNOWN: Final[dict[str, str]] = {"localhost": "127.0.0.1"}


class Probe:
    """One attempt to reach the backend of `connection`. Nothing here waits except `wait`.

    Of a host that is given by name, which only a file edited by hand has, the greeting must tell: to look up a name
    may take long.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._until = time.monotonic() + PROBE_SECONDS
        self._socket: socket.socket | None = None
        self._alive: bool | None = None
        if connection.host == platform.node() and not _process_runs(connection.pid):
            self._alive = False
        else:
            self._call(connection.endpoint)

    def poll(self) -> bool | None:
        """Whether the backend lives; None while that is open."""
        return self._look(0.0)

    def wait(self) -> bool:
        """Whether the backend lives; waits for at most PROBE_SECONDS."""
        return bool(self._look(max(0.0, self._until - time.monotonic())))

    def close(self) -> None:
        """Give the attempt up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _call(self, endpoint: str) -> None:
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        host = host.strip("[]")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                _WELL_KNOWN.get(host, host), int(port), type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            code = self._socket.connect_ex(address)
            self._alive = None if code in _UNDER_WAY else code == 0
        except socket.gaierror:
            self._alive = True
        except (OSError, ValueError, OverflowError):
            self.close()
            self._alive = False

    def _look(self, seconds: float) -> bool | None:
        if self._alive is None and self._socket is not None:
            with selectors.DefaultSelector() as selector:
                # Also how an attempt that failed shows itself, on Windows by the help of `selectors`.
                selector.register(self._socket, selectors.EVENT_WRITE)
                if selector.select(seconds):
                    self._alive = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        if self._alive is None and time.monotonic() >= self._until:
            self._alive = False
        if self._alive is not None:
            self.close()
        return self._alive


def _process_runs(pid: int) -> bool:
    if os.name == "nt":
        return _windows_process_runs(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _windows_process_runs(pid: int) -> bool:
    """By its handle: on Windows `os.kill(pid, 0)` would send a Ctrl-C instead of asking."""
    import ctypes

    kernel = ctypes.windll.kernel32  # pyright: ignore[reportAttributeAccessIssue]
    query_limited_information, still_active = 0x1000, 259
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active

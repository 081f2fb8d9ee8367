"""One conversation with the backend. No threads and no waiting: everything happens in `pump()`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.performance import Performance
from ..core.request import PerformRequest
from .events import Cancelled, Capabilities, Connected, Event, Failed, Finished, Lost, Progress

__all__ = ["Cancelled", "Capabilities", "Connected", "Event", "Failed", "Finished", "Lost", "Progress", "Session"]


class Session:
    """One conversation with the backend.

    `state` is "disconnected", "connecting", "ready" or "lost"; `capabilities` is None until it was "ready".
    After "lost" the session finds a restarted backend by itself, in `pump()`.
    """

    def __init__(self, runtime_dir: Path | None = None, heartbeat_s: float = 2.0) -> None:
        self.state: str = "disconnected"
        self.capabilities: Capabilities | None = None

    def connect(self) -> None:
        """Read the connection file and greet the backend; `Connected` follows from `pump()`.

        Raises BackendError with a sentence when there is no file or the backend that wrote it is gone.
        """
        raise NotImplementedError

    def perform(self, request: PerformRequest) -> str:
        """Send a job and return its id at once. Raises BackendError when not "ready", WireError when too large."""
        raise NotImplementedError

    def cancel(self, job: str) -> None:
        """Ask for a job to be cancelled; `Cancelled` follows from `pump()`. A job that ended is left alone."""
        raise NotImplementedError

    def shutdown_backend(self) -> None:
        """Ask the backend to end; `Lost` follows from `pump()`."""
        raise NotImplementedError

    def pump(self, budget_s: float = 0.004) -> list[Event]:
        """Take in what has arrived, for at most about `budget_s` seconds, and return what happened. Never waits."""
        raise NotImplementedError

    def wait_ready(self, timeout_s: float) -> Capabilities:
        """Pump until "ready" (for command lines and tests). Raises BackendError when that takes too long."""
        raise NotImplementedError

    def wait(self, job: str, timeout_s: float, on_event: Callable[[Event], None] | None = None) -> Performance:
        """Pump until the job ended (for command lines and tests); raises its error, or BackendError after the time."""
        raise NotImplementedError

    def close(self) -> None:
        """End the conversation without waiting for unsent messages."""
        raise NotImplementedError

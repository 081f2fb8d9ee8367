"""A real backend for the tests of the wire that end it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.backends import Backend


@pytest.fixture
def own_backend(tmp_path: Path) -> Iterator[Backend]:
    """A backend that a test may kill."""
    running = Backend(tmp_path)
    running.start()
    yield running
    running.close()

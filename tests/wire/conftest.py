"""Real backends for the tests of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.backends import Backend


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One backend for the tests of a module that leave it as it was."""
    running = Backend(tmp_path_factory.mktemp("runtime"))
    running.start()
    yield running
    running.close()


@pytest.fixture
def own_backend(tmp_path: Path) -> Iterator[Backend]:
    """A backend that a test may kill."""
    running = Backend(tmp_path)
    running.start()
    yield running
    running.close()

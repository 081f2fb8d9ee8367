"""What all tests share: where the data beside the project lies, a Python that has nothing, a backend that runs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.wire.backends import Backend

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of rigs, speech and clips beside the project; skips the test, visibly, where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data beside the project")
    return folder


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has nothing installed: not the backend, wherever the tests themselves run."""
    venv = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One backend for the tests of a module that leave it as it was; in the Python that SOLILOQUY_BACKEND_PYTHON names.

    Skips the test, visibly, where that is not set and the tests' own Python has none.
    """
    if not os.environ.get("SOLILOQUY_BACKEND_PYTHON") and importlib.util.find_spec("torch") is None:
        pytest.skip("set SOLILOQUY_BACKEND_PYTHON to a Python that has the backend")
    from tests.wire.backends import Backend

    running = Backend(tmp_path_factory.mktemp("runtime"))
    running.start()
    yield running
    running.close()

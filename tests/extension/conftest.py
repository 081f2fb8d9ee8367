"""The extension as an artist gets it: built by Blender's own tool, installed by Blender into an empty user folder.

Runs in each Blender's own Python. Blender itself is started in processes of their own, whose folders and modules are
not those of the project.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

if importlib.util.find_spec("bpy") is None:
    pytest.skip("needs a Python with Blender's bpy wheel", allow_module_level=True)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One zip for each system."""
    return _build(tmp_path_factory.mktemp("split"), "--split-platforms")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip for all systems."""
    (built,) = _build(tmp_path_factory.mktemp("whole"))
    return built


@pytest.fixture
def in_blender(tmp_path: Path) -> Callable[..., str]:
    """Run a script of this folder in a fresh Blender with an empty user folder; returns what it printed."""

    def run(script: str, *arguments: object) -> str:
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        environment["BLENDER_USER_RESOURCES"] = str(tmp_path / "user")
        environment["SOLILOQUY_RUNTIME_DIR"] = str(tmp_path / "runtime")
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def _build(output: Path, *options: str) -> list[Path]:
    command = [sys.executable, str(ROOT / "tools" / "build_extension.py"), "--output", str(output), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(output.glob("*.zip"))

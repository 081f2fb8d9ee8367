"""Setting up a machine: what is missing is named, and what the user made is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import environment
from tools.environment import MissingError, check_blender, find_python, make, venv_python


def broken_blender(folder: Path, complaint: str) -> Path:
    """An environment whose Python cannot import bpy, and says so as the dynamic linker does."""
    python = venv_python(folder)
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    return folder


needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")


@needs_shell
@pytest.mark.parametrize(
    ("library", "package"), [("libXxf86vm.so.1", "libxxf86vm1"), ("libGL.so.1", "libgl1"), ("libSM.so.6", "libsm6")]
)
def test_a_missing_system_library_is_named_with_its_package(tmp_path: Path, library: str, package: str) -> None:
    complaint = f"ImportError: {library}: cannot open shared object file: No such file or directory"
    with pytest.raises(MissingError, match=f"apt-get install {package}"):
        check_blender(broken_blender(tmp_path / "venv", complaint))


@needs_shell
def test_another_failure_of_blender_is_shown_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="numpy is broken"):
        check_blender(broken_blender(tmp_path / "venv", "numpy is broken"))


def test_a_python_that_no_wheel_is_built_for_is_not_taken() -> None:
    with pytest.raises(MissingError, match=r"Python 2\.4 is needed"):
        find_python(("2.4",))


def test_an_environment_that_the_user_made_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / ".venv"
    own.mkdir()
    (own / "precious").touch()
    with pytest.raises(MissingError, match="was not made by this command"):
        make(own, Path(sys.executable), "recipe", [])
    assert (own / "precious").exists()


def test_torch_and_pyzmq_are_the_versions_that_the_project_names() -> None:
    project = (environment.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{environment.TORCH}"' in project
    manifest = (environment.ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    assert environment.PYZMQ.replace("==", "-") in manifest

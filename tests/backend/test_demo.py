"""The demo's two child processes, when they do not do what they should."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from addon.core.errors import BackendError, RigError
from backend.demo import stage

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the children are shell scripts")


def become(program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Python that the demo starts be this shell script."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def bake(folder: Path) -> None:
    stage.film(stage.Take("happy", folder / "line.wav"), folder / "happy.blend", folder / "happy.npz", folder)


def test_a_backend_that_ends_without_an_error_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("exit 0", tmp_path, monkeypatch)
    with pytest.raises(BackendError, match="ended at once"), stage.backend_running(tmp_path, tmp_path / "backend.log"):
        pass


def test_a_backend_that_fails_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become("echo no room >&2; exit 3", tmp_path, monkeypatch)
    with pytest.raises(BackendError, match="no room"), stage.backend_running(tmp_path, tmp_path / "backend.log"):
        pass


def test_a_bake_that_says_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    become("exit 0", tmp_path, monkeypatch)
    with caplog.at_level(logging.INFO, logger=stage.__name__):
        bake(tmp_path)
    assert caplog.messages == ["happy: done"]


def test_a_bake_that_fails_is_told_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become("echo no face >&2; exit 1", tmp_path, monkeypatch)
    with pytest.raises(RigError, match="no face"):
        bake(tmp_path)

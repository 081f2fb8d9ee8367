"""Installed by Blender, the extension works with its bundled wheel, bakes a line, and leaves nothing when it goes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from addon.core.channels import CHANNELS
from addon.core.performance import Performance

ROOT = Path(__file__).resolve().parents[2]
BACKEND_PYTHON = os.environ.get("SOLILOQUY_BACKEND_PYTHON", "")


@pytest.fixture
def performance(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    channels = rng.random((48, len(CHANNELS)), dtype=np.float32)
    line = Performance(
        24, np.zeros((48, 70, 3)), np.zeros((48, 2, 2)), np.zeros((48, 6)), channels, np.tile(np.eye(9)[5], (48, 1))
    )
    return line.save(tmp_path / "line.npz")


def test_install_bake_and_uninstall(
    archive: Path, performance: Path, in_blender: Callable[..., str], tmp_path: Path
) -> None:
    facts = json.loads(in_blender("installed.py", archive, performance).splitlines()[-1])
    assert facts["enabled"]
    assert Path(facts["zmq"]).is_relative_to(tmp_path / "user")
    assert facts["zmq_version"] == "26.4.0"
    channels = Performance.load(performance).channels
    np.testing.assert_allclose(facts["jaw"], channels[:, CHANNELS.index("jawOpen")], atol=1e-4)
    assert facts["left_in_types"] == []
    assert facts["left_on_disk"] == []
    assert facts["left_in_preferences"] == []


@pytest.mark.skipif(not BACKEND_PYTHON, reason="set SOLILOQUY_BACKEND_PYTHON to a Python that has the backend")
def test_the_installed_extension_starts_the_backend_and_performs_a_line(
    archive: Path, performance: Path, in_blender: Callable[..., str]
) -> None:
    printed = in_blender("installed.py", archive, performance, BACKEND_PYTHON, ROOT)
    facts = json.loads(printed.splitlines()[-1])
    assert facts["performed_curves"] >= 52
    assert facts["backend_after_stop"] == "stopped"
    assert facts["left_in_types"] == []

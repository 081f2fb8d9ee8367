"""Tests inside a bpy wheel: one process for one Blender version, a fresh scene for each test.

The 4.2 and 4.5 wheels crash or hang when Python shuts down while add-on classes are registered; so the process ends
itself once pytest has reported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

bpy = pytest.importorskip("bpy", reason="needs a Python with Blender's bpy wheel")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if _STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])


_STATUS = pytest.StashKey[int]()


@pytest.fixture(autouse=True)
def scene() -> bpy.types.Scene:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


@pytest.fixture
def registered() -> Iterator[None]:
    """The add-on, registered for one test."""
    from addon import registry

    registry.register()
    yield
    registry.unregister()

"""Where performances are filmed: a backend of its own, and the add-on baking in Blender. Demo and gallery use it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from addon.core.errors import BackendError, RigError
from addon.link.launcher import RUNNING, STARTING, Launcher

START_LIMIT: Final[float] = 60.0
"""Seconds the backend may take to start: the first import of its libraries on a slow disk."""

_TASKS: Final = {"bake": "bake the line", "character": "build the character", "render": "render the picture"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Take:
    """What to film: a sound, its text and an emotion on a built-in character, called `name` in the log.

    A saved `performance` is baked as it is, without a backend.
    """

    name: str
    sound: Path
    text: str = ""
    emotion: str = "neutral"
    intensity: float = 1.0
    fps: float = 30.0
    character: str = "built-in"
    performance: Path | None = None


@contextmanager
def shipped_line() -> Iterator[tuple[Path, str]]:
    """The line of dialogue that comes with the product: its sound file, for as long as the context lasts, and text."""
    card = json.loads(files("backend.demo").joinpath("line.json").read_text(encoding="utf-8"))
    with as_file(files("backend.demo").joinpath("line.wav")) as sound:
        yield sound, card["text"]


@contextmanager
def backend_running(runtime: Path, log_file: Path) -> Iterator[Path]:
    """A backend of its own in a child process, for as long as the context lasts; yields its runtime folder."""
    launcher = Launcher(Path(sys.executable), None, runtime, log_file)
    launcher.start()
    try:
        deadline = time.monotonic() + START_LIMIT
        while (state := launcher.poll()).name != RUNNING:
            if state.name != STARTING or time.monotonic() > deadline:
                why = state.message or ("no answer" if state.name == STARTING else "it ended at once")
                raise BackendError("demo.backend", f"The backend did not start: {why}", str(log_file))
            time.sleep(0.1)
        _log.info("The backend runs (process %s).", state.pid)
        yield runtime
    finally:
        launcher.stop()


def build_character(name: str, blend: Path) -> None:
    """Save a built-in character, lit and framed, as a .blend. Raises RigError with what Blender said when it cannot."""
    blend.unlink(missing_ok=True)
    _blender("character", "--name", name, "--blend", str(blend))


def render_frame(blend: Path, person: str, frame: int, target: Path, size: int, samples: int) -> None:
    """Render one frame of a .blend with Cycles, in the portrait studio, as a PNG. Raises RigError as `film` does."""
    options = ["--from", str(blend), "--name", person, "--frame", str(frame), "--out", str(target)]
    _blender("render", *options, "--size", str(size), "--samples", str(samples))


def film(take: Take, blend: Path, dump: Path, runtime: Path) -> None:
    """Bake a take in Blender, the add-on in a process of its own, and leave the .blend and its meshes (`read_filmed`).

    `runtime` is the folder that `backend_running` yields. Raises RigError with what Blender said when it cannot.
    """
    blend.unlink(missing_ok=True)  # made anew: Blender would keep the old one as .blend1
    command = ["--sound", str(take.sound), "--text", take.text]
    command += ["--emotion", take.emotion, "--intensity", str(take.intensity), "--fps", str(take.fps)]
    command += ["--runtime-dir", str(runtime), "--character-from", take.character]
    command += ["--performance", str(take.performance)] if take.performance else []
    said = _blender("bake", *command, "--blend", str(blend), "--dump", str(dump))
    _log.info("%s: %s", take.name, said[-1] if said else "done")


def _blender(*arguments: str) -> list[str]:
    """Run the add-on without a window in a process of its own; the lines it left on standard error."""
    command = [sys.executable, "-m", "addon.headless", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        said = (result.stdout + result.stderr)[-2000:]
        raise RigError(f"demo.{arguments[0]}", f"Blender could not {_TASKS[arguments[0]]}:\n{said}")
    return result.stderr.strip().splitlines()

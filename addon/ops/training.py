"""Render a training set of the character, and learn from it how the character looks; both beside Blender."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import bpy
from bpy.props import FloatProperty

from .. import runtime
from ..core.errors import BackendError, RigError
from ..paths import absolute
from ..preferences import backend_place, link_problem
from ..preview import pictures
from ..preview.chore import Chore
from ..preview.settings import preview_of
from ..rig.discover import find_character
from ..status import redraw, time_words
from .base import NO_CHARACTER, Explained, chosen_character

ROOT: Final[Path] = Path(__file__).resolve().parents[2]
POLL_S: Final[float] = 1.0
DEFAULT_FOLDER: Final[str] = "//soliloquy_character"
SET, LEARNED, COPY = "set", "learned", "scene.blend"
PICTURE: Final[str] = "preview.png"
"""What a training shows of itself, in its folder."""
_chores: Final[list[Chore]] = []
"""What was started last; the panel shows it."""


def current_chore() -> Chore | None:
    """What was started last in this Blender, running or not."""
    return _chores[-1] if _chores else None


def chore_words(chore: Chore) -> tuple[str, float]:
    """How a chore is, for the progress bar: words and 0..1."""
    told = chore.state.told
    if chore.state.problem:
        return f"{chore.name} failed: {chore.state.problem}", 0.0
    if "total" in told:
        share = told["done"] / max(told["total"], 1)
        left = f", {time_words(told['seconds_left'])} left" if told.get("seconds_left", -1) >= 0 else ""
        return f"{told['done']} of {told['total']} frames{left}", share
    if "psnr" in told:
        full = told["psnr"].get("full")
        minutes, left = float(told.get("minutes", 0)), float(told.get("left", 0))
        said = f"{full:.1f} dB, " if full else ""
        return f"{said}at most {time_words(60 * left)} left", minutes / max(minutes + left, 1e-6)
    return f"{chore.name} is starting" if chore.state.running else f"{chore.name} has ended", 0.0


class SOLILOQUY_OT_render_training_set(Explained, bpy.types.Operator):
    """Render the character in many poses, as the scene is set, from a copy of the file and beside Blender"""

    bl_idname = "soliloquy.render_training_set"
    bl_label = "Render Training Set"

    timeout: FloatProperty(default=86400.0, min=0.0, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return _why_not(context) if chosen_character(context) else NO_CHARACTER

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`. A set that was cut off goes on from the copy that it was begun with."""
        character = find_character(chosen_character(context))
        folder, settings = _folder(context) / SET, preview_of(context.scene)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / COPY).exists():
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / COPY), copy=True, check_existing=False)
        words = ["training-set", "--from", str(folder / COPY), "--object", character.root.name, "--out", str(folder)]
        words += ["--size", str(settings.set_size), "--takes"]
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from addon.headless import main; sys.exit(main({words!r}))"
        )
        blender = bpy.app.binary_path
        command = (
            [blender, "-b", "--python-exit-code", "1", "--python-expr", code]
            if blender
            else [sys.executable, "-c", code]
        )
        _begin(Chore("The training set", folder), command, None, self.timeout)


class SOLILOQUY_OT_train_character(Explained, bpy.types.Operator):
    """Learn how the character looks from its training set, in the backend's Python; the panel shows how good it is"""

    bl_idname = "soliloquy.train_character"
    bl_label = "Train Character"

    timeout: FloatProperty(default=86400.0, min=0.0, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return link_problem() or _why_not(context)

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        place, folder = backend_place(context), _folder(context)
        if place.python is None:
            raise BackendError("backend.python", "Choose the backend's Python in the add-on's preferences.")
        if not (folder / SET / "set.json").is_file():
            raise RigError("training.set", "There is no training set yet; render it first.", str(folder / SET))
        minutes = preview_of(context.scene).minutes
        command = [str(place.python), "-m", "backend", "train", "character", "--minutes", str(minutes)]
        command += ["--set", str(folder / SET), "--out", str(folder / LEARNED)]
        preview_of(context.scene).folder = _learned_folder(context)
        _begin(Chore("The training", folder / LEARNED), command, place.working_dir, self.timeout)


class SOLILOQUY_OT_stop_chore(Explained, bpy.types.Operator):
    """End the rendering or the training early; what is done is kept, and it can go on from there"""

    bl_idname = "soliloquy.stop_chore"
    bl_label = "Stop"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        chore = current_chore()
        return "" if chore is not None and chore.state.running else "Nothing is being rendered or trained."

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        if chore := current_chore():
            chore.stop()


def _begin(chore: Chore, command: list[str], working_dir: Path | None, timeout: float) -> None:
    chore.start(command, working_dir)
    _chores[:] = [chore]
    if bpy.app.background:
        chore.wait(timeout)
    elif not bpy.app.timers.is_registered(_watch):
        bpy.app.timers.register(_watch, first_interval=POLL_S, persistent=True)


def _watch() -> float | None:
    """Look how the chore is, and have the panel show it."""
    chore = current_chore()
    if chore is None:
        return None
    state = chore.poll()
    if not state.running:
        failed = f"{chore.name} failed. {state.problem}"
        runtime.get().tell(
            "ERROR" if state.problem else "INFO", failed if state.problem else f"{chore.name} has ended."
        )
    if (chore.folder / PICTURE).is_file():
        pictures.show_growing(bpy.context, chore.folder / PICTURE)
    redraw()
    return POLL_S if state.running else None


def end_watching() -> None:
    """Stop looking; the process itself goes on."""
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    _chores.clear()


def _why_not(context: bpy.types.Context) -> str:
    chore = current_chore()
    if chore is not None and chore.state.running:
        return f"{chore.name} is at work; stop it or wait."
    return "" if bpy.data.filepath or preview_of(context.scene).training_folder else "Save the file first."


def _folder(context: bpy.types.Context) -> Path:
    return absolute(_written_folder(context))


def _written_folder(context: bpy.types.Context) -> str:
    return preview_of(context.scene).training_folder or DEFAULT_FOLDER


def _learned_folder(context: bpy.types.Context) -> str:
    """Where the trained character goes, as the artist writes it: what is kept of that moves with the file."""
    return os.path.join(_written_folder(context), LEARNED)  # noqa: PTH118 - a Path has no //

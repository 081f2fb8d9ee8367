"""Render a training set of the character, and learn from it how the character looks; both beside Blender."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy
from bpy.props import FloatProperty

from .. import runtime
from ..core.errors import BackendError, RequestError, RigError
from ..paths import absolute
from ..preferences import backend_place, link_problem
from ..preview import pictures
from ..preview.chore import Chore
from ..preview.set_folder import held, is_begun
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


@dataclass(frozen=True)
class _Watched:
    """A chore, and the session_uid of the scene that its picture is shown beside."""

    chore: Chore
    scene: int


_watched: Final[list[_Watched]] = []
"""What was started last; the panel shows it."""


def current_chore() -> Chore | None:
    """What was started last in this Blender, running or not."""
    return _watched[-1].chore if _watched else None


def picture_of(chore: Chore | None) -> Path | None:
    """The picture that a training has left of itself by now, or None."""
    path = chore.folder / PICTURE if chore is not None else None
    return path if path is not None and path.is_file() else None


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
        """See `Explained`. A set that was begun goes on from the copy of the file that it was begun with."""
        character = find_character(chosen_character(context))
        folder, settings = _folder(context) / SET, preview_of(context.scene)
        with held(folder):  # here too, for what is started would empty the log and status of what runs
            self._keep_copy(folder)
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
        _begin(context, Chore("The training set", folder), command, None, self.timeout)

    def _keep_copy(self, folder: Path) -> None:
        """Copy the file into the folder, or say that the copy of then is used. Raises RigError."""
        copy = folder / COPY
        if is_begun(folder) and copy.is_file():
            then = time.strftime("%d %B, %H:%M", time.localtime(copy.stat().st_mtime))
            said = f"The set goes on with the file as it was on {then}; to have it as it is now, delete {folder} first."
            self.report({"INFO"}, said)
            runtime.get().tell("INFO", said)
            return
        try:
            bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True, check_existing=False)
        except RuntimeError as error:
            raise RigError(
                "set.copy", "The file cannot be copied there; choose another training folder.", str(copy)
            ) from error


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
        if not is_begun(folder / SET):
            raise RigError("training.set", "There is no training set yet; render it first.", str(folder / SET))
        minutes = preview_of(context.scene).minutes
        command = [str(place.python), "-m", "backend", "train", "character", "--minutes", str(minutes)]
        command += ["--set", str(folder / SET), "--out", str(folder / LEARNED)]
        preview_of(context.scene).folder = _learned_folder(context)
        _begin(context, Chore("The training", folder / LEARNED), command, place.working_dir, self.timeout)


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


class SOLILOQUY_OT_show_training(Explained, bpy.types.Operator):
    """Show in an Image Editor how the training goes, or went; while it runs the picture is kept up to date"""

    bl_idname = "soliloquy.show_training"
    bl_label = "Show Training"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if picture_of(current_chore()) else "There is no picture of a training yet."

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        chore = current_chore()
        path = picture_of(chore)
        if chore is None or path is None:
            return
        _watched[:] = [_Watched(chore, context.scene.session_uid)]
        pictures.show_picture(context, pictures.show_growing(context, path))


def _begin(
    context: bpy.types.Context, chore: Chore, command: list[str], working_dir: Path | None, timeout: float
) -> None:
    chore.start(command, working_dir)
    pictures.remove_growing()
    _watched[:] = [_Watched(chore, context.scene.session_uid)]
    if bpy.app.background:
        chore.wait(timeout)
    elif not bpy.app.timers.is_registered(_watch):
        bpy.app.timers.register(_watch, first_interval=POLL_S, persistent=True)


def _watch() -> float | None:
    """Look how the chore is, and have the panel show it."""
    if not _watched:
        return None
    chore = _watched[-1].chore
    state = chore.poll()
    if not state.running:
        failed = f"{chore.name} failed. {state.problem}"
        runtime.get().tell(
            "ERROR" if state.problem else "INFO", failed if state.problem else f"{chore.name} has ended."
        )
    _show_picture(_watched[-1], state.running)
    redraw()
    return POLL_S if state.running else None


def _show_picture(watched: _Watched, running: bool) -> None:
    """Show how a training goes where it was started, and take that out when it ends; other files are left alone."""
    if not any(scene.session_uid == watched.scene for scene in bpy.data.scenes):
        return
    if not running:
        pictures.remove_growing()
    elif (path := picture_of(watched.chore)) is not None:
        with contextlib.suppress(RequestError):  # it is being replaced, and will be there in a moment
            pictures.show_growing(bpy.context, path)


def end_watching() -> None:
    """Stop looking; the process itself goes on."""
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    _watched.clear()


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

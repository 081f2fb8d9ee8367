"""Show the active take as it would be photographed: send it, write the frames as they come, place them in the scene."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from .. import runtime
from ..core.errors import BackendError, JobCancelled, RequestError, RigError, SoliloquyError
from ..core.preview import LANDMARK_NETWORK, PreviewRequest
from ..core.timeline import FrameRange
from ..paths import absolute
from ..preferences import confirm, is_confirmed, link_problem
from ..preview import pictures, sequence
from ..preview.face_points import in_pixels
from ..preview.folder import MOVIE, FrameFolder, frame_name
from ..preview.line import ShownLine, shown_line
from ..preview.settings import NEEDS_FOLDER, NEEDS_PORTRAIT, SoliloquyPreview, points_of, preview_of
from ..preview.shoot import Framing, read_shot
from ..rig.discover import find_character
from ..rig.keyer import scene_timeline
from .base import NO_CHARACTER, Explained, chosen_character

if TYPE_CHECKING:
    from ..link.events import Filmed, Pictured

START_SECONDS: Final[float] = 120.0
NOTE_WIDTH: Final[int] = 84
"""Letters in a line of the dialog."""
_ended: Final[dict[str, Screening]] = {}
"""Previews that wait for the operator that puts them into the scene, by the name of their folder."""


class Screening:
    """The frames of one preview on their way to the disk and into the scene; see `runtime.Screening`."""

    def __init__(
        self, scene: bpy.types.Scene, character: str, line: str, frames: FrameRange, folder: FrameFolder
    ) -> None:
        self.scene, self.character, self.line, self.frames = scene.session_uid, character, line, frames
        self.folder = folder
        self.files: list[Path] = []
        self.total = frames.count

    def hear(self, event: Pictured | Filmed) -> None:
        """Write what has come, the first frame in place of the last preview. Raises RigError when the disk refuses."""
        from ..link.events import Pictured

        try:
            if isinstance(event, Pictured):
                if not self.files:  # not sooner: a preview that is refused leaves the last one's frames
                    self.folder.begin()
                self.files.append(self.folder.write(frame_name(event.number), event.png))
                self.total = event.total
            else:
                self.folder.write(MOVIE, event.movie)
        except OSError as error:
            raise RigError(
                "preview.disk", "The frames cannot be written; is the disk full, or the folder read-only?", str(error)
            ) from error

    def end(self, error: SoliloquyError | None) -> None:
        """Put what there is into the scene, as one step of undo."""
        if not self.files:
            return
        _ended[str(self.folder.path)] = self
        try:
            with runtime.in_window():
                bpy.ops.soliloquy.place_preview("EXEC_DEFAULT", True, folder=str(self.folder.path))
        except RuntimeError as failure:
            runtime.get().tell("ERROR", str(failure).strip().removeprefix("Error: "))
        finally:
            _ended.pop(str(self.folder.path), None)
        if isinstance(error, JobCancelled):
            kept = f"{len(self.files)} of {self.total} frames were drawn; they are kept and play with the sound."
            runtime.get().tell("INFO", kept)


class SOLILOQUY_OT_preview(Explained, bpy.types.Operator):
    """Show the active take as pictures: in the sequencer with its sound, and in an Image Editor"""

    bl_idname = "soliloquy.preview"
    bl_label = "Preview"

    noted: BoolProperty(name="I Have Read This", options={"SKIP_SAVE", "HIDDEN"})
    timeout: FloatProperty(default=3600.0, min=0.0, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        if problem := link_problem():
            return problem
        if runtime.get().busy:
            return "The backend is at work; cancel that or wait."
        return _lacking(preview_of(context.scene)) if chosen_character(context) else NO_CHARACTER

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the note on the weights before they are used first."""
        try:
            note = _note(context)
        except SoliloquyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self, width=520) if note else self.execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        """The note, and the tick that it was read."""
        column = self.layout.column(align=True)
        for text in textwrap.wrap(_note(context), NOTE_WIDTH):
            column.label(text=text)
        self.layout.prop(self, "noted")

    def run(self, context: bpy.types.Context) -> None:
        """Read the shot, send it and return; without a window, where no timer runs, wait for the end."""
        scene, settings = context.scene, preview_of(context.scene)
        _check_face(settings)
        if note := _note(context):
            if not self.noted:
                raise RequestError("preview.note", f"Read and confirm this first: {note}")
            confirm(context, _folder(settings.folder))
        character = find_character(chosen_character(context))
        line = shown_line(scene, character)
        portrait = _bytes(settings.portrait, "portrait") if settings.generator in NEEDS_PORTRAIT else b""
        shot = b""
        if not portrait:
            fps = scene_timeline(scene, line.frames.first).rate
            framing = Framing(settings.framing, settings.height)
            shot = read_shot(context, character, line.frames.frames().tolist(), fps, framing).to_bytes()
        request = _request(scene, line, shot, portrait)
        folder = FrameFolder(_parent(), character.name, line.name)
        name = runtime.get().submit(request, Screening(scene, character.name, line.name, line.frames, folder))
        if bpy.app.background:
            runtime.get().wait(name, self.timeout)


class SOLILOQUY_OT_place_preview(Explained, bpy.types.Operator):
    """Put the frames of a preview into the sequencer and an Image Editor"""

    bl_idname = "soliloquy.place_preview"
    bl_label = "Place Preview"
    bl_options = {"INTERNAL", "UNDO"}

    folder: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        made = _ended[self.folder]
        scene = next((scene for scene in bpy.data.scenes if scene.session_uid == made.scene), None)
        if scene is None:
            raise RigError(
                "preview.gone", "The scene is no longer in the file; the frames are on the disk.", self.folder
            )
        note = sequence.place_frames(scene, made.character, made.line, made.files, made.frames.first)
        image = pictures.sequence_image(made.character, made.files[0])
        pictures.show_beside(context, image, made.frames.first, len(made.files))
        said = f"{len(made.files)} frames of {made.line} lie in the sequencer; they are in {made.folder.path}."
        for sentence in filter(None, (note, said)):
            self.report({"INFO"}, sentence)
            runtime.get().tell("INFO", sentence)


def _lacking(settings: SoliloquyPreview) -> str:
    """What is still to be chosen, as a sentence, or ""."""
    if settings.generator in NEEDS_FOLDER and not settings.folder:
        return "Choose the folder of the trained character or of the weights first."
    if settings.generator in NEEDS_PORTRAIT and not settings.portrait:
        return "Choose a portrait first."
    if settings.generator in NEEDS_PORTRAIT and not settings.consent:
        return "A portrait needs the agreement of whoever it shows; tick that first."
    return ""


def _check_face(settings: SoliloquyPreview) -> None:
    """Raise RequestError where nothing will tell where the portrait's face is; other machines see for themselves."""
    folder = Path(_folder(settings.folder))
    if settings.generator not in NEEDS_PORTRAIT or points_of(settings) or not folder.is_dir():
        return
    places = (folder, folder / "liveportrait", folder.parent / "liveportrait")
    if not any((place / LANDMARK_NETWORK).is_file() for place in places):
        raise RequestError(
            "preview.points",
            f"There is no {LANDMARK_NETWORK} with these weights, so the face is not found by itself; "
            "press Place Points and click it first.",
        )


def _request(scene: bpy.types.Scene, line: ShownLine, shot: bytes, portrait: bytes) -> PreviewRequest:
    settings = preview_of(scene)
    heard = line.sound if line.sound is not None and line.sound.is_file() else None
    return PreviewRequest(
        generator=settings.generator,
        quality=settings.quality,
        performance=line.performance,
        shot=shot,
        portrait=portrait,
        consent=settings.consent,
        points=in_pixels(points_of(settings), _size(settings.portrait)) if portrait else (),
        folder=_folder(settings.folder) if settings.generator in NEEDS_FOLDER else "",
        sound=_bytes(str(heard), "sound") if heard is not None else b"",
        sound_name=heard.name if heard is not None else "",
    )


def _note(context: bpy.types.Context) -> str:
    """What must be confirmed before the chosen generator draws with the chosen folder first; "" when it was.

    Raises BackendError where the backend, which has the note, is not there yet.
    """
    settings = preview_of(context.scene)
    if settings.generator not in NEEDS_FOLDER or is_confirmed(context, _folder(settings.folder)):
        return ""
    current = runtime.get()
    if not current.generators:
        current.start_backend()
        if bpy.app.background:
            current.wait_ready(START_SECONDS)
    facts = {facts.name: facts for facts in current.generators}
    if not facts:
        raise BackendError("preview.backend", "The backend is being started; press Preview again in a moment.")
    if settings.generator not in facts:
        raise BackendError("preview.generator", f"This backend does not draw with {settings.generator}; update it.")
    return facts[settings.generator].note


def _parent() -> Path:
    """Beside the .blend, or in a temporary folder where that was never saved."""
    return absolute("//") if bpy.data.filepath else Path(tempfile.gettempdir())


def _folder(text: str) -> str:
    return str(absolute(text)) if text.strip() else ""


def _size(portrait: str) -> tuple[int, int]:
    """Width and height of a picture file as it is now, (0, 0) where Blender cannot read it."""
    image = pictures.load(absolute(portrait))
    try:
        return image.size[0], image.size[1]
    finally:
        bpy.data.images.remove(image)


def _bytes(text: str, what: str) -> bytes:
    try:
        return absolute(text).read_bytes()
    except OSError as error:
        raise RequestError("preview.file", f"The {what} cannot be read; choose it again.", text) from error

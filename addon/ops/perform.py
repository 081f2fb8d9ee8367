"""From the panel's settings to a baked line: submit, apply when it is done, cancel."""
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself
# pyright: reportInvalidTypeForm=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import FloatProperty, StringProperty

from .. import runtime
from ..core.emotion import EmotionTrack
from ..core.engines import engine_sentence
from ..core.errors import RigError, SoundError
from ..core.heard import heard_sentence
from ..core.performance import Performance
from ..core.request import PerformRequest
from ..paths import RELATIVE, absolute
from ..preferences import link_problem
from ..properties import FROM_VOICE, SoliloquySettings, chosen_layers, settings_of
from ..rig import take
from ..rig.discover import find_character, require_editable
from ..rig.keyer import scene_timeline
from .base import NO_CHARACTER, Explained, chosen_character, sentences_of

MAX_SOUND_BYTES: Final[int] = 1 << 30
"""No line of dialogue is a gigabyte; a wrong file is refused before it is read."""


class SOLILOQUY_OT_perform(Explained, bpy.types.Operator):
    """Turn the sound and the emotion into a performance and key it on the character"""

    bl_idname = "soliloquy.perform"
    bl_label = "Generate"

    timeout: FloatProperty(default=600.0, min=0.0, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        if problem := link_problem():
            return problem
        if runtime.get().busy:
            return "A line is being generated; cancel it or wait."
        if not chosen_character(context):
            return NO_CHARACTER
        return "" if settings_of(context.scene).sound else "Choose a sound file first."

    def run(self, context: bpy.types.Context) -> None:
        """Submit and return; without a window, where no timer runs, wait for the end."""
        settings = settings_of(context.scene)
        selected = chosen_character(context)
        require_editable(find_character(selected))  # refused now rather than after the work
        path = absolute(settings.sound)
        request = PerformRequest(
            sound=_read_sound(path),
            sound_name=path.name,
            emotion=_chosen_emotion(settings),
            text=settings.text.strip() or None,
            engine=settings.engine,
            seed=settings.seed,
            fps=scene_timeline(context.scene, settings.start_frame).request_rate,
        )
        job = runtime.Job(
            scene=context.scene.session_uid,
            character=selected.session_uid if selected else 0,
            sound=path,
            line=path.stem,
            start=settings.start_frame,
            tolerance=settings.tolerance,
            layers=chosen_layers(settings),
            push=settings.push,
            raise_ranges=settings.raise_ranges,
        )
        current = runtime.get()
        name = current.submit(request, job)
        if bpy.app.background:
            current.wait(name, self.timeout)


class SOLILOQUY_OT_apply(Explained, bpy.types.Operator):
    """Key a finished performance on its character"""

    bl_idname = "soliloquy.apply"
    bl_label = "Bake Performance"
    bl_options = {"INTERNAL", "UNDO"}

    job: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        result = runtime.get().results.get(self.job)
        if result is None:
            raise RigError("job.unknown", "There is no such result; generate the line again.", self.job)
        job, performance = result
        scene = _by_uid(bpy.data.scenes, job.scene)
        selected = _by_uid(bpy.data.objects, job.character)
        if scene is None or selected is None:
            raise RigError("rig.gone", "The character is no longer in the file, so nothing was baked.")
        wanted = take.Take(job.line, job.sound, job.start, job.tolerance, job.layers, job.push, job.raise_ranges)
        report = take.apply(scene, selected, performance, wanted)
        _tell(self, sentences_of(report), performance.meta)


class SOLILOQUY_OT_bake_file(Explained, bpy.types.Operator):
    """Key a performance that was saved as an .npz file on the character"""

    bl_idname = "soliloquy.bake_file"
    bl_label = "Bake Performance File"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", *RELATIVE})
    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if chosen_character(context) else NO_CHARACTER

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`. The sound in the panel, if there is one, goes with it."""
        settings = settings_of(context.scene)
        path = absolute(self.filepath)
        sound = absolute(settings.sound) if settings.sound else None
        wanted = take.Take(
            path.stem, sound, settings.start_frame, settings.tolerance, chosen_layers(settings), settings.push,
            settings.raise_ranges,
        )  # fmt: skip
        performance = Performance.load(path)
        report = take.apply(context.scene, chosen_character(context), performance, wanted)
        _tell(self, sentences_of(report), performance.meta)


class SOLILOQUY_OT_cancel(Explained, bpy.types.Operator):
    """Stop generating; nothing is baked"""

    bl_idname = "soliloquy.cancel"
    bl_label = "Cancel"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if runtime.get().busy else "Nothing is being generated."

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        runtime.get().cancel()


def _chosen_emotion(settings: SoliloquySettings) -> EmotionTrack | None:
    """None leaves it to the voice."""
    if settings.emotion == FROM_VOICE:
        return None
    return EmotionTrack.constant(settings.emotion, settings.intensity)


def _read_sound(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_SOUND_BYTES:
            raise SoundError("sound.size", "The sound file is far too large for one line; choose another.", path.name)
        return path.read_bytes()
    except OSError as error:
        raise SoundError("sound.missing", "The sound file cannot be read; choose it again.", str(path)) from error


def _by_uid(collection: bpy.types.bpy_prop_collection, uid: int) -> bpy.types.ID | None:
    return next((item for item in collection if item.session_uid == uid), None)


def _tell(operator: bpy.types.Operator, sentences: Sequence[str], meta: Mapping[str, Any]) -> None:
    """First sentence is what was done; the others are what the artist should know. It is told last, so shown first.

    Who performed, and what the voice told of the emotion where it was asked, stand last.
    """
    for note in filter(None, (engine_sentence(meta), heard_sentence(meta))):
        operator.report({"INFO"}, note)
        runtime.get().tell("INFO", note)
    for position, sentence in reversed(list(enumerate(sentences))):
        level = "WARNING" if position else "INFO"
        operator.report({level}, sentence)
        runtime.get().tell(level, sentence)

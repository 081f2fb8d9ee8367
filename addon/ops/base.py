"""What all operators share: a disabled one says why, and an error of ours becomes a report with its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ..core.errors import SoliloquyError
from ..rig.keyer import BakeReport

NO_CHARACTER: Final[str] = "Choose a character first, or add one with the plus button."


class Explained:
    """Mixin: subclasses say in `disabled_reason` why they cannot run, and do their work in `run`."""

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """Why the operator cannot run now, as a sentence, or an empty string. Cheap: it is asked at every redraw."""
        return ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Blender's question; the reason becomes the tooltip of the grey button."""
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(reason)  # pyright: ignore[reportAttributeAccessIssue]
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run, and report what goes wrong."""
        try:
            self.run(context)
        except SoliloquyError as error:
            self.report({"ERROR"}, str(error))  # pyright: ignore[reportAttributeAccessIssue]
            return {"CANCELLED"}
        return {"FINISHED"}

    def run(self, context: bpy.types.Context) -> None:
        """The work. Raises SoliloquyError."""
        raise NotImplementedError


def chosen_character(context: bpy.types.Context) -> bpy.types.Object | None:
    """The object in the panel's character field, else the active one."""
    return context.scene.soliloquy.character or context.active_object


def sentences_of(report: BakeReport) -> Sequence[str]:
    """A bake in sentences for the artist, the most important first."""
    # without slots there is one for each mesh and the rig, and their names would fill the panel
    actions = report.actions[0] if len(report.actions) == 1 else f"{len(report.actions)} Actions"
    done = f"Baked {report.keys} keys on {report.curves} curves, frames {report.frames.first} to {report.frames.last}"
    thinned = f"Kept {report.keys} of {report.dense} keys; no curve is off by more than {report.error:.4f}."
    return (f"{done}, in {actions}.", *((thinned,) if report.keys < report.dense else ()), *report.notes)

"""Start and stop the backend."""
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

import bpy

from .. import runtime
from ..preferences import link_problem
from .base import Explained


class SOLILOQUY_OT_start_backend(Explained, bpy.types.Operator):
    """Connect to the backend that runs on this machine, or start it"""

    bl_idname = "soliloquy.start_backend"
    bl_label = "Start Backend"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        if problem := link_problem():
            return problem
        return "The backend is running." if runtime.get().backend_state not in ("stopped", "lost") else ""

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        runtime.get().start_backend()


class SOLILOQUY_OT_stop_backend(Explained, bpy.types.Operator):
    """Disconnect from the backend, and end it if Blender started it"""

    bl_idname = "soliloquy.stop_backend"
    bl_label = "Stop Backend"

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "The backend is not running." if runtime.get().backend_state == "stopped" else ""

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        runtime.get().stop_backend()

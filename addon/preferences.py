"""What belongs to the machine and not to a file: where the backend is and how much is logged."""
# pyright: reportInvalidTypeForm=false

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy
from bpy.props import EnumProperty, StringProperty

from . import identity
from .paths import absolute

if TYPE_CHECKING:
    from .link.supervisor import BackendPlace

_session_confirmed: set[str] = set()
_LEVELS: Final = ("WARNING", "INFO", "DEBUG")


def _apply_log_level(self: SoliloquyPreferences, _context: bpy.types.Context) -> None:
    logging.getLogger(__package__).setLevel(self.log_level)


class SoliloquyPreferences(bpy.types.AddonPreferences):
    """Preferences of the add-on. Its paths are of the machine: // would mean another place in every file."""

    bl_idname = identity.root_package()

    backend_python: StringProperty(
        name="Backend Python",
        description="The Python that has Soliloquy's backend installed, for example .venv/bin/python",
        subtype="FILE_PATH",
    )
    working_dir: StringProperty(
        name="Working Folder",
        description="Folder the backend is started in; needed only when it runs from its source folder",
        subtype="DIR_PATH",
    )
    runtime_dir: StringProperty(
        name="Connection Folder",
        description="Where the backend leaves its connection file; empty for the usual place",
        subtype="DIR_PATH",
    )
    confirmed: StringProperty(options={"HIDDEN"})
    log_level: EnumProperty(
        name="Log",
        description="How much is written to the console",
        items=[(level, level.title(), "") for level in _LEVELS],
        default="WARNING",
        update=_apply_log_level,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Four plain fields, and the reason when the backend cannot be talked to."""
        layout = self.layout
        layout.use_property_split = True
        if problem := link_problem():
            layout.label(text=problem, icon="ERROR")
        for name in ("backend_python", "working_dir", "runtime_dir", "log_level"):
            layout.prop(self, name)


def backend_place(context: bpy.types.Context) -> BackendPlace:
    """The backend's place by the preferences; all None where the add-on runs without being installed."""
    from .link.supervisor import BackendPlace

    addon = context.preferences.addons.get(identity.root_package())
    if addon is None or addon.preferences is None:
        return BackendPlace()
    chosen = addon.preferences
    return BackendPlace(_path(chosen.backend_python), _path(chosen.working_dir), _path(chosen.runtime_dir))


def is_confirmed(context: bpy.types.Context, folder: str) -> bool:
    """Whether the artist has confirmed the note on the weights in a folder."""
    return folder in _confirmed(context)


def confirm(context: bpy.types.Context, folder: str) -> None:
    """Remember that the note on the weights in a folder was confirmed: for good, where the add-on is installed."""
    _session_confirmed.add(folder)
    addon = context.preferences.addons.get(identity.root_package())
    if addon is not None and addon.preferences is not None:
        addon.preferences.confirmed = json.dumps(sorted(_confirmed(context)))
        context.preferences.is_dirty = True  # saved with the others, when Blender does so


def _confirmed(context: bpy.types.Context) -> set[str]:
    addon = context.preferences.addons.get(identity.root_package())
    kept = addon.preferences.confirmed if addon is not None and addon.preferences is not None else ""
    return _session_confirmed | set(json.loads(kept or "[]"))


def link_problem() -> str:
    """Why the backend cannot be talked to at all, or an empty string."""
    try:
        import zmq  # noqa: F401
    except ImportError:
        return (
            "The pyzmq wheel of this extension is missing, so it cannot talk to the backend; "
            "install the extension's zip for your system again."
        )
    return ""


def _path(text: str) -> Path | None:
    return absolute(text) if text.strip() else None


CLASSES: Final = (SoliloquyPreferences,)

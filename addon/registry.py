"""Everything that is added to Blender, in order; leaving takes it out in the reverse order, and so does a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import bpy

from . import headless, mapping, ops, preferences, properties, runtime, ui
from .ops import training
from .preview import settings as preview_settings


class Step(NamedTuple):
    """One thing to add, and how to take it out again."""

    add: Callable[[], object]
    remove: Callable[[], object]


def _class_step(cls: type) -> Step:
    return Step(lambda: bpy.utils.register_class(cls), lambda: bpy.utils.unregister_class(cls))


STEPS: Final[tuple[Step, ...]] = (
    *map(_class_step, properties.CLASSES),
    Step(properties.add_pointers, properties.remove_pointers),
    *map(_class_step, mapping.CLASSES),
    Step(mapping.add_pointers, mapping.remove_pointers),
    *map(_class_step, preview_settings.CLASSES),
    Step(preview_settings.add_pointers, preview_settings.remove_pointers),
    *map(_class_step, (*preferences.CLASSES, *ops.CLASSES, *ui.CLASSES)),
    Step(runtime.add_handlers, runtime.remove_handlers),
    Step(training.current_chore, training.end_watching),
    Step(headless.add_command, headless.remove_command),
)
_added: list[Step] = []


def register() -> None:
    """Add everything. When one thing fails, what was added before is taken out and the error goes on."""
    if _added:
        raise RuntimeError("Soliloquy is registered already")
    try:
        for step in STEPS:
            step.add()
            _added.append(step)
    except Exception:
        unregister()
        raise


def unregister() -> None:
    """Take out what `register` added, last first."""
    while _added:
        _added.pop().remove()

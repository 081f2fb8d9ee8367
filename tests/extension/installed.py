"""Runs inside Blender: install a zip, use it as an artist would, remove it, print what was seen as one line of JSON.

usage: installed.py ARCHIVE PERFORMANCE [BACKEND_PYTHON BACKEND_FOLDER]
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import sys
import wave
from pathlib import Path
from typing import Any

MODULE = "bl_ext.user_default.soliloquy"
USER = Path(os.environ["BLENDER_USER_RESOURCES"])


class OnlyBundled(importlib.abc.MetaPathFinder):
    """Finds pyzmq in Blender's extension folder alone, wherever else this Python may have one."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname != "zmq":
            return None
        bundled = [entry for entry in sys.path if Path(entry).is_relative_to(USER)]
        found = importlib.machinery.PathFinder.find_spec(fullname, bundled)
        if found is None:
            raise ModuleNotFoundError("no bundled pyzmq", name="zmq")
        return found


sys.meta_path.insert(0, OnlyBundled())
import bpy  # noqa: E402


def main(archive: Path, performance: Path, backend: tuple[str, str] | None) -> dict[str, Any]:
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    import zmq

    facts: dict[str, Any] = {
        "enabled": MODULE in bpy.context.preferences.addons,
        "zmq": zmq.__file__,
        "zmq_version": zmq.__version__,
        "jaw": bake(performance),
    }
    if backend is not None:
        facts |= perform(*backend)
    bpy.ops.preferences.addon_disable(module=MODULE)
    bpy.ops.preferences.addon_enable(module=MODULE)
    repository = next(i for i, r in enumerate(bpy.context.preferences.extensions.repos) if r.module == "user_default")
    bpy.ops.extensions.package_uninstall(repo_index=repository, pkg_id="soliloquy")
    facts["left_in_types"] = [n for n in dir(bpy.types) if "soliloquy" in n.lower()] + [
        f"{t.__name__}.soliloquy" for t in (bpy.types.Scene, bpy.types.WindowManager) if hasattr(t, "soliloquy")
    ]
    facts["left_in_preferences"] = [a.module for a in bpy.context.preferences.addons if a.module == MODULE]
    facts["left_on_disk"] = [
        str(p) for p in USER.rglob("*") if p.is_file() and ("soliloquy" in str(p) or "zmq" in str(p))
    ]
    return facts


def bake(performance: Path) -> list[float]:
    """Bake a saved performance on the built-in character; the evaluated jaw at each frame."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    bpy.ops.soliloquy.add_character()
    bpy.ops.soliloquy.bake_file(filepath=str(performance))
    head = next(o for o in scene.objects if o.name == "Head")
    values = []
    for frame in range(1, 49):
        scene.frame_set(frame)
        values.append(head.data.shape_keys.key_blocks["jawOpen"].value)
    return values


def perform(python: str, folder: str) -> dict[str, Any]:
    """Start the backend by its button, perform a short buzz, stop it."""
    sound = USER / "buzz.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((b"\x00\x20" * 60 + b"\x00\xe0" * 60) * 200)
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.backend_python, preferences.working_dir = python, folder
    bpy.context.scene.soliloquy.sound = str(sound)
    bpy.ops.soliloquy.start_backend()
    bpy.ops.soliloquy.perform(timeout=120.0)
    armature = bpy.context.scene.soliloquy.character
    head = next(o for o in armature.children if o.name == "Head")
    action = head.data.shape_keys.animation_data.action
    # Where an Action has slots its own `fcurves` are those of the first one alone.
    bags = action.layers[0].strips[0].channelbags if getattr(action, "layers", None) else [action]
    curves = sum(len(bag.fcurves) for bag in bags)
    bpy.ops.soliloquy.stop_backend()
    return {"performed_curves": curves, "backend_after_stop": bpy.context.window_manager.soliloquy.backend}


if __name__ == "__main__":
    script, archive, performance, *rest = sys.argv
    result = main(Path(archive), Path(performance), (rest[0], rest[1]) if rest else None)
    sys.stdout.write(f"\n{json.dumps(result)}\n")

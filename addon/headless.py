"""The add-on from the command line, without a window: bake a line, or read the moving meshes out of a file.

    python -m addon.headless bake --sound line.wav --emotion happy --blend line.blend     (Python with the bpy wheel)
    blender -b --command soliloquy bake --sound line.wav --emotion happy --blend line.blend
    python -m addon.headless dump --from line.blend --out meshes.npz

It presses the same buttons as the artist: settings on the scene, then the operators. A backend must be running.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import bpy

from .character.roster import CHARACTERS, DEFAULT_CHARACTER
from .character.spec import CharacterSpec
from .character.studio import add_studio, set_render
from .core.emotion import EMOTIONS
from .core.errors import JobCancelled, RigError, SoliloquyError
from .core.performance import Performance
from .preview.sweep import Line
from .preview.training_set import TEST_FRAMES, TRAINING_FRAMES, SetSettings, lines_of_takes, render, told_in
from .properties import FROM_VOICE, settings_of
from .rig.discover import find_character
from .rig.dump import read_meshes, save_meshes

COMMAND: Final[str] = "soliloquy"
BUILT_IN: Final[str] = "built-in"
"""Where the character comes from: this alone, or with a colon and a name of `CHARACTERS`."""
TRAINING_SAMPLES: Final[int] = 32
_log = logging.getLogger(__name__)
_command: list[Any] = []


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit status: 0 done or stopped, 1 refused or failed with a sentence in the log."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except JobCancelled:
        return 0
    except SoliloquyError as error:
        _log.error("%s", error)
        return 1
    except RuntimeError as error:  # what bpy.ops raises for an operator that reported an error
        _log.error("%s", str(error).strip().removeprefix("Error: "))
        return 1
    return 0


def add_command() -> None:
    """Offer `blender --command soliloquy`."""
    _command.append(bpy.utils.register_cli_command(COMMAND, main))


def remove_command() -> None:
    """Take the command out again."""
    bpy.utils.unregister_cli_command(_command.pop())


def _bake(options: argparse.Namespace) -> None:
    if options.runtime_dir:
        from .link.connection import RUNTIME_VARIABLE

        os.environ[RUNTIME_VARIABLE] = str(options.runtime_dir)
    _open_character(options.character_from, options.object)
    scene = bpy.context.scene
    if options.fps:
        scene.render.fps, scene.render.fps_base = round(options.fps), round(options.fps) / options.fps
    settings = settings_of(scene)
    settings.sound = str(options.sound.resolve())
    settings.text, settings.emotion, settings.intensity = options.text, options.emotion, options.intensity
    settings.seed, settings.start_frame, settings.tolerance = options.seed, options.start_frame, options.tolerance
    if options.performance:
        bpy.ops.soliloquy.bake_file(filepath=str(options.performance.resolve()))
    else:
        bpy.ops.soliloquy.perform(timeout=options.timeout)
    options.blend.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(options.blend.resolve()), check_existing=False)
    if options.dump:
        _write_meshes(options.dump)


def _character(options: argparse.Namespace) -> None:
    """A file with one built-in character, lit and framed for a portrait."""
    _open_character(f"{BUILT_IN}:{options.name}", "")
    _add_studio(CHARACTERS[options.name])
    options.blend.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(options.blend.resolve()), check_existing=False, compress=True)


def _render(options: argparse.Namespace) -> None:
    """A picture of one frame, in the file's own light or, where it has no camera, in the portrait studio."""
    _open(options.source)
    scene = bpy.context.scene
    if scene.camera is None:
        _add_studio(CHARACTERS[options.name])
    scene.frame_set(options.frame)
    set_render(scene, options.engine, options.size, options.samples)
    scene.render.filepath = str(options.out.resolve())
    bpy.ops.render.render(write_still=True)


def _training_set(options: argparse.Namespace) -> None:
    """A training set of the character in a file, which itself is left as it is."""
    _open(options.source)
    scene = bpy.context.scene
    # A child of the artist's Blender runs without the add-on registered, and is told the object.
    selected = _object(options.object) if options.object else settings_of(scene).character or bpy.context.active_object
    if options.engine:
        set_render(scene, options.engine, options.size, options.samples or TRAINING_SAMPLES)
    lines = [
        *(lines_of_takes(find_character(selected).name) if options.takes else ()),
        *(Line(path.stem, Performance.load(path), TRAINING_FRAMES) for path in options.line),
        *(Line(path.stem, Performance.load(path), TEST_FRAMES, True) for path in options.test),
    ]
    settings = SetSettings(options.size, options.samples, options.mixed, options.seed, tuple(lines))
    render(bpy.context, selected, options.out, settings, told_in(options.out))


def _add_studio(spec: CharacterSpec) -> None:
    add_studio(bpy.context, "Studio", (0.0, -spec.eye.centre[2], spec.eye_height))


def _dump(options: argparse.Namespace) -> None:
    _open(options.source)
    if options.object:
        settings_of(bpy.context.scene).character = _object(options.object)
    _write_meshes(options.out)


def _write_meshes(path: Path) -> None:
    scene = bpy.context.scene
    character = find_character(settings_of(scene).character or bpy.context.active_object)
    frames = range(scene.frame_start, scene.frame_end + 1)
    meshes = read_meshes(bpy.context, character.objects, frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_meshes(path, meshes, frames, scene.render.fps / scene.render.fps_base)


def _open_character(source: str, name: str) -> None:
    """Make a built-in character in an empty file, or open a file and choose the object called `name` in it."""
    kind, _, person = source.partition(":")
    if kind == BUILT_IN:
        if (person or DEFAULT_CHARACTER) not in CHARACTERS:
            known = ", ".join(CHARACTERS)
            raise RigError(
                "headless.character", f"There is no built-in character of that name; there are {known}.", person
            )
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.context.scene.frame_end = bpy.context.scene.frame_start  # the line alone decides how long the scene is
        bpy.ops.soliloquy.add_character(character=person or DEFAULT_CHARACTER)
        return
    _open(Path(source))
    if name:
        settings_of(bpy.context.scene).character = _object(name)


def _open(path: Path) -> None:
    if not path.is_file():
        raise RigError("headless.file", "There is no such .blend file.", str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path.resolve()), load_ui=False)


def _object(name: str) -> bpy.types.Object:
    found = bpy.context.scene.objects.get(name)
    if found is None:
        raise RigError("headless.object", "The scene has no object of that name.", name)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Soliloquy without a window.")
    commands = parser.add_subparsers(required=True)
    bake = commands.add_parser("bake", help="perform a line on a character and save the .blend")
    bake.set_defaults(run=_bake)
    bake.add_argument("--sound", type=Path, required=True, help="the recorded line")
    bake.add_argument("--blend", type=Path, required=True, help="the .blend file to write")
    bake.add_argument("--emotion", choices=(FROM_VOICE, *EMOTIONS), default="neutral")
    bake.add_argument("--intensity", type=float, default=0.7, help="0 to 1")
    bake.add_argument("--text", default="", help="the words of the line, optional")
    bake.add_argument("--seed", type=int, default=0)
    bake.add_argument("--fps", type=float, default=0.0, help="frame rate of the scene; default: as it is")
    bake.add_argument("--start-frame", type=int, default=1)
    bake.add_argument("--tolerance", type=float, default=0.0, help="thin out keys; 0 keeps every frame")
    bake.add_argument("--character-from", default=BUILT_IN, help=f"a .blend file, {BUILT_IN}, or {BUILT_IN}:NAME")
    bake.add_argument("--object", default="", help="an object of the character in that file; default: the active one")
    bake.add_argument("--performance", type=Path, help="bake this saved performance instead of asking the backend")
    bake.add_argument("--runtime-dir", type=Path, help="where the backend left its connection file")
    bake.add_argument("--timeout", type=float, default=600.0, help="seconds to wait for the backend")
    bake.add_argument("--dump", type=Path, help="also write the moving meshes to this .npz")
    dump = commands.add_parser("dump", help="write the moving meshes of a character to an .npz")
    dump.set_defaults(run=_dump)
    dump.add_argument("--from", dest="source", type=Path, required=True, help="a .blend file")
    dump.add_argument("--object", default="", help="an object of the character; default: as saved in the file")
    dump.add_argument("--out", type=Path, required=True)
    character = commands.add_parser("character", help="save a built-in character in a portrait studio")
    character.set_defaults(run=_character)
    character.add_argument("--name", choices=tuple(CHARACTERS), default=DEFAULT_CHARACTER)
    character.add_argument("--blend", type=Path, required=True, help="the .blend file to write")
    render = commands.add_parser("render", help="render one frame of a .blend")
    render.set_defaults(run=_render)
    render.add_argument("--from", dest="source", type=Path, required=True, help="a .blend file")
    render.add_argument("--name", choices=tuple(CHARACTERS), default=DEFAULT_CHARACTER, help="who is in it")
    render.add_argument("--frame", type=int, default=1)
    render.add_argument("--engine", choices=("CYCLES", "EEVEE"), default="CYCLES")
    render.add_argument("--size", type=int, default=512, help="pixels of a side")
    render.add_argument("--samples", type=int, default=32)
    render.add_argument("--out", type=Path, required=True, help="the .png file to write")
    learn = commands.add_parser("training-set", help="render a training set of a character")
    learn.set_defaults(run=_training_set)
    learn.add_argument("--from", dest="source", type=Path, required=True, help="a .blend file, lit as it shall look")
    learn.add_argument("--object", default="", help="an object of the character; default: as saved in the file")
    learn.add_argument("--out", type=Path, required=True, help="the folder of the set")
    learn.add_argument("--size", type=int, default=256, help="pixels of a side")
    learn.add_argument("--engine", choices=("CYCLES", "EEVEE"), help="default: the scene's own")
    learn.add_argument("--samples", type=int, help="for each pixel; default: as many as the scene has")
    learn.add_argument("--mixed", type=int, default=160, help="poses at random after the designed ones")
    learn.add_argument("--takes", action="store_true", help="learn from the takes in the file too")
    learn.add_argument("--seed", type=int, default=0)
    learn.add_argument("--line", type=Path, action="append", default=[], help="a performance to learn from, .npz")
    learn.add_argument("--test", type=Path, action="append", default=[], help="one that is held out")
    return parser


def _main() -> int:
    """`python -m addon.headless`: register the add-on for the time of one command."""
    from . import registry

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    registry.register()
    try:
        return main(sys.argv[1:])
    finally:
        registry.unregister()


if __name__ == "__main__":
    sys.exit(_main())

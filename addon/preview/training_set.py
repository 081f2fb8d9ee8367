"""Renders a training set of a character: the programme of `sweep`, frame by frame, with the shot that tells its state.

It bakes the programme over whatever plays on the character, so it is for a copy of the file; see `ops.training`. A set
that was cut off goes on where it ended: frames that are there are not rendered again. See `set_folder` for its files.
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix

from ..core.exr import read_channels
from ..core.performance import Performance
from ..core.shot import Shot
from ..core.timeline import Timeline
from ..rig import ownership
from ..rig.discover import find_character
from ..rig.keyer import bake
from ..rig.parts import Character
from .chore import tell
from .passes import ask_for_passes, passes_of
from .set_folder import describe, frame_path, held, passes_path
from .shoot import Reading, read, shot_of
from .sweep import Line, Programme, programme
from .view import View, Window

VERSION: Final[int] = 1
FPS: Final[float] = 24.0
PACE_FRAMES: Final[int] = 12
"""The time that is left is told by the pace of so many frames."""
FIRST: Final[int] = 1
"""Scene frame of the first frame of a set."""
TRAINING_FRAMES: Final[int] = 60
TEST_FRAMES: Final[int] = 72
"""Frames of a line in a set: the most different ones to learn from, the first three seconds to test."""
Report = Callable[[int, int], None]
"""Told the frames that are done and all of them; may raise JobCancelled."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SetSettings:
    """What to render: square pictures of `size` pixels; `mixed` poses of the sweep at random, by `seed`; lines.

    `samples` for each pixel, None for as many as the scene has; the engine is the scene's.
    """

    size: int = 256
    samples: int | None = None
    mixed: int = 160
    seed: int = 0
    lines: tuple[Line, ...] = ()


def render(
    context: bpy.types.Context,
    selected: bpy.types.Object | None,
    folder: Path,
    settings: SetSettings,
    report: Report | None = None,
) -> Shot:
    """Render the training set of the character of `selected` into `folder`. Returns its shot.

    Changes the scene for good. Raises RigError when the character cannot be driven or seen, another process renders
    into the folder, or it holds anything but this set.
    """
    scene, character = context.scene, find_character(selected)
    plan = programme(FPS, settings.mixed, settings.lines, settings.seed)
    _set_up(scene, settings)
    bake(character, plan.performance, Timeline(FPS, 1.0, FIRST), "training set")
    reading = _steady(read(context, character, range(FIRST, FIRST + len(plan.splits))))
    window = reading.window()
    shot = shot_of(reading, window, settings.size, settings.size, FPS, {"character": character.name})
    with held(folder):
        describe(folder, _document(scene, settings, plan, shot), shot)
        _render_frames(scene, character, reading.views, window, folder, report or (lambda _done, _all: None))
    return shot


def lines_of_takes(character: str) -> tuple[Line, ...]:
    """The lines of the takes of a character; where there are several, the last one by name is held out."""
    kept = sorted(ownership.performances_of(character).items())
    held_out = kept[-1][0] if len(kept) > 1 else ""
    return tuple(
        Line(
            name,
            Performance.load(io.BytesIO(data)),
            TEST_FRAMES if name == held_out else TRAINING_FRAMES,
            name == held_out,
        )
        for name, data in kept
    )


def told_in(folder: Path) -> Report:
    """A report that tells in a folder how far the set is, and stops where that asks for it; see `chore`."""
    folder.mkdir(parents=True, exist_ok=True)
    times: list[float] = []

    def report(done: int, total: int) -> None:
        times.append(time.monotonic())
        recent = times[-PACE_FRAMES:]
        pace = (recent[-1] - recent[0]) / (len(recent) - 1) if len(recent) > 1 else -1.0
        tell(folder, done=done, total=total, seconds_left=pace * (total - done) if pace >= 0 else -1.0)
        _log.info("%d of %d", done, total)

    return report


def _steady(reading: Reading) -> Reading:
    """The same with the lens of the first frame throughout: a set has one angle of view."""
    views = tuple(View(view.eye, reading.views[0].lens) for view in reading.views)
    return Reading(reading.subject, reading.vertices, views, reading.face, reading.aspect)


def _set_up(scene: bpy.types.Scene, settings: SetSettings) -> None:
    """Pictures as a set wants them; engine, light, world and colours stay the scene's own."""
    render = scene.render
    render.fps, render.fps_base = round(FPS), round(FPS) / FPS
    render.resolution_x = render.resolution_y = settings.size
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.use_border = render.use_motion_blur = render.use_compositing = render.use_sequencer = False
    render.use_multiview = False
    render.use_file_extension = True
    render.film_transparent = render.use_persistent_data = True
    if settings.samples is not None and render.engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising = settings.samples, True
    elif settings.samples is not None:
        scene.eevee.taa_render_samples = settings.samples


def _render_frames(
    scene: bpy.types.Scene,
    character: Character,
    views: Sequence[View],
    window: Window,
    folder: Path,
    report: Report,
) -> None:
    """Render each frame that is not there yet, with its passes, before a camera that sees `window` of its view."""
    _alone(scene, character)
    labels = ask_for_passes(scene, character)
    camera = _square_camera(scene, views[0], window)
    for number, view in enumerate(views):
        report(number, len(views))
        if not frame_path(folder, number).is_file():
            scene.frame_set(FIRST + number)
            camera.matrix_world = Matrix(np.linalg.inv(view.eye).tolist())
            channels = _render_channels(scene, folder / "frames" / f"{number:05d}.part.exr")
            _keep_passes(passes_of(channels, labels, view, window), passes_path(folder, number))
            _keep_picture(scene, frame_path(folder, number))
    report(len(views), len(views))


def _document(scene: bpy.types.Scene, settings: SetSettings, plan: Programme, shot: Shot) -> dict[str, Any]:
    """What `set.json` holds."""
    return {
        "version": VERSION,
        "engine": scene.render.engine,
        "size": settings.size,
        "fps": FPS,
        "character": shot.meta["character"],
        "programme": _hash(plan),
        "splits": list(plan.splits),
        "lines": list(plan.lines),
    }


def _hash(plan: Programme) -> str:
    digest = hashlib.sha256()
    for array in plan.performance.arrays().values():
        digest.update(array.tobytes())
    return digest.hexdigest()


def _alone(scene: bpy.types.Scene, character: Character) -> None:
    """Hide from the camera whatever is not of the character; its light, shadows and reflections stay."""
    family = {thing.name_full for thing in character.objects}
    for thing in scene.objects:
        if thing.name_full not in family and thing.type not in ("LIGHT", "CAMERA", "EMPTY"):
            thing.visible_camera = False


def _square_camera(scene: bpy.types.Scene, view: View, window: Window) -> bpy.types.Object:
    """A camera that sees just the window of the view, in a square picture; it is the scene's own from now on.

    A window with middle m and half size h of a picture with the projection P is seen with P_xx / h_x in the place of
    P_xx, and P_xz + m_x more to the right, in half widths of what is seen.
    """
    data = bpy.data.cameras.new("Training Set")
    data.sensor_fit = "HORIZONTAL"
    reach = float(view.lens[0, 0]) / window.half[0]
    if view.is_parallel:
        data.type, data.ortho_scale = "ORTHO", 2.0 / reach
        shifted = -view.lens[:2, 3]
    else:
        data.lens = reach * data.sensor_width / 2.0
        shifted = view.lens[:2, 2]
    data.shift_x, data.shift_y = (shifted + window.middle) / window.half / 2.0
    if scene.camera is not None:
        data.clip_start, data.clip_end = scene.camera.data.clip_start, scene.camera.data.clip_end
    else:
        data.clip_start = 0.01
    camera = bpy.data.objects.new("Training Set", data)
    scene.collection.objects.link(camera)
    for marker in scene.timeline_markers:
        marker.camera = None
    scene.camera = camera
    return camera


def _render_channels(scene: bpy.types.Scene, path: Path) -> dict[str, np.ndarray]:
    """Render the scene as it stands. Returns all channels (H,W) of its passes, which go by way of the file `path`."""
    _set_format(scene, "MULTI_LAYER_IMAGE", "OPEN_EXR_MULTILAYER", "32")
    scene.render.image_settings.exr_codec = "NONE"  # what `core.exr` reads, and the quickest
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    data = path.read_bytes()
    path.unlink()
    return read_channels(data)


def _keep_passes(passes: Mapping[str, np.ndarray], path: Path) -> None:
    if not passes:
        return
    draft = path.with_suffix(".part.npz")
    np.savez_compressed(draft, **passes)  # pyright: ignore[reportArgumentType]
    draft.replace(path)


def _keep_picture(scene: bpy.types.Scene, path: Path) -> None:
    """Save the picture that was rendered last; one that was cut off is not taken for one that is done."""
    _set_format(scene, "IMAGE", "PNG", "8")
    draft = path.with_suffix(".part.png")
    next(image for image in bpy.data.images if image.type == "RENDER_RESULT").save_render(str(draft), scene=scene)
    draft.replace(path)


def _set_format(scene: bpy.types.Scene, media: str, kind: str, depth: str) -> None:
    """RGBA in a file format; Blender 5 asks for the kind of media before it."""
    picture = scene.render.image_settings
    if hasattr(picture, "media_type"):
        picture.media_type = media
    picture.file_format, picture.color_mode, picture.color_depth = kind, "RGBA", depth

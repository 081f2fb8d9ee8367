"""The frames of a preview: a strip in the sequencer over the line's own frames, and a sequence in an Image Editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ..core.timeline import FrameRange
from ..rig.strips import end_of, free_channel, start_of, strips_of

OWNER: Final[str] = "soliloquy_preview"
"""Custom property of our picture strips and images: the character that is shown."""
GROWING: Final[str] = "soliloquy_training"
"""Custom property of the image that shows how a training goes: its file."""
OUTPUT: Final[str] = "soliloquy_output"
"""Custom property of our picture strips: whether the sequencer was what the scene renders."""


def place_frames(scene: bpy.types.Scene, character: str, line: str, files: list[Path], first: int) -> str:
    """Put frames into the sequencer from scene frame `first` on, in place of the character's preview there was.

    A scene renders its sequencer as soon as a picture lies in it. So that the artist's renders go on to show the
    scene, that is switched off where nothing but our strip asks for it; where pictures of the artist's own do, ours is
    muted. Returns a note of that or "".
    """
    remove_frames(scene, character)
    strips, frames = strips_of(scene), FrameRange(first, first + len(files) - 1)
    others = [strip for strip in strips if strip.type != "SOUND" and OWNER not in strip]
    strip = strips.new_image(f"{line} preview", _reachable(files[0]), free_channel(strips, frames), first)
    for file in files[1:]:
        strip.elements.append(file.name)
    strip[OWNER], strip[OUTPUT] = character, scene.render.use_sequencer
    if not others:
        scene.render.use_sequencer = False
        return ""
    strip.mute = any(start_of(other) <= frames.last and end_of(other) > frames.first for other in others)
    return "The preview strip is muted, because it would cover your own strips in a render." if strip.mute else ""


def remove_frames(scene: bpy.types.Scene, character: str) -> int:
    """Take our strips and images of a character out of the file; the frames stay on the disk. Returns how many went."""
    if scene.sequence_editor is None:
        return 0
    strips = strips_of(scene)
    doomed = [strip for strip in strips if strip.get(OWNER) == character]
    for strip in doomed:
        scene.render.use_sequencer = scene.render.use_sequencer or bool(strip[OUTPUT])
        strips.remove(strip)
    for image in [image for image in bpy.data.images if image.get(OWNER) == character]:
        bpy.data.images.remove(image)
    return len(doomed)


def sequence_image(character: str, first_file: Path) -> bpy.types.Image:
    """The image that plays the frames in an Image Editor; the same one for every preview of a character."""
    image = next((image for image in bpy.data.images if image.get(OWNER) == character), None)
    if image is None:
        image = bpy.data.images.load(str(first_file))
        image.name, image[OWNER] = f"{character} preview", character
    image.source = "SEQUENCE"
    image.filepath = _reachable(first_file)
    image.reload()
    return image


def show_beside(context: bpy.types.Context, image: bpy.types.Image, first: int, count: int) -> None:
    """Show the image beside the 3D view: in the Image Editor that has it or nothing, else in one that is opened."""
    for window in context.window_manager.windows:
        area = _editor(context, window, image)
        if area is None:
            continue
        space: Any = area.spaces.active
        space.image = image
        user = space.image_user
        user.frame_start, user.frame_duration, user.frame_offset = first, count, 0
        user.use_auto_refresh = True
        area.tag_redraw()
        return


def show_growing(context: bpy.types.Context, path: Path) -> bpy.types.Image:
    """Show a picture that another process replaces from time to time; an editor is opened for it once."""
    image = next((image for image in bpy.data.images if image.get(GROWING) == str(path)), None)
    if image is not None:
        image.reload()
        return image
    image = bpy.data.images.load(str(path))
    image.name, image[GROWING] = "Training", str(path)
    for window in context.window_manager.windows:
        if (area := _editor(context, window, image)) is not None:
            area.spaces.active.image = image
            break
    return image


def show_picture(context: bpy.types.Context, image: bpy.types.Image) -> bool:
    """Show a picture in an Image Editor of this window, one that is opened where needed; whether there is one now."""
    area = _editor(context, context.window, image) if context.window is not None else None
    if area is not None:
        area.spaces.active.image = image
    return area is not None


def _editor(context: bpy.types.Context, window: bpy.types.Window, image: bpy.types.Image) -> bpy.types.Area | None:
    areas = list(window.screen.areas)
    for area in areas:
        if area.type == "IMAGE_EDITOR" and area.spaces.active.image in (None, image):
            return area
    views = [area for area in areas if area.type == "VIEW_3D"]
    if not views:
        return None
    largest = max(views, key=lambda area: area.width * area.height)
    with context.temp_override(window=window, area=largest):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.6)
    opened = next((area for area in window.screen.areas if area not in areas), None)
    if opened is not None:
        opened.type = "IMAGE_EDITOR"
    return opened


def _reachable(path: Path) -> str:
    """The path as a .blend keeps it: relative to itself where it can be."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive
        return str(path)

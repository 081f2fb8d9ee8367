"""Pictures of ours in Image Editors: the frames of a preview, how a training goes, a portrait.

An image is ours while it has our mark and nothing but editors shows it. One that the artist uses, as in a material, is
theirs from then on: it is neither changed nor removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ..core.errors import RequestError
from ..paths import relative

OWNER: Final[str] = "soliloquy_preview"
"""Custom property of our picture strips and images: the character that is shown."""
GROWING: Final[str] = "soliloquy_training"
"""Custom property of the image that shows how a training goes: its file."""


def load(path: Path, check_existing: bool = False) -> bpy.types.Image:
    """A picture file as an image of the .blend; its size is 0 where it is no picture. Raises RequestError."""
    try:
        return bpy.data.images.load(str(path), check_existing=check_existing)
    except RuntimeError as error:
        raise RequestError("preview.file", "The picture cannot be read; choose it again.", str(path)) from error


def sequence_image(character: str, first_file: Path) -> bpy.types.Image:
    """The image that plays the frames in an Image Editor; the same one for every preview of a character."""
    image = next(iter(_ours(OWNER, character)), None)
    if image is None:
        image = load(first_file)
        image.name, image[OWNER] = f"{character} preview", character
    image.source = "SEQUENCE"
    image.filepath = relative(first_file)
    image.reload()
    return image


def remove_sequence(character: str) -> None:
    """Take the image that plays a character's frames out of the file."""
    for image in _ours(OWNER, character):
        bpy.data.images.remove(image)


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
    image = load(path)
    image.name, image[GROWING] = "Training", str(path)
    for window in context.window_manager.windows:
        if (area := _editor(context, window, image)) is not None:
            area.spaces.active.image = image
            break
    return image


def remove_growing() -> None:
    """Take the pictures of trainings out of the file."""
    for image in _ours(GROWING):
        bpy.data.images.remove(image)


def show_picture(context: bpy.types.Context, image: bpy.types.Image) -> bool:
    """Show a picture in an Image Editor of this window, one that is opened where needed; whether there is one now."""
    area = _editor(context, context.window, image) if context.window is not None else None
    if area is not None:
        area.spaces.active.image = image
    return area is not None


def _ours(mark: str, value: str | None = None) -> list[bpy.types.Image]:
    """The images with a mark, of one value or of any, that the artist does not use: a screen counts as no user."""
    marked = [image for image in bpy.data.images if mark in image and value in (None, image[mark])]
    users = bpy.data.user_map(subset=marked) if marked else {}
    return [image for image in marked if not users[image] and not image.use_fake_user]


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

"""Place the points of a portrait's face by clicking them, one after the other, in an Image Editor."""
# pyright: reportInvalidTypeForm=false
# ruff: noqa: D400, D415 - Blender shows docstrings of operators as tooltips and sets the full stop itself

from __future__ import annotations

from typing import Any, Final

import blf  # pyright: ignore[reportMissingImports] - it comes with Blender
import bpy
from bpy.props import FloatVectorProperty

from ..core.errors import RequestError, RigError, SoliloquyError
from ..core.preview import FACE_POINTS
from ..paths import absolute
from ..preview.face_points import place_of, prompt, view_of
from ..preview.pictures import load, show_picture
from ..preview.settings import points_of, preview_of, set_points
from .base import Explained

MARK_SIZE: Final[float] = 18.0
MARK_COLOUR: Final[tuple[float, float, float, float]] = (1.0, 0.6, 0.1, 1.0)


class SOLILOQUY_OT_place_points(Explained, bpy.types.Operator):
    """Show the portrait in an Image Editor, and click six points of its face there"""

    bl_idname = "soliloquy.place_points"
    bl_label = "Place Points"
    bl_options = {"UNDO"}

    places: FloatVectorProperty(size=2 * len(FACE_POINTS), min=0.0, max=1.0, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if preview_of(context.scene).portrait else "Choose a portrait first."

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the portrait and begin to ask."""
        try:
            image = _picture(preview_of(context.scene).portrait)
            if not show_picture(context, image):
                raise RigError("points.editor", "Open an Image Editor or a 3D view in this window first.")
        except SoliloquyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._image, self._fitted = image.name, False
        self._placed: list[tuple[float, float]] = []
        self._marks: Any = bpy.types.SpaceImageEditor.draw_handler_add(self._draw_marks, (), "WINDOW", "POST_PIXEL")
        context.window_manager.modal_handler_add(self)
        self._ask(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take a click; what does not concern the points, as zooming, goes on to Blender."""
        areas = _editors(context, self._image)
        if not areas or (event.type == "ESC" and event.value == "PRESS"):
            self.cancel(context)
            return {"CANCELLED"}
        if not self._fitted:  # only now is the region of an editor that was just opened laid out
            self._fitted = True
            _show_whole(context, areas[0])
        if event.type == "BACK_SPACE" and event.value == "PRESS":
            self._placed = self._placed[:-1]
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            region = _region_under(areas, event)
            if region is None:
                return {"PASS_THROUGH"}
            at = region.view2d.region_to_view(event.mouse_x - region.x, event.mouse_y - region.y)
            if (place := place_of(at)) is not None:
                self._placed = [*self._placed, place]
        else:
            return {"PASS_THROUGH"}
        if len(self._placed) == len(FACE_POINTS):
            self.cancel(context)
            self.places = [value for place in self._placed for value in place]
            return self.execute(context)
        self._ask(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Ask no more; Blender calls this too when it ends the operator, as when another file is opened."""
        if self._marks is not None:
            bpy.types.SpaceImageEditor.draw_handler_remove(self._marks, "WINDOW")
            self._marks = None
        for area in _editors(context, self._image):
            area.header_text_set(None)
            area.tag_redraw()

    def run(self, context: bpy.types.Context) -> None:
        """Keep the places: x and y of each point, as fractions to the right and down."""
        if not self.properties.is_property_set("places"):
            raise RequestError("points.places", "The points are clicked in an Image Editor; or give `places`.")
        values = list(self.places)  # Blender's own array is not sliced with a step
        set_points(preview_of(context.scene), tuple(zip(values[::2], values[1::2], strict=True)))

    def _ask(self, context: bpy.types.Context) -> None:
        for area in _editors(context, self._image):
            area.header_text_set(prompt(len(self._placed)))
            area.tag_redraw()

    def _draw_marks(self) -> None:
        """A cross and a number at each point, in every editor that shows the portrait."""
        context = bpy.context
        space: Any = context.space_data
        if space is None or space.image is None or space.image.name != self._image:
            return
        size = MARK_SIZE * (context.preferences.system.ui_scale or 1.0)
        blf.size(0, size)
        blf.color(0, *MARK_COLOUR)
        wide, high = blf.dimensions(0, "+")
        for number, place in enumerate(self._placed):
            across, up = context.region.view2d.view_to_region(*view_of(place), clip=False)
            blf.position(0, across - wide / 2, up - high / 2, 0)
            blf.draw(0, f"+ {number + 1}")


class SOLILOQUY_OT_clear_points(Explained, bpy.types.Operator):
    """Forget the points of the portrait; its face is then found with the weights' landmark.onnx"""

    bl_idname = "soliloquy.clear_points"
    bl_label = "Clear Points"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: bpy.types.Context) -> str:
        """See `Explained`."""
        return "" if points_of(preview_of(context.scene)) else "No points are placed on this portrait."

    def run(self, context: bpy.types.Context) -> None:
        """See `Explained`."""
        set_points(preview_of(context.scene), ())


def _picture(path: str) -> bpy.types.Image:
    """The portrait as an image of the file. Raises RequestError when it is no picture."""
    image = load(absolute(path), check_existing=True)
    if not all(image.size):
        raise RequestError("preview.portrait", "The portrait is not a picture that can be read; choose another.", path)
    return image


def _editors(context: bpy.types.Context, image: str) -> list[bpy.types.Area]:
    """The Image Editors of this window that show an image."""
    areas = context.window.screen.areas if context.window is not None else ()
    found = []
    for area in areas:
        space: Any = area.spaces.active
        if area.type == "IMAGE_EDITOR" and space.image is not None and space.image.name == image:
            found.append(area)
    return found


def _region_under(areas: list[bpy.types.Area], event: bpy.types.Event) -> bpy.types.Region | None:
    """The region of the picture that the mouse is over, and not a sidebar that lies on it."""
    for area in areas:
        under = [r for r in area.regions if 0 <= event.mouse_x - r.x < r.width and 0 <= event.mouse_y - r.y < r.height]
        if under and all(region.type == "WINDOW" for region in under):
            return under[0]
    return None


def _show_whole(context: bpy.types.Context, area: bpy.types.Area) -> None:
    region = next(region for region in area.regions if region.type == "WINDOW")
    with context.temp_override(window=context.window, area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)

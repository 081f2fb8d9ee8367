"""What the artist sets for the next preview and the training of a character; saved with the scene."""
# pyright: reportInvalidTypeForm=false

from __future__ import annotations

from typing import Final

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.preview import DEFAULT_GENERATOR, FACE_POINTS, Points
from ..core.shot import MAX_SIZE
from ..paths import RELATIVE, absolute
from .shoot import CAMERA, FACE

GENERATORS: Final = (
    ("raster", "Raster", "Draw the character's own surface in studio light, at once"),
    ("character", "Character", "Draw the character as it was rendered; learned from its training set"),
    ("liveportrait", "LivePortrait", "Bring a portrait to life, with weights that you supply"),
)
NEEDS_FOLDER: Final = frozenset({"character", "liveportrait"})
NEEDS_PORTRAIT: Final = frozenset({"liveportrait"})


class SoliloquyFacePoint(bpy.types.PropertyGroup):
    """One of FACE_POINTS on a portrait; its `name` says which."""

    place: FloatVectorProperty(
        name="Place",
        description="Fraction of the picture's width from its left, and of its height from its top",
        size=2,
        min=0.0,
        max=1.0,
        options=set(),
    )


class SoliloquyPreview(bpy.types.PropertyGroup):
    """The next preview."""

    generator: EnumProperty(
        name="Draw With",
        description="What makes the frames",
        items=GENERATORS,
        default=DEFAULT_GENERATOR,
        options=set(),
    )
    quality: EnumProperty(
        name="Quality",
        description="A draft is quick, the final one takes the time it needs",
        items=[("draft", "Draft", ""), ("final", "Final", "")],
        options=set(),
    )
    framing: EnumProperty(
        name="Framing",
        description="What of the scene is in the picture; without a camera the face is seen from straight ahead",
        items=[(FACE, "Face", "A square round the face"), (CAMERA, "Camera", "The camera's whole picture")],
        options=set(),
    )
    height: IntProperty(
        name="Height", description="Pixels", min=64, max=MAX_SIZE, default=512, subtype="PIXEL", options=set()
    )
    folder: StringProperty(
        name="Folder",
        description="The trained character, or the weights of LivePortrait",
        subtype="DIR_PATH",
        options=set(RELATIVE),
    )
    portrait: StringProperty(
        name="Portrait",
        description="A picture of one face, seen from the front",
        subtype="FILE_PATH",
        options=set(RELATIVE),
    )
    points: CollectionProperty(type=SoliloquyFacePoint)
    points_on: StringProperty(
        name="Points On",
        description="The portrait that the points lie on, as it was written; on another one they do not count",
        options={"HIDDEN"},
    )
    training_folder: StringProperty(
        name="Training Folder",
        description="Where training set and trained character go; empty for a folder beside the file",
        subtype="DIR_PATH",
        options=set(RELATIVE),
    )
    set_size: IntProperty(
        name="Size", description="Pixels of a training picture", min=64, max=1024, default=256, options=set()
    )
    minutes: IntProperty(
        name="Minutes",
        description="How long the training may take at most, with what it took before",
        min=1,
        default=20,
        options=set(),
    )
    consent: BoolProperty(
        name="They Have Agreed",
        description="Whoever the portrait shows has agreed to be shown speaking, or is nobody real",
        options=set(),
    )


def preview_of(scene: bpy.types.Scene) -> SoliloquyPreview:
    """The settings that are saved with a scene."""
    return scene.soliloquy_preview


def points_of(settings: SoliloquyPreview) -> Points:
    """The points that were placed on the chosen portrait, as fractions to the right and down; none or all of them."""
    on_it = absolute(settings.points_on) == absolute(settings.portrait)
    if not on_it or len(settings.points) != len(FACE_POINTS):
        return ()
    return tuple((point.place[0], point.place[1]) for point in settings.points)


def set_points(settings: SoliloquyPreview, places: Points) -> None:
    """Keep the points of the chosen portrait, or, where there are none, forget those there were."""
    settings.points.clear()
    settings.points_on = settings.portrait if places else ""
    for name, place in zip(FACE_POINTS, places, strict=False):
        point = settings.points.add()
        point.name, point.place = name, place


def add_pointers() -> None:
    """Hang the group on the scene."""
    bpy.types.Scene.soliloquy_preview = PointerProperty(type=SoliloquyPreview)


def remove_pointers() -> None:
    """Take it off again."""
    del bpy.types.Scene.soliloquy_preview


CLASSES: Final = (SoliloquyFacePoint, SoliloquyPreview)

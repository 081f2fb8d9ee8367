"""What the artist sets for the next line (saved with the scene), and what the running job shows (never saved)."""
# pyright: reportInvalidTypeForm=false

from __future__ import annotations

from typing import Final

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from .core.emotion import EMOTIONS
from .core.engines import DEFAULT_ENGINE, ENGINES
from .core.layers import LAYERS
from .core.request import MAX_TEXT
from .paths import RELATIVE

FROM_VOICE: Final = "auto"
"""The choice of emotion that leaves it to the voice."""
MAX_SEED_FIELD: Final = 2**31 - 1
"""Blender's integer properties are signed 32-bit."""


class SoliloquySettings(bpy.types.PropertyGroup):
    """The next line to perform."""

    character: PointerProperty(
        name="Character",
        description="Any object of the character; empty for the active object",
        type=bpy.types.Object,
    )
    sound: StringProperty(
        name="Sound",
        description="The recorded line: wav, flac, ogg or mp3",
        subtype="FILE_PATH",
        options=set(RELATIVE),
    )
    text: StringProperty(
        name="Text",
        description="The words of the line; optional, they make the lips more exact",
        maxlen=MAX_TEXT,
        options=set(),
    )
    emotion: EnumProperty(
        name="Emotion",
        description="What the character feels while speaking",
        items=[
            (FROM_VOICE, "From the Voice", "Listen to how the line is spoken; when unsure it is neutral"),
            *((name, name.title(), "") for name in EMOTIONS),
        ],
        default="neutral",
        options=set(),
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly the emotion shows; one that is read from the voice brings its own",
        min=0.0,
        max=1.0,
        default=0.7,
        subtype="FACTOR",
        options=set(),
    )
    seed: IntProperty(
        name="Seed",
        description="Another number gives other blinks, glances and head moves for the same line",
        min=0,
        max=MAX_SEED_FIELD,
        options=set(),
    )
    engine: EnumProperty(
        name="Engine",
        description="What performs the line",
        items=[(name, engine.label, engine.description) for name, engine in ENGINES.items()],
        default=DEFAULT_ENGINE,
        options=set(),
    )
    start_frame: IntProperty(
        name="Start Frame", description="The frame on which the sound begins", default=1, options=set()
    )
    tolerance: FloatProperty(
        name="Thin Out Keys",
        description="Leave out keys where straight lines between the others stay this close; 0 keeps every frame",
        min=0.0,
        max=0.1,
        precision=4,
        options=set(),
    )

    layers: EnumProperty(
        name="Layers",
        description="Bake only these; the others of the take stay as they are",
        items=[(name, name.title(), "") for name in LAYERS],
        options={"ENUM_FLAG"},
        default=set(LAYERS),
    )
    raise_ranges: BoolProperty(
        name="Raise Slider Ranges",
        description="Where a movement goes beyond a slider, raise its range instead of limiting the movement; removing "
        "the takes puts the ranges back",
        options=set(),
    )
    push: BoolProperty(
        name="Push to NLA",
        description="Put the take in the NLA as a track of its name, below your own Action",
        options=set(),
    )


class SoliloquyStatus(bpy.types.PropertyGroup):
    """What the panel shows of the backend and the running job; written by `runtime` alone."""

    backend: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    busy: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})
    stage: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    progress: FloatProperty(min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE", "HIDDEN"})


def settings_of(scene: bpy.types.Scene) -> SoliloquySettings:
    """The settings that are saved with a scene."""
    return scene.soliloquy


def chosen_layers(settings: SoliloquySettings) -> tuple[str, ...]:
    """The layers to bake; all of them when none is ticked."""
    return tuple(name for name in LAYERS if name in settings.layers) or LAYERS


def status_of(context: bpy.types.Context) -> SoliloquyStatus:
    """The status that the window manager carries."""
    return context.window_manager.soliloquy


def add_pointers() -> None:
    """Hang the groups on Blender's types."""
    bpy.types.Scene.soliloquy = PointerProperty(type=SoliloquySettings)
    bpy.types.WindowManager.soliloquy = PointerProperty(type=SoliloquyStatus)


def remove_pointers() -> None:
    """Take them off again."""
    del bpy.types.WindowManager.soliloquy
    del bpy.types.Scene.soliloquy


CLASSES: Final = (SoliloquySettings, SoliloquyStatus)

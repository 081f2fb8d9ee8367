"""The mapping table's rows as Blender properties: every edit is kept on the character at once."""
# pyright: reportInvalidTypeForm=false

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .core.errors import SoliloquyError
from .core.table import AXES, SOURCES, TableRow, profile_of
from .properties import settings_of
from .rig import table
from .rig.discover import gather

NAME: Final[str] = "Mapping table"


def _edited(row: SoliloquyRow, context: bpy.types.Context) -> None:
    keep_table(context)


def _tried(row: SoliloquyRow, context: bpy.types.Context) -> None:
    """Show the row in the viewport; back at 0 everything has the value again that it had before."""
    selected = settings_of(context.scene).character
    if selected is None:
        return
    character = gather(selected)
    if not row.before:
        row.before = json.dumps(table.read(character, row_value(row)))
    if row.test:
        table.wiggle(character, row_value(row), row.test)
    else:
        table.put_back(json.loads(row.before))
        row.before = ""


class SoliloquyRow(bpy.types.PropertyGroup):
    """One target and one channel or viseme that it follows."""

    target: StringProperty(name="Target", description="A shape key, a custom property or a bone", update=_edited)
    axis: EnumProperty(
        name="Axis",
        description="Of a bone: turns in radians, shifts in distances between the eyes",
        items=[("NONE", "Value", "A shape key or custom property"), *((a, a.title(), "") for a in AXES)],
        update=_edited,
    )
    source: StringProperty(
        name="Source",
        description="The channel or viseme that it follows",
        search=lambda _self, _context, text: [name for name in SOURCES if text.lower() in name.lower()],
        update=_edited,
    )
    gain: FloatProperty(name="Gain", description="How much of it", default=1.0, step=5, precision=3, update=_edited)
    offset: FloatProperty(name="Offset", description="Value at rest", step=5, precision=3, update=_edited)
    low: FloatProperty(name="Lowest", description="The target never goes below", update=_edited)
    high: FloatProperty(name="Highest", description="The target never goes above", default=1.0, update=_edited)
    opens: BoolProperty(
        name="Parts the Lips", description="It yields wherever the lips are closed on p, b or m", update=_edited
    )
    mood: BoolProperty(
        name="Whole Expression",
        description="It goes no further than closed lips stay closed and open eyes open",
        update=_edited,
    )
    test: FloatProperty(
        name="Test", description="Move the target in the viewport", min=0.0, max=1.0, subtype="FACTOR",
        options={"SKIP_SAVE"}, update=_tried,
    )  # fmt: skip
    before: StringProperty(options={"SKIP_SAVE", "HIDDEN"})


class SoliloquyTable(bpy.types.PropertyGroup):
    """The rows of the chosen character."""

    rows: CollectionProperty(type=SoliloquyRow)
    index: IntProperty()
    filling: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})


def table_in(scene: bpy.types.Scene) -> SoliloquyTable:
    """The table that is saved with a scene."""
    return scene.soliloquy_table


def row_value(row: SoliloquyRow) -> TableRow:
    """A row as the core knows it."""
    axis = "" if row.axis == "NONE" else row.axis
    return TableRow(row.target, row.source, row.gain, row.offset, row.low, row.high, axis, row.opens, row.mood)


def rows_in(scene: bpy.types.Scene) -> tuple[TableRow, ...]:
    """All rows as the core knows them."""
    return tuple(map(row_value, table_in(scene).rows))


def fill_table(scene: bpy.types.Scene, rows: Iterable[TableRow]) -> None:
    """Show these rows, in place of those there are."""
    shown = table_in(scene)
    shown.filling = True
    shown.rows.clear()
    for value in rows:
        row = shown.rows.add()
        for name in ("target", "source", "gain", "offset", "low", "high", "opens", "mood"):
            setattr(row, name, getattr(value, name))
        row.axis = value.axis or "NONE"
    shown.filling = False


def keep_table(context: bpy.types.Context) -> None:
    """Bind the chosen character by the table as it is. A row that is not finished yet waits."""
    scene = context.scene
    chosen = settings_of(scene).character
    if table_in(scene).filling or chosen is None:
        return
    try:
        root = gather(chosen).root
        table.keep(root, profile_of(NAME, rows_in(scene)))
    except SoliloquyError:
        return  # a row without target or with half a name: the map before stays


def add_pointers() -> None:
    """Hang the table on scenes."""
    bpy.types.Scene.soliloquy_table = PointerProperty(type=SoliloquyTable)


def remove_pointers() -> None:
    """Take it off again."""
    del bpy.types.Scene.soliloquy_table


CLASSES: Final = (SoliloquyRow, SoliloquyTable)

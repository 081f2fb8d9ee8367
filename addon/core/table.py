"""The mapping table: a rig map as flat rows of one target and one source, as an artist edits it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from .channels import CHANNEL_INDEX
from .detection import Drive
from .errors import RigError
from .profiles import SHIFTS, TURNS, VISEME, VISEMES, Profile, Row

SOURCES: Final[tuple[str, ...]] = (*CHANNEL_INDEX, *(f"{VISEME}{name}" for name in VISEMES))
AXES: Final[tuple[str, ...]] = (*TURNS, *SHIFTS)
_MIRRORED: Final = frozenset({"x", "yaw", "roll"})
"""Axes of a bone that point the other way on the other side of the face."""


@dataclass(frozen=True)
class TableRow:
    """`target` (on `axis`, when it is a bone) follows `gain` x `source`; rows of one target add up.

    `offset`, `low` and `high` are of the target as a whole, and so are `opens` and `mood`; see `profiles.Row`.
    """

    target: str
    source: str
    gain: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0
    axis: str = ""
    opens: bool = False
    mood: bool = False


def table_of(drives: Iterable[Drive]) -> tuple[TableRow, ...]:
    """The rows of what a character's controls follow now, each control once however many meshes have it."""
    found: dict[tuple[str, str, str], TableRow] = {}
    for drive in drives:
        row = drive.row
        for source, gain in row.sources:
            entry = TableRow(drive.key, source, gain, row.offset, *row.clamp, row.axis, row.opens, row.mood)
            found.setdefault((drive.key, row.axis, source), entry)
    return tuple(found.values())


def profile_of(name: str, rows: Iterable[TableRow], roles: dict[str, str] | None = None) -> Profile:
    """The rig map that a table stands for. Raises RigError when a row names no target or no source there is."""
    grouped: dict[tuple[str, str], list[TableRow]] = {}
    for row in rows:
        if not row.target.strip():
            raise RigError("table.target", "A row of the mapping table has no target; name one, or remove the row.")
        if row.source not in SOURCES:
            raise RigError("table.source", f"There is no channel and no viseme {row.source}.", row.target)
        grouped.setdefault((row.target, row.axis), []).append(row)
    return Profile(name, "Made in the mapping table", tuple(map(_joined, grouped.values())), roles=roles or {})


def mirrored(row: TableRow, flip: Callable[[str], str]) -> TableRow | None:
    """The row for the other side of the face, or None when it belongs to no side.

    `flip` gives the name of a target on the other side, or the same name where it has none.
    """
    target, source = flip(row.target), flip_source(row.source)
    if (target, source) == (row.target, row.source):
        return None
    way = -1.0 if row.axis in _MIRRORED else 1.0
    low, high = (row.low, row.high) if way > 0 else (-row.high, -row.low)
    return replace(row, target=target, source=source, gain=way * row.gain, offset=way * row.offset, low=low, high=high)


def with_mirrored(rows: Iterable[TableRow], flip: Callable[[str], str], side: str = "Left") -> tuple[TableRow, ...]:
    """A table whose other side is the mirror image of the side whose sources end in `side`."""
    listed = list(rows)
    kept = [row for row in listed if row.source.endswith(side) or mirrored(row, flip) is None]
    added = [m for row in kept if (m := mirrored(row, flip)) is not None]
    taken = {(row.target, row.axis, row.source) for row in (*kept, *added)}
    rest = [r for r in listed if r not in kept and not _other(r, side) and (r.target, r.axis, r.source) not in taken]
    return (*kept, *added, *rest)


def flip_source(source: str) -> str:
    """The channel of the other side, or the same one where it has no side."""
    for here, there in (("Left", "Right"), ("Right", "Left")):
        if source.endswith(here) and source[: -len(here)] + there in CHANNEL_INDEX:
            return source[: -len(here)] + there
    return source


def _other(row: TableRow, side: str) -> bool:
    return row.source.endswith("Right" if side == "Left" else "Left")


def _joined(rows: list[TableRow]) -> Row:
    first = rows[0]
    gains: dict[str, float] = {}
    for row in rows:
        gains[row.source] = gains.get(row.source, 0.0) + row.gain
    if not first.low < first.high:
        raise RigError("table.clamp", "The lowest value of a row must lie below its highest.", first.target)
    return Row(
        first.target, tuple(gains.items()), opens=first.opens, offset=first.offset, clamp=(first.low, first.high),
        axis=first.axis, with_keys=bool(first.axis), mood=first.mood,
    )  # fmt: skip

"""Rig maps: which shape keys a naming convention has and what of a Performance each of them follows.

A map is a JSON file in `profile_data`, with the source of its names in it. A row adds up sources with signed gains; a
source is a channel (`jawOpen`) or a viseme (`viseme:aa`). ARKit spellings have no file: `naming.match_channels` is the
one way to find those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from .channels import CHANNEL_INDEX
from .errors import RigError

VISEME: Final[str] = "viseme:"
VISEMES: Final[tuple[str, ...]] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip
"""The 15 visemes of Meta's (Oculus) LipSync, in its order."""
_ROW_FIELDS: Final = frozenset({"target", "from", "also", "unless", "opens", "offset", "clamp"})
_PROFILE_FIELDS: Final = frozenset({"name", "source", "with_arkit", "rows"})


@dataclass(frozen=True)
class Row:
    """Shape key `target` is `offset` + the sum of gain x source, within `clamp`.

    also    other spellings of the target
    unless  spellings of keys that do the same side by side; where one is there, this one rests
    opens   whether the key parts the lips: it then yields wherever the performance has them closed
    """

    target: str
    sources: tuple[tuple[str, float], ...]
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    opens: bool = False
    offset: float = 0.0
    clamp: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Profile:
    """A naming convention; `with_arkit` says that its rigs may have ARKit keys beside its own for all but the mouth."""

    name: str
    source: str
    rows: tuple[Row, ...]
    with_arkit: bool = False


@cache
def profiles() -> tuple[Profile, ...]:
    """The maps that ship, by file name. Raises RigError when one of them is broken."""
    listed = sorted(Path(__file__).with_name("profile_data").glob("*.json"))
    return tuple(parse_profile(json.loads(f.read_text(encoding="utf-8")), f.name) for f in listed)


def parse_profile(document: Any, where: str) -> Profile:
    """A map from its JSON document; `where` names the file. Raises RigError that says which row is wrong, and how."""
    if not isinstance(document, Mapping) or set(document) - _PROFILE_FIELDS or not document.get("rows"):
        raise _broken("it needs name, source and rows, and may have with_arkit", where)
    if not all(isinstance(document.get(field), str) and document[field] for field in ("name", "source")):
        raise _broken("name and source must be texts", where)
    rows = tuple(_row(row, f"{where}, row {number}") for number, row in enumerate(document["rows"], 1))
    names = [name for row in rows for name in (row.target, *row.also)]
    if len(names) != len(set(names)):
        raise _broken("a target has two rows", where)
    return Profile(document["name"], document["source"], rows, bool(document.get("with_arkit", False)))


def _row(row: Any, where: str) -> Row:
    if not isinstance(row, Mapping) or set(row) - _ROW_FIELDS or not {"target", "from"} <= set(row):
        raise _broken("a row needs target and from", where)
    for source in row["from"]:
        if source not in CHANNEL_INDEX and source.removeprefix(VISEME) not in VISEMES:
            raise _broken(f"there is no channel and no viseme {source}", where)
    try:
        low, high = (float(limit) for limit in row.get("clamp", (0.0, 1.0)))
        sources = tuple((source, float(gain)) for source, gain in row["from"].items())
        offset = float(row.get("offset", 0.0))
    except (TypeError, ValueError) as error:
        raise _broken("gains, offset and both limits of clamp must be numbers", where) from error
    if not sources or not low < high:
        raise _broken("from must not be empty, and clamp must rise", where)
    also, unless = tuple(row.get("also", ())), tuple(row.get("unless", ()))
    return Row(str(row["target"]), sources, also, unless, bool(row.get("opens", False)), offset, (low, high))


def _broken(what: str, where: str) -> RigError:
    return RigError("rig.profile", f"The rig map cannot be used: {what}.", where)

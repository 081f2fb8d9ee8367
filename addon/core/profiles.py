"""Rig maps: what a convention calls its controls and what of a Performance each of them follows.

A map is a JSON file in `profile_data`, with the source of its names in it. A row drives a named value, which is a shape
key or a custom property, or one axis of a bone. It adds up sources with signed gains; a source is a channel (`jawOpen`)
or a viseme (`viseme:aa`). ARKit spellings have no file: `naming.match_channels` is the one way to find those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
TURNS: Final[tuple[str, ...]] = ("pitch", "yaw", "roll")
SHIFTS: Final[tuple[str, ...]] = ("x", "y", "z")
"""Axes of a bone row, the contract's own: turns in radians, shifts in the rig's inter-ocular distances."""
ROLES: Final[tuple[str, ...]] = ("head", "neck", "eye_left", "eye_right", "centre_left", "centre_right")
"""What a map may say of a skeleton. With centres, the eye bones are targets that eyes about those joints look at."""
_ROW_FIELDS: Final = frozenset(
    {"target", "bone", "axis", "from", "also", "unless", "opens", "offset", "clamp", "with_keys", "mood"}
)
_PROFILE_FIELDS: Final = frozenset({"name", "source", "with_arkit", "rows", "requires", "roles"})


@dataclass(frozen=True)
class Row:
    """Control `target` is `offset` + the sum of gain x source, within `clamp`.

    axis       one of `TURNS` and `SHIFTS` when the target is a bone; empty for shape keys and custom properties
    also       other spellings of the target
    unless     spellings of controls that do the same side by side; where one is there, this one rests
    opens      whether it parts the lips: it then yields wherever the performance has them closed
    with_keys  whether a bone moves even where shape keys follow the same channels on the mesh that it carries
    mood       whether it is the whole face of an emotion, made to stand alone: it then goes no further than closed lips
               stay closed (`moods`), and is no evidence of a convention
    """

    target: str
    sources: tuple[tuple[str, float], ...]
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    opens: bool = False
    offset: float = 0.0
    clamp: tuple[float, float] = (0.0, 1.0)
    axis: str = ""
    with_keys: bool = False
    mood: bool = False

    @property
    def address(self) -> tuple[str, str]:
        """What it drives: target and axis."""
        return self.target, self.axis


@dataclass(frozen=True)
class Profile:
    """A naming convention.

    with_arkit  its rigs may have ARKit keys beside its own for all but the mouth
    requires    bones without which it is another rig
    roles       bones by `ROLES`, for skeletons that call them something else
    """

    name: str
    source: str
    rows: tuple[Row, ...]
    with_arkit: bool = False
    requires: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> tuple[Row, ...]:
        """Its rows for shape keys and custom properties."""
        return tuple(row for row in self.rows if not row.axis)

    @property
    def bones(self) -> tuple[Row, ...]:
        """Its rows for bones."""
        return tuple(row for row in self.rows if row.axis)


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
    names = [(name, row.axis) for row in rows for name in (row.target, *row.also)]
    if len(names) != len(set(names)):
        raise _broken("a target has two rows", where)
    roles = document.get("roles", {})
    if not isinstance(roles, Mapping) or set(roles) - set(ROLES):
        raise _broken(f"roles are some of {', '.join(ROLES)}", where)
    return Profile(
        document["name"],
        document["source"],
        rows,
        bool(document.get("with_arkit", False)),
        tuple(map(str, document.get("requires", ()))),
        {role: str(bone) for role, bone in roles.items()},
    )


def profile_document(profile: Profile) -> dict[str, Any]:
    """The JSON document that `parse_profile` reads back as the same profile."""
    document: dict[str, Any] = {"name": profile.name, "source": profile.source}
    if profile.with_arkit:
        document["with_arkit"] = True
    if profile.requires:
        document["requires"] = list(profile.requires)
    if profile.roles:
        document["roles"] = dict(profile.roles)
    return document | {"rows": [_row_document(row) for row in profile.rows]}


def _row_document(row: Row) -> dict[str, Any]:
    plain = Row(row.target, row.sources)
    named = {"bone": row.target, "axis": row.axis} if row.axis else {"target": row.target}
    document: dict[str, Any] = {**named, "from": dict(row.sources)}
    for name in ("also", "unless", "opens", "offset", "clamp", "with_keys", "mood"):
        value = getattr(row, name)
        if value != getattr(plain, name):
            document[name] = list(value) if isinstance(value, tuple) else value
    return document


def _row(row: Any, where: str) -> Row:
    if not isinstance(row, Mapping) or set(row) - _ROW_FIELDS or "from" not in row or not {"target", "bone"} & set(row):
        raise _broken("a row needs target and from, or bone, axis and from", where)
    axis = str(row.get("axis", ""))
    if ("bone" in row) != (axis in (*TURNS, *SHIFTS)) or ("bone" in row) == ("target" in row):
        raise _broken(f"a bone needs an axis, one of {', '.join((*TURNS, *SHIFTS))}, and a target has none", where)
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
    target = str(row["bone"] if axis else row["target"])
    return Row(
        target, sources, also, unless, bool(row.get("opens", False)), offset, (low, high), axis,
        bool(row.get("with_keys", False)), bool(row.get("mood", False)),
    )  # fmt: skip


def _broken(what: str, where: str) -> RigError:
    return RigError("rig.profile", f"The rig map cannot be used: {what}.", where)

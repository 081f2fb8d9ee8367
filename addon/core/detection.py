"""Which naming convention the shape keys of a mesh follow, and what each of them is then driven by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .channels import CHANNELS, GROUPS
from .naming import match_channels
from .profiles import Profile, Row, profiles

ARKIT: Final[str] = "ARKit"
LEAST_KEYS: Final[int] = 3
"""Fewer keys than this are no evidence of a convention: any mesh may have a key "A"."""
_COPY_NUMBER: Final = re.compile(r"\.\d{3,}$")
_PREFIX: Final = re.compile(r".*[.:|](?=\D)")


@dataclass(frozen=True)
class Drive:
    """Shape key `key` follows `row`."""

    key: str
    row: Row

    @property
    def sources(self) -> frozenset[str]:
        """The channels and visemes it follows."""
        return frozenset(name for name, _ in self.row.sources)


@dataclass(frozen=True)
class Detected:
    """The convention of one mesh, by name, and its drives in the order of the keys."""

    profile: str
    drives: tuple[Drive, ...]


def detect(keys: Sequence[str]) -> Detected:
    """The convention that covers the most sources with the keys of one mesh; ARKit when several do."""
    arkit = arkit_drives(keys)
    found = [Detected(ARKIT, arkit), *(Detected(p.name, _drives(p, keys, arkit)) for p in profiles())]
    return max(found, key=lambda one: len(covered(one.drives)))


def arkit_drives(keys: Sequence[str]) -> tuple[Drive, ...]:
    """One drive for each key that is spelled like a channel."""
    return tuple(Drive(m.key, Row(m.channel, ((m.channel, 1.0),))) for m in match_channels(keys))


def covered(drives: Iterable[Drive]) -> frozenset[str]:
    """Channels and visemes that some drive follows."""
    return frozenset(source for drive in drives for source in drive.sources)


def coverage_sentence(drives: Iterable[Drive], where: str = "") -> str:
    """What of a performance shows: "41 of 52 channels; no brows", "15 visemes; no brows, no gaze".

    `where` is said after the counts ("on 2 meshes").
    """
    sources = covered(drives)
    channels = [name for name in CHANNELS if name in sources]
    visemes = len(sources) - len(channels)
    counts = [f"{visemes} visemes"] if visemes else []
    counts += [f"{len(channels)} of {len(CHANNELS)} channels"] if channels or not visemes else []
    shown = {group for group, names in GROUPS.items() if sources & set(names)} | ({"mouth"} if visemes else set())
    missing = [f"no {group}" for group in GROUPS if group not in shown]
    said = " and ".join(counts) + (f" {where}" if where else "")
    return f"{said}; {', '.join(missing)}" if missing else said


def _drives(profile: Profile, keys: Sequence[str], arkit: Sequence[Drive]) -> tuple[Drive, ...]:
    by_name: dict[str, str] = {}
    for key in keys:
        by_name.setdefault(_plain(key), key)
    drives = [
        Drive(key, row)
        for row in profile.rows
        if (key := next((by_name[n] for n in map(str.lower, (row.target, *row.also)) if n in by_name), None))
        and not any(name.lower() in by_name for name in row.unless)
    ]
    if len(drives) < LEAST_KEYS:
        return ()
    if profile.with_arkit:
        taken = {drive.key for drive in drives}
        drives += [d for d in arkit if not d.sources & set(GROUPS["mouth"]) and d.key not in taken]
    return tuple(sorted(drives, key=lambda drive: keys.index(drive.key)))


def _plain(key: str) -> str:
    """A key's name in lower case, without a copy's number and what an exporter put before a dot or colon."""
    plain = _COPY_NUMBER.sub("", key)
    return (plain if plain.lower().startswith("vrc.") else _PREFIX.sub("", plain)).lower()

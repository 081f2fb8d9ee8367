"""Which convention the controls of a character follow by their names, and what each of them is then driven by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .channels import CHANNELS, GROUPS
from .naming import match_channels
from .profiles import Profile, Row, profiles

ARKIT: Final[str] = "ARKit"
LEAST_KEYS: Final[int] = 3
"""Fewer keys than this are no evidence of a convention: any mesh may have a key "A"."""
_COPY_NUMBER: Final = re.compile(r"\.\d{3,}$")
_PREFIX: Final = re.compile(r".*(?:[.:|]|__)(?=\D)")


@dataclass(frozen=True)
class Drive:
    """Control `key` (a shape key, a custom property or a bone) follows `row`."""

    key: str
    row: Row

    @property
    def sources(self) -> frozenset[str]:
        """The channels and visemes it follows."""
        return frozenset(name for name, _ in self.row.sources)


@dataclass(frozen=True)
class Detected:
    """A convention by name, its drives in the order of the controls, and what it says of the skeleton."""

    profile: str
    drives: tuple[Drive, ...]
    roles: Mapping[str, str] = field(default_factory=dict)


def detect(keys: Sequence[str]) -> Detected:
    """The convention that covers the most sources with the keys of one mesh; ARKit when several do."""
    arkit = arkit_drives(keys)
    found = [Detected(ARKIT, arkit), *(Detected(p.name, _drives(p, keys, arkit)) for p in profiles() if p.named)]
    return max(found, key=lambda one: len(covered(one.drives)))


def detect_bones(names: Sequence[str]) -> Detected:
    """The convention that covers the most sources with the bones of one armature; without a name where none does."""
    found = [
        Detected(profile.name, bone_drives(profile, names), profile.roles)
        for profile in profiles()
        if profile.bones and set(profile.requires) <= set(names)
    ]
    found = [one for one in found if one.drives]
    return max(found, key=lambda one: len(covered(one.drives)), default=Detected("", ()))


def bone_drives(profile: Profile, names: Sequence[str]) -> tuple[Drive, ...]:
    """The rows of `profile` for bones that are among `names`, exactly or but for case and a prefix with a colon."""
    alike: dict[str, str] = {}
    for name in reversed(names):
        alike[_plain_bone(name)] = name
    found = [
        (next((n for n in (row.target, *row.also) if n in names), None)
         or next((alike[p] for n in (row.target, *row.also) if (p := _plain_bone(n)) in alike), None), row)
        for row in profile.bones
    ]  # fmt: skip
    return tuple(Drive(bone, row) for bone, row in found if bone is not None)


def named_drives(profile: Profile, names: Sequence[str]) -> tuple[Drive, ...]:
    """The rows of a chosen `profile` for the shape keys or properties `names`, however few there are."""
    return _drives(profile, names, (), least=1)


def arkit_drives(keys: Sequence[str]) -> tuple[Drive, ...]:
    """One drive for each key that is spelled like a channel."""
    return tuple(Drive(m.key, Row(m.channel, ((m.channel, 1.0),))) for m in match_channels(keys))


def covered(drives: Iterable[Drive]) -> frozenset[str]:
    """Channels and visemes that some drive follows."""
    return frozenset(source for drive in drives for source in drive.sources)


def coverage_sentence(drives: Iterable[Drive], where: str = "", elsewhere: Collection[str] = ()) -> str:
    """What of a performance shows: "41 of 52 channels; no brows", "15 visemes; no brows, no gaze".

    `where` is said after the counts ("on 2 meshes"); `elsewhere` are groups that something else shows, as eye bones do
    the gaze.
    """
    sources = covered(drives)
    channels = [name for name in CHANNELS if name in sources]
    visemes = len(sources) - len(channels)
    counts = [f"{visemes} visemes"] if visemes else []
    counts += [f"{len(channels)} of {len(CHANNELS)} channels"] if channels or not visemes else []
    shown = {group for group, names in GROUPS.items() if sources & set(names)} | ({"mouth"} if visemes else set())
    missing = [f"no {group}" for group in GROUPS if group not in shown and group not in elsewhere]
    said = " and ".join(counts) + (f" {where}" if where else "")
    return f"{said}; {', '.join(missing)}" if missing else said


def _drives(
    profile: Profile, keys: Sequence[str], arkit: Sequence[Drive], least: int = LEAST_KEYS
) -> tuple[Drive, ...]:
    by_name: dict[str, str] = {}
    for key in keys:
        by_name.setdefault(_plain(key), key)
    drives = [
        Drive(key, row)
        for row in profile.named
        if (key := next((by_name[n] for n in map(str.lower, (row.target, *row.also)) if n in by_name), None))
        and not any(name.lower() in by_name for name in row.unless)
    ]
    if sum(not drive.row.mood for drive in drives) < least:
        return ()
    if profile.with_arkit:
        taken = {drive.key for drive in drives}
        drives += [d for d in arkit if not d.sources & set(GROUPS["mouth"]) and d.key not in taken]
    return tuple(sorted(drives, key=lambda drive: keys.index(drive.key)))


def _plain(key: str) -> str:
    """A key's name in lower case, without a copy's number and what stands before a dot, a colon or two underscores."""
    plain = _COPY_NUMBER.sub("", key)
    return (plain if plain.lower().startswith("vrc.") else _PREFIX.sub("", plain)).lower()


def _plain_bone(name: str) -> str:
    return name.rpartition(":")[2].lower()

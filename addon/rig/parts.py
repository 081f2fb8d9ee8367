"""What a character in the scene consists of, and what of a performance it can show.

The values here hold Blender references and are for use within one call; nothing keeps them from one tick to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import bpy

from ..core.channels import CHANNELS, GROUPS
from ..core.detection import ARKIT, Drive, coverage_sentence, covered
from ..core.naming import BoneGuess
from ..core.probes import Probe

GEOMETRY: Final[str] = "Geometry"
"""Stands for a convention where there is none."""
_OF_JAWS: Final = ("jawOpen", "jawLeft", "jawRight", "jawForward", "mouthClose", *GROUPS["gaze"])


@dataclass(frozen=True, eq=False)
class KeyTarget:
    """A Key datablock, one of the objects that show it, its naming convention and what drives its shape keys.

    `fitted` are the keys that are solved for by geometry, on the mesh with the landmarks and on those that share names
    with it, as teeth and brows do.
    """

    key: bpy.types.Key
    owner: bpy.types.Object
    profile: str
    matches: tuple[Drive, ...]
    fitted: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PropertyTarget:
    """A datablock with custom properties that are face controls; `paths` has the data path of each by its name."""

    holder: bpy.types.ID
    profile: str
    matches: tuple[Drive, ...]
    paths: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Face:
    """Bones of the face that follow channels: their convention and rows.

    `centres` are the joints (left, right) about which eyes turn that are aimed at the eye bones; empty where the eye
    bones themselves turn.
    """

    profile: str = ""
    matches: tuple[Drive, ...] = ()
    centres: tuple[str, str] = ("", "")


@dataclass(frozen=True, eq=False)
class Fit:
    """A face that is solved for by geometry: the mesh with the landmarks, its free keys, and the probed bones.

    `unit` is the length of a bone's shift by 1, in the armature.
    """

    owner: bpy.types.Object
    keys: tuple[str, ...] = ()
    bones: tuple[Probe, ...] = ()
    unit: float = 1.0


@dataclass(frozen=True, eq=False)
class Character:
    """A character in the scene: `bones` are names in `armature`; `notes` say what is left out, one sentence each."""

    name: str
    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    keys: tuple[KeyTarget, ...]
    armature: bpy.types.Object | None
    bones: BoneGuess
    notes: tuple[str, ...]
    properties: tuple[PropertyTarget, ...] = ()
    face: Face = field(default_factory=Face)
    fit: Fit | None = None

    @property
    def drives(self) -> tuple[Drive, ...]:
        """Everything that follows channels or visemes."""
        return tuple(match for target in (*self.keys, *self.properties, self.face) for match in target.matches)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that some control follows, in contract order."""
        matched = covered(self.drives)
        return tuple(name for name in CHANNELS if name in matched)

    @property
    def says_little(self) -> bool:
        """Whether its names tell of no more than a jaw: then its shapes may tell more."""
        return covered(self.drives) <= set(_OF_JAWS)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The conventions of its meshes, properties and face bones, each once."""
        named = [target.profile for target in (*self.keys, *self.properties)]
        return tuple(dict.fromkeys((*named, *([self.face.profile] if self.face.matches else []))))

    @property
    def coverage(self) -> str:
        """One line for the artist: what of a performance this character can show."""
        names = ", ".join(name for name in self.profiles if name != ARKIT)
        fitted = self._fitted()
        looks = ("gaze",) if self.bones.eye_left or self.bones.eye_right else ()
        said = coverage_sentence(self.drives, self._where(), looks) if self.drives or not fitted else ""
        said = "; ".join(filter(None, (fitted, said)))
        return f"{f'{names}: ' if names else ''}{said}; {self._bones_said()}"

    @property
    def datablocks(self) -> tuple[bpy.types.ID, ...]:
        """Every datablock that a bake animates, each once."""
        return tuple(dict.fromkeys(self._datablocks()))

    def _datablocks(self) -> Iterator[bpy.types.ID]:
        yield from (target.key for target in self.keys)
        yield from (target.holder for target in self.properties)
        moved = any(vars(self.bones).values()) or self.face.matches or (self.fit is not None and self.fit.bones)
        if self.armature is not None and moved:
            yield self.armature

    def _fitted(self) -> str:
        if self.fit is None:
            return ""
        bones = len({probe.bone for probe in self.fit.bones})
        parts = [f"{len(self.fit.keys)} shape keys"] if self.fit.keys else []
        return " and ".join((*parts, *([f"{bones} bones"] if bones else []))) + " by geometry"

    def _where(self) -> str:
        places = [f"{len(self.keys)} meshes"] if self.keys else []
        places += ["properties"] if self.properties else []
        places += [f"{len({match.key for match in self.face.matches})} face bones"] if self.face.matches else []
        return f"on {' and '.join(places)}"

    def _bones_said(self) -> str:
        found = [label for label, bone in (("head", self.bones.head), ("neck", self.bones.neck)) if bone]
        eyes = [bone for bone in (self.bones.eye_left, self.bones.eye_right) if bone]
        found += ["eyes"] if len(eyes) == 2 else ["one eye"] if eyes else []
        return f"bones: {', '.join(found)}" if found else "no head or eye bones"

"""What a character is made from: sizes in metres, counts and colours. Another person is another `CharacterSpec`;
`roster.py` has those that ship.

Axes of every geometry module here are those of the face contract: +x to the character's left, +y up, +z out of the
face, origin midway between the eyes' height and the ear line (y = 0 at the pupils, z = 0 at the ear canal).
`build.py` alone turns them into Blender's.

Sizes follow adult anthropometry (Farkas, *Anthropometry of the Head and Face*, 1994: head height 0.23 m, breadth
0.152 m, pupil distance 0.063 m, mouth width 0.053 m, lower face 0.068 m), with eyes a third larger for legibility.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

Colour = tuple[float, float, float]
Triple = tuple[float, float, float]
Direction = tuple[float, float]
Solid = tuple[Literal["add", "cut"], str, tuple[Triple, ...], tuple[float, ...], float]
"""Operation, name, centre (or both ends), radii, blend width, in metres; see `skull.py`."""


@dataclass(frozen=True)
class EyeSpec:
    """One eye; angles in radians as seen from its centre, azimuth towards the temple, elevation up."""

    centre: tuple[float, float, float] = (0.0320, 0.0, 0.0655)
    """Centre of the left eyeball; the right one is its mirror image."""
    radius: float = 0.0174
    inner_azimuth: float = float(np.radians(56.0))
    outer_azimuth: float = float(np.radians(55.0))
    upper: float = float(np.radians(24.5))
    """Elevation of the upper lid margin at its highest."""
    lower: float = float(np.radians(19.0))
    tilt: float = float(np.radians(4.0))
    """How much higher the outer corner is than the inner one."""
    meet: float = float(np.radians(-11.0))
    """Elevation at which the closed lids meet in the middle."""
    iris: float = float(np.radians(30.5))
    pupil: float = float(np.radians(12.5))
    cornea: float = 0.025
    """Height of the corneal bulge as a share of the radius."""


@dataclass(frozen=True)
class MouthSpec:
    """The mouth; heights along y, protrusions along z."""

    line: float = -0.0690
    """Height of the line where the lips meet."""
    half_width: float = 0.0248
    upper_height: float = 0.0080
    lower_height: float = 0.0094
    upper_volume: float = 0.0034
    lower_volume: float = 0.0046
    teeth_back: float = 0.0085
    """Distance from the lips' contact to the front of the teeth."""


@dataclass(frozen=True)
class JawSpec:
    """The hinge of the jaw (temporomandibular joint, 1 cm before and below the ear canal) and its ranges at 1.0."""

    hinge: tuple[float, float] = (-0.0140, 0.0080)
    """(y, z) of the axis, which runs along x."""
    open_angle: float = float(np.radians(19.5))
    forward: float = 0.0065
    sideways: float = 0.0080


@dataclass(frozen=True)
class Sculpt:
    """Another place and size for the solid of that name in `skull.py`: its points moved, its radii scaled."""

    solid: str
    move: Triple = (0.0, 0.0, 0.0)
    scale: Triple = (1.0, 1.0, 1.0)
    """Factors of an ellipsoid's three radii; of a capsule the first two scale the radii of its ends."""


@dataclass(frozen=True)
class BrowSpec:
    """The brows, beside the curve in `features.py`."""

    height: float = 1.0
    """Factor of the width of the hair's band."""
    lift: float = 0.0
    """Metres up."""


@dataclass(frozen=True)
class LockRow:
    """A row of sculpted locks, each drawn from its `start` past `via` to its `end`.

    Each of the three is a pair of directions, for the first and the last lock of the row: degrees round the head from
    the front (towards the character's left) and elevation in degrees, seen from the middle of the cranium. Degrees go
    on past the back: a row from 140 to 220 passes behind.
    """

    count: int
    start: tuple[Direction, Direction]
    via: tuple[Direction, Direction]
    end: tuple[Direction, Direction]
    width: float = 0.0085
    """Half width of a lock where it is widest, metres."""
    height: float = 0.0040
    """Half thickness there."""
    lift: float = 0.0
    """How far it stands off the shell."""
    tip: float = 0.10
    """Width of the end as a share of the widest place."""


@dataclass(frozen=True)
class HairSpec:
    """The hair: a shell from the hairline to the crown, and on it locks or tufts."""

    hairline: tuple[Direction, ...] = (
        (0, 28), (20, 28), (38, 26), (50, 20), (60, 9), (68, -4), (76, -15), (83, -21), (88, -18), (93, -6),
        (102, -3), (112, -9), (122, -26), (135, -42), (155, -47), (180, -49),
    )  # fmt: skip
    """Degrees round the head, elevation in degrees."""
    body: float = 0.0050
    """Thickness of the shell, before what follows."""
    front: float = 0.0010
    """More over the forehead."""
    back: float = 0.0040
    """More at the back."""
    top: float = 0.0020
    """More on the crown."""
    volumes: tuple[Solid, ...] = ()
    """Solids that the hair lies over beside the head: its own mass at the back."""
    locks: tuple[LockRow, ...] = (
        # the parting's left side: over the temple, tucked behind the ear
        LockRow(11, ((17, 32), (24, 86)), ((50, 34), (104, 52)), ((70, -8), (130, -34)), 0.0105, 0.0046, 0.0025),
        # its right side: a fringe that sweeps over the forehead, then the same
        LockRow(16, ((15, 31), (20, 86)), ((-26, 30), (-95, 62)), ((-66, -8), (-130, -34)), 0.0115, 0.0058, 0.0050),
        # from the crown down the nape
        LockRow(17, ((95, 80), (265, 80)), ((112, 20), (248, 20)), ((124, -50), (236, -50)), 0.0110, 0.0050, 0.0020),
    )
    tufts: int = 0
    """Number of round tufts over the whole shell, for curled hair."""
    tuft_radius: float = 0.0075
    variety: float = 0.10
    """How much locks differ in brightness, as a share."""


@dataclass(frozen=True)
class GridSpec:
    """Counts of the quad layout. Columns are counted from the front, rows from the foot of the neck."""

    columns: int = 72
    rows: int = 51
    mouth_columns: tuple[int, int] = (-8, 8)
    mouth_rows: tuple[int, int] = (17, 23)
    eye_columns: tuple[int, int] = (3, 13)
    eye_rows: tuple[int, int] = (34, 40)


@dataclass(frozen=True)
class Palette:
    """sRGB colours, 0..1."""

    skin: Colour = (0.93, 0.74, 0.64)
    blush: Colour = (0.92, 0.57, 0.50)
    lips: Colour = (0.80, 0.46, 0.44)
    mouth: Colour = (0.30, 0.10, 0.10)
    brow: Colour = (0.17, 0.10, 0.07)
    lash: Colour = (0.08, 0.05, 0.04)
    hair: Colour = (0.20, 0.12, 0.09)
    sclera: Colour = (0.93, 0.92, 0.90)
    iris: Colour = (0.25, 0.42, 0.47)
    limbus: Colour = (0.10, 0.17, 0.21)
    pupil: Colour = (0.01, 0.01, 0.01)
    glint: Colour = (1.0, 1.0, 1.0)
    teeth: Colour = (0.92, 0.90, 0.84)
    gums: Colour = (0.66, 0.30, 0.31)
    tongue: Colour = (0.71, 0.33, 0.33)


@dataclass(frozen=True)
class CharacterSpec:
    """Everything that makes one character."""

    eye: EyeSpec = field(default_factory=EyeSpec)
    mouth: MouthSpec = field(default_factory=MouthSpec)
    jaw: JawSpec = field(default_factory=JawSpec)
    grid: GridSpec = field(default_factory=GridSpec)
    brow: BrowSpec = field(default_factory=BrowSpec)
    hair: HairSpec = field(default_factory=HairSpec)
    sculpt: tuple[Sculpt, ...] = ()
    """What differs from the skull that `skull.py` has."""
    solids: tuple[Solid, ...] = ()
    """More solids, after those of `skull.py`."""
    palette: Palette = field(default_factory=Palette)
    eye_height: float = 1.60
    """Height of the eyes above Blender's floor, where the armature's root stands."""

    @property
    def iod(self) -> float:
        """Distance between the eye centres, metres."""
        return 2.0 * self.eye.centre[0]


DEFAULT: Final[CharacterSpec] = CharacterSpec()

"""The characters that ship, by name: three people from one code, who differ in build, age and colours.

Sizes change within the adult range of Farkas (*Anthropometry of the Head and Face*, 1994): noses and ears of the old
are longer, lips thinner, lids lower; a heavy build widens jaw, cheeks and neck. The rest was set by looking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .spec import DEFAULT, BrowSpec, CharacterSpec, EyeSpec, HairSpec, LockRow, MouthSpec, Palette, Sculpt

_OTTO: Final = CharacterSpec(
    eye=EyeSpec(
        centre=(0.0325, 0.0, 0.0655),
        radius=0.0158,
        upper=float(np.radians(21.0)),
        lower=float(np.radians(17.0)),
        tilt=float(np.radians(0.5)),
    ),
    mouth=MouthSpec(
        half_width=0.0262, upper_height=0.0064, lower_height=0.0084, upper_volume=0.0016, lower_volume=0.0026
    ),
    brow=BrowSpec(height=1.30, lift=-0.0015),
    hair=HairSpec(
        hairline=(
            (0, 34), (12, 35), (22, 39), (32, 41), (42, 36), (52, 22), (60, 8), (68, -6), (78, -16), (84, -16),
            (90, -8), (102, -3), (112, -9), (122, -24), (135, -38), (155, -43), (180, -45),
        ),
        body=0.0050, front=0.0030, back=0.0030, top=0.0040, variety=0.09,
        locks=(
            # from the hairline over the top, brushed back
            LockRow(17, ((-42, 38), (42, 38)), ((-66, 84), (66, 84)), ((212, 18), (148, 18)),
                    0.0105, 0.0052, 0.0022, 0.3),
            LockRow(14, ((-34, 41), (34, 41)), ((-80, 88), (80, 88)), ((200, 4), (160, 4)),
                    0.0115, 0.0048, 0.0036, 0.3),
            # temples and sides, brushed back over the ears
            LockRow(17, ((46, 36), (76, -6)), ((80, 50), (94, 0)), ((140, 26), (120, -20)),
                    0.0085, 0.0030, 0.0008, 0.3),
            LockRow(17, ((-46, 36), (-76, -6)), ((-80, 50), (-94, 0)), ((-140, 26), (-120, -20)),
                    0.0085, 0.0030, 0.0008, 0.3),
            # down the nape
            LockRow(19, ((108, 34), (252, 34)), ((114, 0), (246, 0)), ((126, -40), (234, -40)),
                    0.0095, 0.0034, 0.0, 0.25),
        ),
    ),
    sculpt=(
        Sculpt("jaw", scale=(1.02, 1.01, 1.02)),
        Sculpt("jaw corner", move=(0.0005, -0.0060, 0.0050), scale=(1.04, 1.10, 1.10)),
        Sculpt("neck", scale=(1.08, 1.12, 1.0)),
        Sculpt("chin", move=(0.0, -0.0005, 0.0015), scale=(1.20, 1.0, 1.0)),
        Sculpt("cheek", move=(0.0025, -0.0050, 0.0), scale=(1.12, 1.05, 1.08)),
        Sculpt("brow ridge", move=(0.0, 0.0, 0.0022), scale=(1.15, 1.15, 1.0)),
        Sculpt("nose bridge", move=(0.0, 0.0, 0.0015), scale=(1.35, 1.30, 1.0)),
        Sculpt("nose tip", move=(0.0, -0.0010, 0.0010), scale=(1.25, 1.15, 1.10)),
        Sculpt("nose wing", move=(0.0016, 0.0, 0.0), scale=(1.15, 1.15, 1.0)),
    ),
    solids=(
        ("add", "bag under the eye", ((0.0300, -0.0165, 0.0765),), (0.0120, 0.0035, 0.0040), 0.008),
    ),
    palette=Palette(
        skin=(0.90, 0.68, 0.58), blush=(0.84, 0.46, 0.40), lips=(0.76, 0.48, 0.43), brow=(0.42, 0.40, 0.38),
        lash=(0.20, 0.16, 0.14), hair=(0.62, 0.61, 0.60), sclera=(0.91, 0.89, 0.86), iris=(0.36, 0.46, 0.56),
        limbus=(0.16, 0.20, 0.26), teeth=(0.88, 0.84, 0.74),
    ),
    eye_height=1.68,
)  # fmt: skip

_NIA: Final = CharacterSpec(
    eye=EyeSpec(
        centre=(0.0322, 0.0, 0.0655),
        upper=float(np.radians(26.5)),
        lower=float(np.radians(19.5)),
        tilt=float(np.radians(7.0)),
    ),
    mouth=MouthSpec(
        half_width=0.0256, upper_height=0.0098, lower_height=0.0112, upper_volume=0.0036, lower_volume=0.0046
    ),
    brow=BrowSpec(height=0.95, lift=0.0008),
    hair=HairSpec(
        hairline=(
            (0, 32), (20, 32), (38, 29), (50, 21), (60, 9), (68, -2), (76, -12), (83, -16), (88, -14), (93, -6),
            (102, -2), (112, -8), (122, -24), (135, -38), (155, -42), (180, -44),
        ),
        body=0.0130, front=0.0030, back=0.0080, top=0.0070, locks=(), tufts=680, tuft_radius=0.0074, variety=0.22,
    ),
    sculpt=(
        Sculpt("jaw", scale=(0.95, 0.99, 1.0)),
        Sculpt("jaw corner", move=(-0.0020, 0.0015, 0.0), scale=(0.90, 1.0, 1.0)),
        Sculpt("neck", scale=(0.90, 0.90, 1.0)),
        Sculpt("chin", move=(0.0, 0.0010, 0.0005), scale=(0.85, 0.95, 1.0)),
        Sculpt("cheekbone", move=(0.0010, 0.0010, 0.0010), scale=(1.05, 1.05, 1.05)),
        Sculpt("nose bridge", move=(0.0, 0.0, -0.0018), scale=(1.10, 1.15, 1.0)),
        Sculpt("nose tip", move=(0.0, 0.0, -0.0015), scale=(1.12, 1.0, 1.0)),
        Sculpt("nose wing", move=(0.0020, 0.0, 0.0), scale=(1.20, 1.05, 1.0)),
    ),
    palette=Palette(
        skin=(0.47, 0.30, 0.22), blush=(0.50, 0.25, 0.19), lips=(0.46, 0.22, 0.19), mouth=(0.22, 0.07, 0.07),
        brow=(0.06, 0.04, 0.03), lash=(0.03, 0.02, 0.02), hair=(0.085, 0.060, 0.050), sclera=(0.92, 0.90, 0.87),
        iris=(0.30, 0.17, 0.08), limbus=(0.12, 0.07, 0.04), gums=(0.52, 0.24, 0.24),
    ),
    eye_height=1.55,
)  # fmt: skip

CHARACTERS: Final[Mapping[str, CharacterSpec]] = {"mira": DEFAULT, "otto": _OTTO, "nia": _NIA}
"""Specifications by name; the first is the default."""
DEFAULT_CHARACTER: Final[str] = next(iter(CHARACTERS))

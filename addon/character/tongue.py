"""The tongue: a soft body with a tip, a back and a groove, that follows the jaw, touches the palate and comes out.

`tongueOut` at 1 is the tongue put out over the lip. What lies before that is no straight line, so a corrective
lifts the tip on the way: at a quarter it stands behind the upper teeth, as for t, d, n and l; at four fifths it lies
between the teeth, as for th. Nothing is added at the ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .jaw import jaw_motion
from .model import Corrective, Part
from .regions import smoothstep
from .sdf import Field
from .solids import tube
from .spec import CharacterSpec
from .teeth import arch_front
from .uv import flat

_SECTIONS: Final[tuple[tuple[float, float, float, float], ...]] = (
    # distance behind the front teeth, height of the middle over the bite, half width, half thickness (mm), root to tip
    (58.0, -27.0, 13.0, 9.0), (51.0, -17.0, 16.0, 10.0), (44.0, -11.5, 17.6, 9.6), (37.0, -9.2, 18.0, 8.6),
    (30.0, -8.8, 17.4, 7.4), (24.0, -9.3, 16.0, 6.2), (18.5, -9.9, 13.8, 5.0), (14.0, -10.2, 11.4, 4.1),
    (10.5, -10.3, 9.4, 3.3), (8.0, -10.3, 7.2, 2.6), (6.6, -10.3, 4.6, 1.7),
)  # fmt: skip
_SIDES: Final[int] = 32
_FLAT_BELOW: Final[float] = 0.75
"""Thickness under the middle as a share of that above it."""
_GROOVE: Final[float] = 0.50
"""Depth of the furrow along the back, as a share of the half thickness."""
_OUT: Final[tuple[float, float]] = (0.0300, 0.0060)
"""How far the tip comes forward and hangs down when it is out."""
_CLIMB: Final[float] = 0.0110
"""How far the body rises over the lower teeth before it hangs."""
_RAISED: Final[tuple[float, float]] = (0.0600, -0.0490)
"""Up and forward: what the corrective adds to the tip, for each unit of t (1 - t)^2."""
_DARK: Final[float] = 0.50
"""Brightness of the root and of the furrow against the tip."""


def _body(front: float, bite: float) -> tuple[np.ndarray, np.ndarray]:
    t = 2.0 * np.pi * (np.arange(_SIDES) + _SIDES // 8) / _SIDES
    c, s = np.cos(t), np.sin(t)
    rings = []
    for back, height, half, thick in np.array(_SECTIONS) * 1e-3:
        x = half * np.sign(c) * np.abs(c) ** 0.9
        up = thick * np.where(s > 0, np.abs(s) ** 0.8, -_FLAT_BELOW * np.abs(s))
        deep = _GROOVE * thick * smoothstep(0.007, 0.018, back)
        groove = -deep * np.exp(-((x / (0.22 * half)) ** 2)) * (s > 0)
        rings.append(np.stack([x, bite + height + up + groove, np.full(_SIDES, front - back)], -1))
    return tube(np.stack(rings), np.array([0.0, 0.0, -0.002]), np.array([0.0, 0.0, 0.0016]))


def _colours(spec: CharacterSpec, vertices: np.ndarray, tip: np.ndarray) -> np.ndarray:
    """Darker towards the root and in the furrow."""
    furrow = np.exp(-((vertices[:, 0] / 0.0024) ** 2)) * smoothstep(0.99, 0.85, tip)
    shade = 1.0 - (1.0 - _DARK) * np.clip(smoothstep(0.98, 0.60, tip) + 0.7 * furrow, 0.0, 1.0)
    return (shade[:, None] * np.array(spec.palette.tongue)).astype(np.float32)


def build_tongue(spec: CharacterSpec, field: Field) -> Part:
    """`Tongue` with the four jaw keys and tongueOut, and the corrective that lifts its tip on the way out."""
    vertices, quads = _body(arch_front(spec, field), spec.mouth.line)
    tip = np.clip((vertices[:, 2] - vertices[:, 2].min()) / np.ptp(vertices[:, 2]), 0.0, 1.0)
    share = 0.75 + 0.25 * tip
    keys = jaw_motion(spec.jaw, vertices, share)
    rise = _CLIMB * smoothstep(0.15, 0.60, tip)
    out = np.stack([vertices[:, 0] * 0.10 * tip, rise - _OUT[1] * tip**6, _OUT[0] * tip**1.3], axis=-1)
    keys["tongueOut"] = out.astype(np.float32)
    bend = smoothstep(0.30, 1.0, tip)
    up, forward = _RAISED
    raised = np.stack([-0.25 * vertices[:, 0] * bend, up * bend - rise, forward * tip**1.3], axis=-1)
    return Part(
        name="Tongue",
        vertices=vertices.astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=("tongue",),
        colours=_colours(spec, vertices, tip),
        weights={"jaw": share.astype(np.float32), "head": (1.0 - share).astype(np.float32)},
        uv=flat(vertices, quads, (0, 2)),
        keys=keys,
        correctives={
            "tongueOut_on_the_way": Corrective(
                (("tongueOut", None), (1.0, "tongueOut"), (1.0, "tongueOut")), raised.astype(np.float32)
            )
        },
    )

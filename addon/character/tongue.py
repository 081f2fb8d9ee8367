"""The tongue: a flattened body on the floor of the mouth that follows the jaw and comes out."""

from __future__ import annotations

from typing import Final

import numpy as np

from .jaw import jaw_motion
from .model import Part
from .regions import smoothstep
from .sdf import Field
from .solids import tube
from .spec import CharacterSpec
from .teeth import arch_front
from .uv import flat

_SECTIONS: Final[tuple[tuple[float, float, float, float], ...]] = (
    # distance behind the front teeth, height above the bite, half width, half thickness (metres), root to tip
    (0.058, -0.0230, 0.0130, 0.0080),
    (0.050, -0.0130, 0.0165, 0.0090),
    (0.042, -0.0080, 0.0185, 0.0082),
    (0.034, -0.0062, 0.0190, 0.0072),
    (0.026, -0.0060, 0.0180, 0.0062),
    (0.019, -0.0064, 0.0158, 0.0052),
    (0.013, -0.0070, 0.0124, 0.0042),
    (0.009, -0.0074, 0.0085, 0.0032),
    (0.007, -0.0076, 0.0045, 0.0020),
)
_OUT: Final[tuple[float, float]] = (0.0320, 0.0045)
"""How far the tip comes forward and hangs down when it is out."""
_CLIMB: Final[float] = 0.0118


def _body(front: float, bite: float) -> tuple[np.ndarray, np.ndarray]:
    t = 2.0 * np.pi * (np.arange(16) + 2) / 16
    rings = []
    for back, height, half, thick in _SECTIONS:
        x = 0.92 * half * np.cos(t)
        groove = -0.22 * thick * np.exp(-((x / (0.3 * half)) ** 2)) * (np.sin(t) > 0)
        rings.append(np.stack([x, bite + height - 0.0025 + thick * np.sin(t) + groove, np.full(16, front - back)], -1))
    return tube(np.stack(rings), np.array([0.0, 0.0, -0.002]), np.array([0.0, 0.0, 0.0015]))


def build_tongue(spec: CharacterSpec, field: Field) -> Part:
    """`Tongue` with the four jaw keys and tongueOut."""
    front, bite = arch_front(spec, field), spec.mouth.line
    vertices, quads = _body(front, bite)
    tip = np.clip((vertices[:, 2] - vertices[:, 2].min()) / np.ptp(vertices[:, 2]), 0.0, 1.0)
    share = 0.75 + 0.25 * tip
    keys = jaw_motion(spec.jaw, vertices, share)
    # It climbs over the lower teeth and the lip before it hangs.
    lift = _CLIMB * smoothstep(0.15, 0.60, tip)
    out = np.stack([vertices[:, 0] * 0.10 * tip, lift - _OUT[1] * tip**6, _OUT[0] * tip**1.3], axis=-1)
    keys["tongueOut"] = out.astype(np.float32)
    count = len(vertices)
    return Part(
        name="Tongue",
        vertices=vertices.astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=("tongue",),
        colours=np.tile(np.array(spec.palette.tongue, np.float32), (count, 1)),
        weights={"jaw": share.astype(np.float32), "head": (1.0 - share).astype(np.float32)},
        uv=flat(vertices, quads, (0, 2)),
        keys=keys,
    )

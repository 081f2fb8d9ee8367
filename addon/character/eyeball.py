"""The eye: a white ball whose iris lies behind a clear cornea, as a shallow bowl round the pupil; and a glint."""

from __future__ import annotations

from typing import Final

import numpy as np

from .model import Part
from .solids import join, tube
from .spec import CharacterSpec, EyeSpec
from .uv import polar

_SIDES: Final[int] = 32
MATERIALS: Final[tuple[str, ...]] = ("sclera", "limbus", "iris", "pupil", "glint")
_BOWL: Final[float] = 0.10
"""Depth of the iris below its rim, as a share of the eyeball's radius: light from one side shows on the other."""
_CLEAR: Final[float] = 1.12
"""Polar angle of the cornea's rim as a share of the iris's."""


def _ball(eye: EyeSpec, polar_angle: np.ndarray) -> np.ndarray:
    """Distance of the eyeball's surface from its centre at an angle from the gaze axis: inside the limbus the iris."""
    rim = eye.iris
    inside = np.clip(1.0 - polar_angle / rim, 0.0, 1.0)
    flat = np.cos(rim) / np.cos(np.minimum(polar_angle, rim))
    return eye.radius * np.where(polar_angle < rim, flat - _BOWL * inside, 1.0)


def _cornea(eye: EyeSpec, polar_angle: np.ndarray) -> np.ndarray:
    """Distance of the cornea from the eyeball's centre: it rises smoothly inside the limbus."""
    t = np.clip(polar_angle / (eye.iris * 1.15), 0.0, 1.0)
    return eye.radius * (1.0 + eye.cornea * (1.0 - t**2) ** 2 + 0.0015)


def _direction(polar_angle: float, sides: int = _SIDES, turn: float = np.pi / 4) -> np.ndarray:
    """Unit vectors round the gaze axis, clockwise from the front: rings proceed from front to back."""
    t = -2.0 * np.pi * np.arange(sides) / sides + turn
    return np.stack(
        [np.sin(polar_angle) * np.cos(t), np.sin(polar_angle) * np.sin(t), np.full(sides, np.cos(polar_angle))], -1
    )


def _polar_of(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unit = vertices / np.linalg.norm(vertices, axis=-1, keepdims=True)
    return unit, np.arccos(np.clip(unit[:, 2], -1.0, 1.0))


def _glint(eye: EyeSpec) -> tuple[np.ndarray, np.ndarray]:
    """A small bright spot on the cornea, up and to the side, as from a window; the same side in both eyes."""
    flat = _direction(0.075, 8)
    points, quads = tube(np.stack([flat, flat * (1.0, 1.0, 0.999)]), start_bulge=np.zeros(3))
    quads, points = quads[8:], np.delete(points, np.s_[8:16], axis=0)
    quads = np.where(quads >= 16, quads - 8, quads)
    up, side = np.radians(13.0), np.radians(12.0)
    turn_x = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    turn_y = np.array([[np.cos(side), 0, np.sin(side)], [0, 1, 0], [-np.sin(side), 0, np.cos(side)]])
    unit, angle = _polar_of(points @ (turn_y @ turn_x).T)
    return unit * (_cornea(eye, angle) + eye.radius * 0.008)[:, None], quads


def _centre(eye: EyeSpec, side: str) -> tuple[float, float, float]:
    x, y, z = eye.centre
    return (x if side == "Left" else -x, y, z)


def build_eye(spec: CharacterSpec, side: str) -> Part:
    """`EyeLeft` or `EyeRight`; its origin is the centre of the eyeball, vertex positions are in head axes."""
    eye = spec.eye
    inner = np.linspace(eye.pupil, eye.iris * 0.90, 5)
    outer = np.linspace(eye.iris * 1.04, np.radians(160.0), 11)
    angles = np.concatenate([inner, [eye.iris * 0.97], outer])
    rings = np.stack([_direction(a) for a in angles])
    ball, quads = tube(rings, start_bulge=np.zeros(3), end_bulge=np.zeros(3))
    unit, angle = _polar_of(ball)
    ball = unit * _ball(eye, angle)[:, None]
    wall = np.repeat(np.arange(len(angles) - 1), _SIDES)
    slots = np.where(wall < len(inner) - 1, 2, np.where(wall < len(inner) + 1, 1, 0))
    cap = (_SIDES // 4) ** 2
    slots = np.concatenate([slots, np.full(cap, 3), np.zeros(cap, int)])
    vertices, all_quads = join([(ball, quads), _glint(eye)])
    slots = np.concatenate([slots, np.full(len(all_quads) - len(quads), 4)]).astype(np.int32)
    centre = _centre(eye, side)
    colours = np.zeros((len(vertices), 3), np.float32)
    for slot, name in enumerate(MATERIALS):
        colours[np.unique(all_quads[slots == slot])] = getattr(spec.palette, name)
    return Part(
        name=f"Eye{side}",
        vertices=(vertices + centre).astype(np.float32),
        quads=all_quads,
        slots=slots,
        materials=MATERIALS,
        colours=colours,
        weights={f"eye_{side.lower()}": np.ones(len(vertices), np.float32)},
        uv=polar(vertices, all_quads),
        origin=centre,
    )


def build_cornea(spec: CharacterSpec, side: str) -> Part:
    """`CorneaLeft` or `CorneaRight`: the clear window before the iris, an open shell."""
    eye = spec.eye
    rings = np.stack([_direction(a) for a in np.linspace(eye.iris * 0.25, eye.iris * _CLEAR, 8)])
    shell, quads = tube(rings, start_bulge=np.zeros(3))
    unit, angle = _polar_of(shell)
    vertices = unit * _cornea(eye, angle)[:, None]
    centre = _centre(eye, side)
    return Part(
        name=f"Cornea{side}",
        vertices=(vertices + centre).astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=("cornea",),
        colours=np.ones((len(vertices), 3), np.float32),
        weights={f"eye_{side.lower()}": np.ones(len(vertices), np.float32)},
        uv=polar(vertices, quads),
        origin=centre,
    )


def pupil_vertex(part: Part) -> int:
    """The vertex of an eye that lies on its gaze axis."""
    sideways = np.linalg.norm(part.vertices[:, :2] - np.array(part.origin[:2], np.float32), axis=1)
    return int(np.argmin(np.where(part.vertices[:, 2] > part.origin[2], sideways, np.inf)))

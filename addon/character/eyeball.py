"""The eyeball: sclera, limbus, iris and pupil on one surface with the bulge of the cornea, and a glint."""

from __future__ import annotations

from typing import Final

import numpy as np

from .model import Part
from .solids import join, tube
from .spec import CharacterSpec, EyeSpec

_SIDES: Final[int] = 32
MATERIALS: Final[tuple[str, ...]] = ("sclera", "limbus", "iris", "pupil", "glint")


def _surface(eye: EyeSpec, polar: np.ndarray) -> np.ndarray:
    """Distance from the centre at an angle from the gaze axis: the cornea rises smoothly inside the limbus."""
    t = np.clip(polar / (eye.iris * 1.15), 0.0, 1.0)
    return eye.radius * (1.0 + eye.cornea * (1.0 - t**2) ** 2)


def _ring(eye: EyeSpec, polar: float, sides: int = _SIDES, turn: float = np.pi / 4) -> np.ndarray:
    """Points round the gaze axis, clockwise from the front: rings proceed from front to back."""
    t = -2.0 * np.pi * np.arange(sides) / sides + turn
    direction = np.stack([np.sin(polar) * np.cos(t), np.sin(polar) * np.sin(t), np.full(sides, np.cos(polar))], -1)
    return direction * _surface(eye, np.array(polar))


def _on_surface(eye: EyeSpec, vertices: np.ndarray, lift: float = 0.0) -> np.ndarray:
    unit = vertices / np.linalg.norm(vertices, axis=-1, keepdims=True)
    polar = np.arccos(np.clip(unit[:, 2], -1.0, 1.0))
    return unit * (_surface(eye, polar) + lift)[:, None]


def _glint(eye: EyeSpec) -> tuple[np.ndarray, np.ndarray]:
    """A small bright spot up and to the side, as from a window; the same side in both eyes."""
    flat = _ring(eye, 0.075, 8)
    points, quads = tube(np.stack([flat, flat * (1.0, 1.0, 0.999)]), start_bulge=np.zeros(3))
    quads, points = quads[8:], np.delete(points, np.s_[8:16], axis=0)
    quads = np.where(quads >= 16, quads - 8, quads)
    up, side = np.radians(13.0), np.radians(12.0)
    turn_x = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    turn_y = np.array([[np.cos(side), 0, np.sin(side)], [0, 1, 0], [-np.sin(side), 0, np.cos(side)]])
    return _on_surface(eye, points @ (turn_y @ turn_x).T, eye.radius * 0.012), quads


def build_eye(spec: CharacterSpec, side: str) -> Part:
    """`EyeLeft` or `EyeRight`; its origin is the centre of the eyeball, vertex positions are in head axes."""
    eye = spec.eye
    inner = np.linspace(eye.pupil, eye.iris * 0.90, 5)
    outer = np.linspace(eye.iris * 1.04, np.radians(160.0), 11)
    polar = np.concatenate([inner, [eye.iris * 0.97], outer])
    rings = np.stack([_ring(eye, a) for a in polar])
    ball, quads = tube(rings, start_bulge=np.zeros(3), end_bulge=np.zeros(3))
    ball = _on_surface(eye, ball)
    wall = np.repeat(np.arange(len(polar) - 1), _SIDES)
    slots = np.where(wall < len(inner) - 1, 2, np.where(wall < len(inner) + 1, 1, 0))
    cap = (_SIDES // 4) ** 2
    slots = np.concatenate([slots, np.full(cap, 3), np.zeros(cap, int)])
    vertices, all_quads = join([(ball, quads), _glint(eye)])
    slots = np.concatenate([slots, np.full(len(all_quads) - len(quads), 4)]).astype(np.int32)
    sign = 1.0 if side == "Left" else -1.0
    centre = (sign * eye.centre[0], eye.centre[1], eye.centre[2])
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
        origin=centre,
    )


def pupil_vertex(part: Part) -> int:
    """The vertex of an eye that lies on its gaze axis."""
    sideways = np.linalg.norm(part.vertices[:, :2] - np.array(part.origin[:2], np.float32), axis=1)
    return int(np.argmin(np.where(part.vertices[:, 2] > part.origin[2], sideways, np.inf)))

"""Teeth, gums and tongue: bodies behind the lips that follow the jaw."""

from __future__ import annotations

from typing import Final

import numpy as np

from .jaw import jaw_motion
from .lips import on_skin
from .model import Part
from .sdf import Field
from .solids import join, tube
from .spec import CharacterSpec
from .uv import around

_WIDTHS: Final = {
    # mesiodistal crown widths in mm from the midline back (Wheeler's Dental Anatomy, mean adult values)
    "upper": (8.5, 6.5, 7.5, 7.0, 7.0, 10.0, 9.0),
    "lower": (5.0, 5.5, 7.0, 7.0, 7.0, 11.0, 10.5),
}
_HEIGHTS: Final = {"upper": (9.6, 8.6, 9.4, 8.0, 7.6, 7.2, 7.0), "lower": (8.4, 8.6, 9.4, 8.2, 7.8, 7.4, 7.0)}
"""Visible crown heights in mm, same source, lessened by the gum."""
_ARCH_HALF_WIDTH: Final[float] = 0.0248
_ARCH_DEPTH: Final[float] = 0.0400
_DEPTH: Final = (5.0, 4.8, 5.6, 7.0, 7.4, 8.6, 8.6)
"""Thickness from lip side to tongue side in mm."""


def arch_front(spec: CharacterSpec, field: Field) -> float:
    """Depth z of the front of the upper incisors."""
    return float(on_skin(field, np.zeros(1), np.array([spec.mouth.line]))[0]) - spec.mouth.teeth_back


def _arch(front: float, inset: float, samples: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (S,3) along the left half of a dental arch from the midline back, and their arc lengths."""
    t = np.linspace(0.0, np.pi / 2, samples)
    x = (_ARCH_HALF_WIDTH - inset) * np.sin(t) ** 0.80
    z = front - inset - _ARCH_DEPTH * (1.0 - np.cos(t))
    points = np.stack([x, np.zeros_like(x), z], -1)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return points, length


def _tooth(width: float, height: float, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """A crown, root end at y = 0, edge at y = height, lip side towards +z."""
    t = -2.0 * np.pi * (np.arange(16) + 2) / 16
    c, s = np.cos(t), np.sin(t)
    outline = np.stack([np.sign(c) * np.abs(c) ** 0.6, np.sign(s) * np.abs(s) ** 0.6], -1)
    rings = []
    for level, wide, thick in (
        (0.0, 0.80, 0.85),
        (0.35, 0.96, 1.0),
        (0.75, 1.0, 0.80),
        (0.94, 0.95, 0.52),
        (1.0, 0.82, 0.36),
    ):
        x, z = outline[:, 0] * width / 2 * wide, outline[:, 1] * depth / 2 * thick
        rings.append(np.stack([x, np.full(16, level * height), z + depth * 0.10 * (1.0 - thick)], -1))
    return tube(np.stack(rings), np.zeros(3), np.array([0.0, 0.02 * height, 0.0]))


def _crowns(jaw: str, front: float, inset: float) -> list[tuple[np.ndarray, np.ndarray]]:
    points, length = _arch(front, inset)
    scale = 0.98 * length[-1] / (sum(_WIDTHS[jaw]) * 1e-3)
    bodies, at = [], 0.0
    for width_mm, height_mm, depth_mm in zip(_WIDTHS[jaw], _HEIGHTS[jaw], _DEPTH, strict=True):
        width = width_mm * 1e-3 * scale
        middle = at + width / 2
        centre = np.array([np.interp(middle, length, points[:, k]) for k in range(3)])
        ahead = np.array([np.interp(middle + 1e-3, length, points[:, k]) for k in range(3)]) - centre
        yaw = np.arctan2(-ahead[2], ahead[0])
        body, quads = _tooth(width * 0.985, height_mm * 1e-3, depth_mm * 1e-3)
        body = body - (0.0, 0.0, depth_mm * 0.5e-3)
        c, s = np.cos(yaw), np.sin(yaw)
        body = np.stack([c * body[:, 0] + s * body[:, 2], body[:, 1], -s * body[:, 0] + c * body[:, 2]], -1) + centre
        bodies.append((body, quads))
        bodies.append((body * (-1.0, 1.0, 1.0), quads[:, ::-1]))
        at += width
    return bodies


def _gum(front: float, inset: float) -> tuple[np.ndarray, np.ndarray]:
    """The ridge that the crowns stand in, root side at negative y."""
    half, _ = _arch(front, inset, 15)
    path = np.concatenate([half[::-1] * (-1.0, 1.0, 1.0), half[1:]])
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    outward = np.cross(np.array([0.0, 1.0, 0.0]), along) * -1.0
    t = 2.0 * np.pi * np.arange(12) / 12
    rings = []
    for p, o in zip(path, outward, strict=True):
        rings.append(
            p + o * -0.0035 + np.cos(t)[:, None] * o * 0.0046 + np.sin(t)[:, None] * np.array([0.0, -0.0062, 0.0])
        )
    return tube(np.stack(rings) - (0.0, 0.0035, 0.0), np.zeros(3), np.zeros(3))


def _turned(jaw: str, edge: float, body: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A body of one row put in place, its incisal edge at height `edge`: the upper row hangs."""
    vertices, quads = body
    tallest = max(_HEIGHTS[jaw]) * 1e-3
    if jaw == "upper":
        return vertices * (1.0, -1.0, 1.0) + (0.0, edge + tallest, 0.0), np.ascontiguousarray(quads[:, ::-1])
    return vertices + np.array([0.0, edge - tallest, 0.0]), quads


def _part(spec: CharacterSpec, jaw: str, material: str, body: tuple[np.ndarray, np.ndarray]) -> Part:
    vertices, quads = body
    count = len(vertices)
    return Part(
        name=f"{material.capitalize()}{jaw.capitalize()}",
        vertices=vertices.astype(np.float32),
        quads=quads,
        slots=np.zeros(len(quads), np.int32),
        materials=(material,),
        colours=np.tile(np.array(getattr(spec.palette, material), np.float32), (count, 1)),
        weights={"jaw" if jaw == "lower" else "head": np.ones(count, np.float32)},
        uv=around(vertices, quads, (0.0, float(vertices[:, 2].mean()))),
        keys=jaw_motion(spec.jaw, vertices, np.ones(count)) if jaw == "lower" else {},
    )


def build_teeth(spec: CharacterSpec, field: Field) -> tuple[Part, ...]:
    """`TeethUpper` and `GumsUpper`, fixed to the head, and `TeethLower` and `GumsLower`, which follow the jaw."""
    front = arch_front(spec, field)
    parts = []
    for jaw, edge in (("upper", spec.mouth.line - 0.0040), ("lower", spec.mouth.line - 0.0028)):
        inset = 0.0 if jaw == "upper" else 0.0022
        parts.append(_part(spec, jaw, "teeth", _turned(jaw, edge, join(_crowns(jaw, front, inset)))))
        parts.append(_part(spec, jaw, "gums", _turned(jaw, edge, _gum(front, inset))))
    return tuple(parts)

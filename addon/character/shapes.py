"""The 52 ARKit shape keys of the skin, put together from lids, jaw, lips and pulls."""

from __future__ import annotations

import numpy as np

from ..core.channels import CHANNELS
from .head_mesh import Skin
from .layout import CONTACT_RING
from .pulls import PULLS, SHIFT, pull_shape, slide
from .regions import Regions, half_mask
from .shapes_lids import LID_MOVES, lid_shape
from .shapes_mouth import jaw_shapes, lip_shapes, rounding_shapes
from .spec import CharacterSpec

_FLIP = np.array([-1.0, 1.0, 1.0])
_BLOWN_UP = ("cheekPuff",)
"""Skin that leaves the form under it, instead of sliding over it."""
_HALVED = ("mouthSmile", "mouthPress", "mouthLowerDown", "mouthUpperUp")
_TOUCHING = (
    *("mouthFrownLeft", "mouthStretchLeft", "mouthPressLeft"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower"),
)
"""They move shut lips without parting them: a crack of a hundredth of a millimetre shows as a line of teeth."""


def _pulled(skin: Skin, region: Regions) -> dict[str, np.ndarray]:
    """Pulls of the left half by channel; both halves where the channel has no side."""
    shapes = {}
    for name, pulls in PULLS.items():
        total = sum((pull_shape(region, pull) for pull in pulls), np.zeros_like(skin.vertices))
        if name == "mouthSmileLeft":
            total *= 1.0 - region.lips[:, None]  # the lips have their own shape
        if not name.endswith("Left"):
            mirrored = total[skin.layout.mirror] * _FLIP
            # A patch on the midline is its own mirror image and must not count twice.
            both = np.abs(total[:, 1:]) > np.abs(mirrored[:, 1:])
            total = np.concatenate([(total[:, :1] + mirrored[:, :1]), np.where(both, total[:, 1:], mirrored[:, 1:])], 1)
        shapes[name] = total if name in _BLOWN_UP else slide(skin, region, total)
    # Over the groove above the lip the skin does not slide: the groove goes along.
    shift = pull_shape(region, SHIFT)
    shapes["mouthLeft"] = shift + (1.0 - region.lips[:, None]) * (slide(skin, region, shift) - shift)
    return shapes


def _kept_shut(skin: Skin, delta: np.ndarray) -> np.ndarray:
    """The displacement with each pair of vertices in which the lips touch moved as one."""
    ring = skin.layout.ring("mouth", CONTACT_RING)
    upper, lower = ring[1 : len(ring) // 2], ring[: len(ring) // 2 : -1]
    shut = delta.copy()
    shut[upper] = shut[lower] = (delta[upper] + delta[lower]) / 2.0
    return shut


def build_shapes(spec: CharacterSpec, skin: Skin, region: Regions) -> dict[str, np.ndarray]:
    """Displacement (V,3) float32 of the skin for each of `CHANNELS`, in their order."""
    shapes = _pulled(skin, region)

    def add(name: str, delta: np.ndarray) -> None:
        shapes[name] = shapes.get(name, 0.0) + delta

    for name, move in LID_MOVES.items():
        add(f"{name}Left", lid_shape(spec.eye, skin, move))
    symmetric = jaw_shapes(spec, skin, region) | rounding_shapes(spec, region) | lip_shapes(spec, region)
    for name, delta in symmetric.items():
        if name in _HALVED:
            add(f"{name}Left", delta * half_mask(skin.vertices[:, 0])[:, None])
        else:
            add(name, delta)
    for name in _TOUCHING:
        shapes[name] = _kept_shut(skin, shapes[name])
    for name in [n for n in shapes if n.endswith("Left")]:
        shapes[f"{name[:-4]}Right"] = shapes[name][skin.layout.mirror] * _FLIP
    for name in [n for n in shapes if not n.endswith(("Left", "Right"))]:
        shapes[name] = (shapes[name] + shapes[name][skin.layout.mirror] * _FLIP) / 2.0
    missing = set(CHANNELS) ^ set(shapes)
    if missing:
        raise KeyError(f"shape keys and channels differ: {sorted(missing)}")
    return {name: np.ascontiguousarray(shapes[name], dtype=np.float32) for name in CHANNELS}

"""Corrective shapes of the skin: what has to be added where two keys meet, because displacements only add up.

- A lid that is shut stays shut: what squint, wide eyes and vertical gaze do to the lids is taken back by the blink.
- Lids that close over a raised cheek meet higher, in an arch.
- An open jaw with puckered lips makes an O, not a slot; with lips that funnel a little it is round already.
- Puckered lips that also funnel get no narrower than the pucker has them.
- Lips closed over an open jaw are drawn thin by a smile.
- Lips never close further than the jaw has opened: beyond that they would pass through each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .head_mesh import Skin
from .layout import BORDER_RING, CONTACT_RING, MOUTH_RINGS
from .lips import contact_height
from .model import Corrective, Factor
from .regions import Regions, half_mask, smooth_over_mesh
from .shapes_lids import LID_MOVES, LidMove, lid_shape
from .spec import CharacterSpec

_FLIP: Final = np.array([-1.0, 1.0, 1.0])
_YIELD_TO_BLINK: Final[tuple[str, ...]] = ("eyeSquint", "cheekSquint", "eyeWide", "eyeLookUp", "eyeLookDown")
_ARCHED: Final[float] = 5.0
"""Degrees by which closed lids meet higher over a full smile."""
_ROUND_AT: Final[Mapping[str, Mapping[str, float]]] = {
    "mouthPucker": {"jawOpen": 0.6, "mouthPucker": 1.0},
    "mouthFunnel": {"jawOpen": 0.35, "mouthFunnel": 0.45},
}
"""Where the rounded mouth is exact, by the key that meets the open jaw."""
_OVAL: Final[Mapping[str, float]] = {"mouthPucker": 1.15, "mouthFunnel": 1.70}
"""Width of its opening over its height."""
_LESS_WHEN_NARROW: Final[tuple[Factor, ...]] = ((1.0, "mouthFunnel"), (1.0, "mouthFunnel"), (1.0, "mouthPucker"))
"""A mouth that funnel and pucker make narrow by themselves needs no more of it."""
_WHOLE_AT: Final[Mapping[str, float]] = {"mouthPucker": 0.6, "mouthFunnel": 0.036}
"""Product of the factors from which the corners are drawn in no further."""


def _lids(spec: CharacterSpec, skin: Skin) -> dict[str, np.ndarray]:
    """Of the left eye, by the key that meets the blink."""
    shapes = {name: -lid_shape(spec.eye, skin, LID_MOVES[name]) for name in _YIELD_TO_BLINK}
    arched = LidMove(upper=1.0, lower=1.0, raise_upper=_ARCHED, raise_lower=_ARCHED)
    shapes["mouthSmile"] = lid_shape(spec.eye, skin, arched) - lid_shape(spec.eye, skin, LID_MOVES["eyeBlink"])
    return shapes


def _rounded(skin: Skin, region: Regions, shapes: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """For jawOpen with the key of that name: the lips' inner edge becomes an oval about the middle of the opening.

    The displacement at the reference pose of `_ROUND_AT`.
    """
    ring = skin.layout.ring("mouth", CONTACT_RING)
    opened = sum(
        (value * np.asarray(shapes[key], float) for key, value in _ROUND_AT[name].items()), skin.vertices.copy()
    )
    rim, turn = opened[ring], 2.0 * np.pi * np.arange(len(ring)) / len(ring)
    top, bottom = rim[len(ring) // 4], rim[3 * len(ring) // 4]
    middle, tall = (top + bottom) / 2.0, (top[1] - bottom[1]) / 2.0
    oval = rim.copy()
    oval[:, 0] = _OVAL[name] * tall * np.cos(turn)
    oval[:, 1] = middle[1] + tall * np.sin(turn)
    # The lower lip comes forward, most of the way to the upper one.
    oval[:, 2] += 0.6 * np.maximum(-np.sin(turn), 0.0) * (top[2] - bottom[2])
    move = np.zeros_like(skin.vertices)
    for number in range(MOUTH_RINGS):
        weight = min(1.0, (number + 1) / (BORDER_RING + 1))
        vertices = skin.layout.ring("mouth", number)
        move[vertices] = (oval - rim) * weight * region.inner[vertices][:, None]
    return smooth_over_mesh(skin, move, region.ring >= BORDER_RING, 8)


def _thinned(spec: CharacterSpec, region: Regions) -> np.ndarray:
    """For mouthClose with mouthSmile: the red is drawn thin, its corners back. The line of contact stays."""
    p, w = region.rest, region.lips * region.inner
    across = np.clip(np.abs(p[:, 0]) / spec.mouth.half_width, 0.0, 1.2)
    height = p[:, 1] - contact_height(spec.mouth, np.clip(p[:, 0] / spec.mouth.half_width, -1.0, 1.0))
    thin = -0.22 * height * np.exp(-((height / 0.012) ** 2)) * np.where(np.abs(height) < 2e-4, 0.0, 1.0)
    return np.stack([np.zeros_like(w), thin * w, -0.0016 * across**2 * w], -1)


def build_correctives(
    spec: CharacterSpec, skin: Skin, region: Regions, shapes: Mapping[str, np.ndarray]
) -> dict[str, Corrective]:
    """The correctives of the skin by name; `shapes` are its displacements by channel."""
    made: dict[str, Corrective] = {}

    def add(name: str, delta: np.ndarray, *factors: Factor, full: float = 1.0) -> None:
        made[name] = Corrective(factors, np.ascontiguousarray(delta, dtype=np.float32), full)

    half = half_mask(skin.vertices[:, 0])[:, None]
    for side, flip in (("Left", False), ("Right", True)):

        def sided(delta: np.ndarray, flip: bool = flip) -> np.ndarray:
            return delta[skin.layout.mirror] * _FLIP if flip else delta

        for name, delta in _lids(spec, skin).items():
            blink, other = f"eyeBlink{side}", f"{name}{side}"
            add(f"{blink}_{other}", sided(delta), (blink, None), (other, None))
        smile = f"mouthSmile{side}"
        add(f"mouthClose_{smile}", sided(_thinned(spec, region) * half), ("mouthClose", None), (smile, None))
    open_jaw = ("jawOpen", "mouthClose")
    for name, yields in (("mouthPucker", ()), ("mouthFunnel", _LESS_WHEN_NARROW)):
        round_ = _rounded(skin, region, shapes, name)
        add(f"jawOpen_{name}", round_, open_jaw, (name, None), *yields, full=_WHOLE_AT[name])
    wide = np.stack([-np.asarray(shapes["mouthFunnel"])[:, 0], *np.zeros((2, len(skin.vertices)))], -1)
    add("mouthFunnel_mouthPucker", wide, ("mouthFunnel", None), ("mouthPucker", None))
    add("mouthClose_beyond_jawOpen", -np.asarray(shapes["mouthClose"]), ("mouthClose", "jawOpen"))
    return made

"""Corrective shapes of the skin: what has to be added where two keys meet, because displacements only add up.

- A lid that is shut stays shut: what squint, wide eyes and vertical gaze do to the lids is taken back by the blink.
- Lids that close over a raised cheek meet higher, in an arch.
- An open jaw with puckered lips makes an O, not a slot.
- Lips closed over an open jaw are drawn thin by a smile.
- Lips never close further than the jaw has opened: beyond that they would pass through each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from .head_mesh import Skin
from .lips import contact_height
from .model import Corrective
from .regions import Regions, half_mask
from .shapes_lids import LID_MOVES, LidMove, lid_shape
from .spec import CharacterSpec

_FLIP: Final = np.array([-1.0, 1.0, 1.0])
_YIELD_TO_BLINK: Final[tuple[str, ...]] = ("eyeSquint", "cheekSquint", "eyeWide", "eyeLookUp", "eyeLookDown")
_ARCHED: Final[float] = 5.0
"""Degrees by which closed lids meet higher over a full smile."""


def _lids(spec: CharacterSpec, skin: Skin) -> dict[str, np.ndarray]:
    """Of the left eye, by the key that meets the blink."""
    shapes = {name: -lid_shape(spec.eye, skin, LID_MOVES[name]) for name in _YIELD_TO_BLINK}
    arched = LidMove(upper=1.0, lower=1.0, raise_upper=_ARCHED, raise_lower=_ARCHED)
    shapes["mouthSmile"] = lid_shape(spec.eye, skin, arched) - lid_shape(spec.eye, skin, LID_MOVES["eyeBlink"])
    return shapes


def _rounded(spec: CharacterSpec, region: Regions) -> np.ndarray:
    """For jawOpen with mouthPucker: the lower lip comes forward and up and grows wide, to make an oval."""
    p, w = region.rest, region.lips * region.inner
    low = np.maximum(-region.side, 0.0)
    across = np.clip(np.abs(p[:, 0]) / spec.mouth.half_width, 0.0, 1.0)
    belly = np.sqrt(across) * (1.0 - across**4)
    return np.stack(
        [
            np.sign(p[:, 0]) * 0.0030 * belly * w * (0.35 + 0.65 * low),
            (0.0022 * low - 0.0008 * np.maximum(region.side, 0.0)) * w,
            (0.0045 * low * (1.0 - 0.5 * across**2) - 0.0015 * np.maximum(region.side, 0.0)) * w,
        ],
        -1,
    )


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

    def add(name: str, delta: np.ndarray, *factors: tuple[str, str | None]) -> None:
        made[name] = Corrective(factors, np.ascontiguousarray(delta, dtype=np.float32))

    half = half_mask(skin.vertices[:, 0])[:, None]
    for side, flip in (("Left", False), ("Right", True)):

        def sided(delta: np.ndarray, flip: bool = flip) -> np.ndarray:
            return delta[skin.layout.mirror] * _FLIP if flip else delta

        for name, delta in _lids(spec, skin).items():
            blink, other = f"eyeBlink{side}", f"{name}{side}"
            add(f"{blink}_{other}", sided(delta), (blink, None), (other, None))
        smile = f"mouthSmile{side}"
        add(f"mouthClose_{smile}", sided(_thinned(spec, region) * half), ("mouthClose", None), (smile, None))
    add("jawOpen_mouthPucker", _rounded(spec, region), ("jawOpen", "mouthClose"), ("mouthPucker", None))
    add("mouthClose_beyond_jawOpen", -np.asarray(shapes["mouthClose"]), ("mouthClose", "jawOpen"))
    return made

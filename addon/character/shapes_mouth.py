"""Shape keys of jaw and lips that need more than a pull: opening, sealing, rounding, rolling, pressing.

Displacements are (V,3) in head axes. "Mean of both sides" rules are kept by construction: everything here is
symmetric, and the one-sided channels are halves of a symmetric movement, divided by `half_mask`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .head_mesh import Skin
from .jaw import jaw_motion
from .layout import BORDER_RING, CONTACT_RING
from .lips import contact_height
from .regions import Regions, smooth_over_mesh, smoothstep
from .spec import CharacterSpec

_NARROW_WHEN_OPEN: Final[float] = 0.10
"""Share by which the mouth narrows when the jaw is fully open."""
_CLOSE_FROM_ABOVE: Final[float] = 0.22
"""Share of the gap that the upper lip bridges when the lips close over an open jaw."""


def _red(region: Regions) -> np.ndarray:
    """How far a vertex is inside the red, 0 at the vermilion border, 1 at the contact line and behind it."""
    return np.clip((region.ring - BORDER_RING) / (CONTACT_RING - BORDER_RING), 0.0, 1.0)


def _toward_middle(region: Regions, spec: CharacterSpec) -> np.ndarray:
    """1 in the middle of the mouth, 0 at and beyond the corners."""
    return 1.0 - np.clip(np.abs(region.rest[:, 0]) / spec.mouth.half_width, 0.0, 1.0) ** 2


def jaw_shapes(spec: CharacterSpec, skin: Skin, region: Regions) -> dict[str, np.ndarray]:
    """jawOpen, jawForward, jawLeft, jawRight and mouthClose, which brings the open jaw's lips exactly together."""
    moves = {name: move.astype(float) for name, move in jaw_motion(spec.jaw, region.rest, region.jaw).items()}
    narrow = _NARROW_WHEN_OPEN * region.lips * (0.3 + 0.7 * region.inner)
    moves["jawOpen"][:, 0] -= region.rest[:, 0] * narrow
    # With the jaw shifted and the lips shut, the upper lip is dragged along, so that the lips stay in touch.
    red = _red(region) * region.inner
    along = np.maximum(region.jaw * (1.0 - 0.22 * red), 0.78 * red)
    shifted = jaw_motion(spec.jaw, region.rest, smooth_over_mesh(skin, along, region.ring >= BORDER_RING, 4))
    moves |= {name: shifted[name].astype(float) for name in ("jawForward", "jawLeft", "jawRight")}
    moves["mouthClose"] = _close(spec, skin, region, moves["jawOpen"])
    return moves


def _close(spec: CharacterSpec, skin: Skin, region: Regions, opened: np.ndarray) -> np.ndarray:
    contact = skin.layout.ring("mouth", CONTACT_RING)
    count = len(contact)
    facing = contact[(-np.arange(count)) % count]
    gap = opened[facing] - opened[contact]
    upper = (np.arange(count) > 0) & (np.arange(count) < count // 2)
    share = np.where(upper, _CLOSE_FROM_ABOVE, 1.0 - _CLOSE_FROM_ABOVE)
    ring_move = gap * share[:, None]
    move = np.zeros_like(opened)
    fixed = np.zeros(len(opened), bool)
    for ring in range(int(region.ring.max())):
        numbers = skin.layout.ring("mouth", ring)
        # The red follows rigidly; the skin round it is stretched; the bag behind the lips comes along less and less.
        outside = max(0, BORDER_RING - ring) / (BORDER_RING + 1.0)
        weight = (1.0 - 0.75 * outside) * float(region.inner[numbers[0]])
        move[numbers] = ring_move * weight
        fixed[numbers] = ring >= BORDER_RING
    line = contact_height(spec.mouth, np.clip(region.rest[:, 0] / spec.mouth.half_width, -1, 1))
    below = line - region.rest[:, 1]
    columns = region.rest[contact[~upper], 0]
    order = np.argsort(columns)
    at_x = np.stack([np.interp(region.rest[:, 0], columns[order], ring_move[~upper][order, k]) for k in range(3)], -1)
    skin_below = (region.ring < 0) & (below > 0)
    fade = smoothstep(0.036, 0.010, below) * smoothstep(0.034, 0.020, np.abs(region.rest[:, 0])) * region.front
    move[skin_below] = (at_x * fade[:, None])[skin_below]
    return smooth_over_mesh(skin, move, fixed | (region.ring >= BORDER_RING), 10)


def rounding_shapes(spec: CharacterSpec, region: Regions) -> dict[str, np.ndarray]:
    """The shapes mouthPucker (lips together, forward, narrow) and mouthFunnel (lips apart, forward, turned out)."""
    p, w = region.rest, region.lips * region.inner
    middle, red = _toward_middle(region, spec), _red(region)
    side = region.side
    height = p[:, 1] - spec.mouth.line
    # A narrowed mouth grows round: the red gains beside the middle the height that its border lacks there.
    arch = np.sqrt(middle)
    fuller = 0.0075 * np.sign(side) * arch * (1.0 - arch) * (1.0 - red)
    pucker = np.stack(
        [
            -0.46 * p[:, 0] * w,
            (0.20 * height * (1.0 - red) + fuller + 0.0006) * w,
            (0.0092 * (0.40 + 0.60 * middle) + 0.0015 * (1.0 - np.abs(height) / 0.02).clip(0)) * w,
        ],
        -1,
    )
    part = np.sign(side) * np.abs(side) ** 0.7 * (0.6 + 0.4 * middle)
    funnel = np.stack(
        [
            -0.27 * p[:, 0] * w,
            (np.where(side > 0, 0.0050, 0.0068) * part * (0.75 + 0.25 * red) + 0.7 * fuller) * w,
            (0.0085 * (0.35 + 0.65 * middle) - 0.0012 * red) * w,
        ],
        -1,
    )
    return {"mouthPucker": pucker, "mouthFunnel": funnel}


def smile_shape(spec: CharacterSpec, region: Regions) -> np.ndarray:
    """Both halves of mouthSmile on the lips: they widen, thin, lie back on the teeth, and curve up to the corners.

    The curve is a bowl, not a V: height grows with the 1.7th power of the distance from the middle, which rises too.
    """
    p, w = region.rest, region.lips * region.inner
    across = np.clip(np.abs(p[:, 0]) / spec.mouth.half_width, 0.0, 1.2)
    height = p[:, 1] - contact_height(spec.mouth, np.clip(p[:, 0] / spec.mouth.half_width, -1.0, 1.0))
    return np.stack(
        [
            np.sign(p[:, 0]) * 0.0078 * across**0.9 * w,
            (0.0024 + 0.0070 * across**1.7) * w - 0.16 * height * np.exp(-((height / 0.012) ** 2)) * w,
            -(0.0012 + 0.0040 * across**2) * w,
        ],
        -1,
    )


def lip_shapes(spec: CharacterSpec, region: Regions) -> dict[str, np.ndarray]:
    """Rolls, shrugs, and the two halves each of press, lower lip down and upper lip up."""
    w = region.lips * region.inner
    up, down = np.maximum(region.side, 0.0), np.maximum(-region.side, 0.0)
    middle, red = _toward_middle(region, spec), _red(region)
    arch = np.sqrt(middle)
    height = region.rest[:, 1] - contact_height(
        spec.mouth, np.clip(region.rest[:, 0] / spec.mouth.half_width, -1.0, 1.0)
    )
    on_red = np.where(region.ring >= BORDER_RING, 1.0, np.exp(-((np.abs(height) / 0.013) ** 2)) * region.lips)
    zero = np.zeros_like(w)

    def vector(y: np.ndarray, z: np.ndarray, x: np.ndarray = zero) -> np.ndarray:
        return np.stack([x, y, z], -1)

    tuck = -0.68 * height * np.where(region.ring > CONTACT_RING, 0.0, 1.0) * on_red * region.inner
    back = -(0.0026 + 0.0008 * (1.0 - red)) * arch * on_red * region.inner
    lower_lip, upper_lip = smoothstep(0.0, 0.35, down), smoothstep(0.0, 0.35, up)
    # What one lip does at the contact line the other follows, so that they stay in touch.
    met = 0.8 * red**2 * (region.ring <= CONTACT_RING)
    lift = down * w + up * red * region.inner
    push = down * w + up * red * region.inner
    raised = up * w + down * red * region.inner
    drop = down**0.9 * w
    press_y = -0.34 * height * np.where(region.ring > CONTACT_RING, 0.3, 1.0) * on_red * region.inner
    press_z = -0.0014 * arch * on_red * region.inner
    press = vector(press_y, press_z, 0.0010 * np.sign(region.rest[:, 0]) * (1.0 - middle) * on_red)
    return {
        "mouthSmile": smile_shape(spec, region),
        "mouthRollLower": vector(
            tuck * lower_lip + 0.0012 * on_red * lower_lip * (1 - red), back * (lower_lip + met * upper_lip)
        ),
        "mouthRollUpper": vector(
            tuck * upper_lip - 0.0008 * on_red * upper_lip * (1 - red), back * (upper_lip + met * lower_lip)
        ),
        "mouthShrugLower": vector(0.0052 * lift, 0.0030 * push),
        "mouthShrugUpper": vector(0.0034 * raised, 0.0030 * raised),
        "mouthPress": press,
        "mouthLowerDown": vector(
            -0.0068 * drop, -0.0006 * drop, 0.0020 * np.sign(region.rest[:, 0]) * drop * (1 - middle)
        ),
        "mouthUpperUp": vector(0.0072 * up * w, 0.0004 * up * w),
    }

"""The 52 named controls of a Performance, in their one order, with their groups.

The names and the order are those of Apple's ARKit face tracking (ARFaceAnchor.BlendShapeLocation) as Live Link Face
writes them; every array whose last axis is "channels" follows `CHANNELS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHANNELS: Final[tuple[str, ...]] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip

CHANNEL_INDEX: Final[Mapping[str, int]] = {name: index for index, name in enumerate(CHANNELS)}

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "lids": tuple(n for n in CHANNELS if n.startswith(("eyeBlink", "eyeSquint", "eyeWide"))),
    "gaze": tuple(n for n in CHANNELS if n.startswith("eyeLook")),
    "brows": tuple(n for n in CHANNELS if n.startswith("brow")),
    "cheeks": tuple(n for n in CHANNELS if n.startswith(("cheek", "nose"))),
    "mouth": tuple(n for n in CHANNELS if n.startswith(("mouth", "jaw"))),
    "tongue": ("tongueOut",),
}
"""Every channel is in exactly one group."""


def indices(*names: str) -> list[int]:
    """Positions of channels in `CHANNELS`.

    A name without side stands for both: `indices("mouthSmile")` is left and right. Raises KeyError on an unknown one.
    """
    found: list[int] = []
    for name in names:
        if name in CHANNEL_INDEX:
            found.append(CHANNEL_INDEX[name])
        else:
            found += [CHANNEL_INDEX[f"{name}Left"], CHANNEL_INDEX[f"{name}Right"]]
    return found

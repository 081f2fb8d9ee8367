"""A whole character from its specification: every part, bone and landmark. No Blender here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..core.channels import CHANNELS
from .eyeball import build_eye
from .features import Feature, build_features
from .hair import build_hair
from .head_mesh import Skin, build_skin
from .landmarks import build_landmarks
from .layout import BORDER_RING, CONTACT_RING, MARGIN_RING
from .model import Bone, CharacterModel, Part
from .regions import smoothstep
from .shapes import build_shapes
from .spec import DEFAULT, CharacterSpec
from .teeth import build_teeth
from .tongue import build_tongue

HEAD_MATERIALS = ("skin", "lips", "mouth", "brow", "lash")


def _skin_slots(skin: Skin) -> np.ndarray:
    """Material of every quad of the skin by the rings that it lies between."""
    kind = np.zeros(len(skin.vertices), int)
    for key, number in skin.layout.index.items():
        if key[0] == "mouth":
            kind[number] = 1 if BORDER_RING <= key[1] <= CONTACT_RING + 2 else 2 if key[1] > CONTACT_RING else 0
        elif key[0] == "throat":
            kind[number] = 2
        elif key[0][:3] == "eye" and key[1] >= MARGIN_RING:
            kind[number] = 3 if key[1] > MARGIN_RING else 4
    of_quad = kind[skin.layout.quads]
    red = (of_quad == 1).all(axis=1)
    bag = (of_quad == 2).any(axis=1)
    upper = skin.vertices[skin.layout.quads].mean(axis=1)[:, 1] > 0.0030
    liner = (of_quad >= 3).all(axis=1) & (of_quad == 4).any(axis=1) & upper
    return np.where(bag, 2, np.where(red, 1, np.where(liner, 4, 0))).astype(np.int32)


def _skin_colours(spec: CharacterSpec, skin: Skin, slots: np.ndarray) -> np.ndarray:
    p = skin.vertices * 1e3
    base, blush = np.array(spec.palette.skin), np.array(spec.palette.blush)
    spots = (((42, -32, 62), 20, 0.55), ((0, -38, 115), 12, 0.45), ((0, -100, 85), 16, 0.18), ((33, -8, 78), 12, 0.22))
    glow = sum(s * np.exp(-((np.abs(p) * (1, 0, 0) + p * (0, 1, 1) - c) ** 2).sum(1) / r**2) for c, r, s in spots)
    colours = base + np.clip(glow, 0.0, 1.0)[:, None] * (blush - base)
    for slot, name in ((4, "lash"), (2, "mouth"), (1, "lips")):
        colours[np.unique(skin.layout.quads[slots == slot])] = getattr(spec.palette, name)
    return colours


def _feature_keys(feature: Feature, shapes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.einsum("vk,vkx->vx", feature.share, delta[feature.carrier]) for name, delta in shapes.items()}


def _neck_weights(vertices: np.ndarray) -> dict[str, np.ndarray]:
    """Head and neck shares: the head's fades down the throat and the nape."""
    level = vertices[:, 1] + 0.30 * np.clip(0.02 - vertices[:, 2], -0.02, 0.10) * -1.0
    head = smoothstep(-0.165, -0.100, level)
    root = smoothstep(-0.175, -0.235, vertices[:, 1])
    neck = (1.0 - head) * (1.0 - root)
    return {name: w.astype(np.float32) for name, w in (("head", head), ("neck", neck), ("root", 1.0 - head - neck))}


def _build_head(spec: CharacterSpec, skin: Skin) -> Part:
    shapes = build_shapes(spec, skin)
    features = build_features(spec, skin)
    slots = [_skin_slots(skin)]
    vertices, quads, colours = [skin.vertices], [skin.layout.quads], [_skin_colours(spec, skin, slots[0])]
    keys = {name: [delta] for name, delta in shapes.items()}
    start = len(skin.vertices)
    for feature in features:
        vertices.append(feature.vertices)
        quads.append(feature.quads + start)
        slots.append(np.full(len(feature.quads), HEAD_MATERIALS.index(feature.colour), np.int32))
        colours.append(np.tile(getattr(spec.palette, feature.colour), (len(feature.vertices), 1)))
        for name, delta in _feature_keys(feature, shapes).items():
            keys[name].append(delta)
        start += len(feature.vertices)
    together = np.concatenate(vertices)
    return Part(
        name="Head",
        vertices=together.astype(np.float32),
        quads=np.concatenate(quads).astype(np.int32),
        slots=np.concatenate(slots),
        materials=HEAD_MATERIALS,
        colours=np.concatenate(colours).astype(np.float32),
        weights=_neck_weights(together),
        keys={name: np.concatenate(keys[name]).astype(np.float32) for name in CHANNELS},
    )


def _bones(spec: CharacterSpec) -> tuple[Bone, ...]:
    """Root on the floor, neck from its base to the atlas, head to the crown, eyes along their gaze."""
    x, y, z = spec.eye.centre
    base, atlas = (0.0, -0.190, -0.044), (0.0, -0.050, -0.018)
    eyes = [
        Bone(f"eye_{side}", (s * x, y, z), (s * x, y, z + 0.025), "head")
        for side, s in (("left", 1.0), ("right", -1.0))
    ]
    floor = Bone("root", (0.0, -spec.eye_height, -0.03), (0.0, -spec.eye_height + 0.20, -0.03))
    neck, head = Bone("neck", base, atlas, "root"), Bone("head", atlas, (0.0, 0.120, -0.018), "neck")
    return (floor, neck, head, *eyes)


@lru_cache(maxsize=4)
def build_character(spec: CharacterSpec = DEFAULT) -> CharacterModel:
    """The character of a specification. The same specification gives the same bytes."""
    skin = build_skin(spec)
    eyes = build_eye(spec, "Left"), build_eye(spec, "Right")
    teeth = build_teeth(spec, skin.field)
    parts = (_build_head(spec, skin), *eyes, *teeth, build_tongue(spec, skin.field), build_hair(spec, skin))
    return CharacterModel(
        parts=parts,
        bones=_bones(spec),
        landmarks=build_landmarks(spec, skin, eyes),
        palette={name: getattr(spec.palette, name) for name in spec.palette.__dataclass_fields__},
        eye_height=spec.eye_height,
        iod=spec.iod,
    )

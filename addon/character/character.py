"""A whole character from its specification: every part, bone and landmark. No Blender here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..core.channels import CHANNELS
from .correctives import build_correctives
from .eyeball import build_cornea, build_eye
from .features import Feature, build_features
from .hair import build_hair
from .head_mesh import Skin, build_skin
from .landmarks import build_landmarks
from .layout import BORDER_RING, CONTACT_RING, EYE_RINGS, MARGIN_RING
from .model import Bone, CharacterModel, Corrective, Part
from .regions import build_regions, smoothstep
from .shapes import build_shapes
from .spec import DEFAULT, CharacterSpec
from .teeth import build_teeth
from .tongue import build_tongue
from .uv import around, flat

HEAD_MATERIALS = ("skin", "lips", "mouth", "brow", "lash")


def _skin_slots(skin: Skin) -> np.ndarray:
    """Material of every quad of the skin by the rings that it lies between."""
    kind = np.zeros(len(skin.vertices), int)
    for key, number in skin.layout.index.items():
        if key[0] == "mouth":
            kind[number] = 1 if BORDER_RING <= key[1] <= CONTACT_RING + 2 else 2 if key[1] > CONTACT_RING else 0
        elif key[0] == "throat":
            kind[number] = 2
    of_quad = kind[skin.layout.quads]
    red = (of_quad == 1).all(axis=1)
    bag = (of_quad == 2).any(axis=1)
    return np.where(bag, 2, np.where(red, 1, 0)).astype(np.int32)


def _skin_colours(spec: CharacterSpec, skin: Skin, slots: np.ndarray) -> np.ndarray:
    p = skin.vertices * 1e3
    base, blush = np.array(spec.palette.skin), np.array(spec.palette.blush)
    spots = (((42, -32, 62), 20, 0.55), ((0, -38, 115), 12, 0.45), ((0, -100, 85), 16, 0.18), ((33, -8, 78), 12, 0.22))
    glow = sum(s * np.exp(-((np.abs(p) * (1, 0, 0) + p * (0, 1, 1) - c) ** 2).sum(1) / r**2) for c, r, s in spots)
    colours = base + np.clip(glow, 0.0, 1.0)[:, None] * (blush - base)
    for slot, name in ((2, "mouth"), (1, "lips")):
        colours[np.unique(skin.layout.quads[slots == slot])] = getattr(spec.palette, name)
    # The red fades over the width of a quad at its border, and lids are pink where they are wet.
    border = skin.layout.ring("mouth", BORDER_RING)
    colours[border] = base + 0.55 * (np.array(spec.palette.lips) - base)
    for side in ("eye+", "eye-"):
        for ring in range(MARGIN_RING, EYE_RINGS):
            colours[skin.layout.ring(side, ring)] = base + 0.40 * (np.array(spec.palette.blush) - base)
    return colours


def _feature_keys(
    feature: Feature, moves: Mapping[str, np.ndarray], met: Mapping[str, tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """Displacements of a feature by name from those of the skin (see `_moves`)."""
    still = np.zeros_like(feature.vertices)
    if feature.keys:
        keys = {name: feature.keys.get(name, still) for name in moves}
    else:
        keys = {n: np.einsum("vk,vkx->vx", feature.share, delta[feature.carrier]) for n, delta in moves.items()}
    return keys | {name: keys[name] - sum((keys[key] for key in pair), still) for name, pair in met.items()}


def _moves(
    shapes: Mapping[str, np.ndarray], correctives: Mapping[str, Corrective], met: Mapping[str, tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """Displacements of the skin by name, for bodies that ride on it.

    A corrective is given together with the keys that it meets, `met`: a lash turns with the lid as that really moves.
    """
    together = {
        name: sum((np.asarray(shapes[key]) for key in pair), np.asarray(correctives[name].delta))
        for name, pair in met.items()
    }
    return dict(shapes) | {name: c.delta for name, c in correctives.items()} | together


def _skin_uv(skin: Skin, slots: np.ndarray) -> np.ndarray:
    """The face unrolled over the upper three quarters of the texture; the mouth's inside in a corner of its own."""
    inside = slots == HEAD_MATERIALS.index("mouth")
    uv = around(skin.vertices, skin.layout.quads, (0.0, 0.0), (0.0, 0.25, 1.0, 1.0))
    uv[inside] = flat(skin.vertices, skin.layout.quads[inside], (0, 1), (0.0, 0.0, 0.25, 0.24))
    return uv


def _feature_uv(feature: Feature, number: int) -> np.ndarray:
    """Features stand in a row under the face, each seen from the front, ears from the side."""
    left = 0.26 + 0.074 * number
    axes = (2, 1) if feature.colour == "skin" else (0, 1)
    return flat(feature.vertices, feature.quads, axes, (left, 0.0, left + 0.070, 0.24))


def _bone_weights(vertices: np.ndarray, jaw: np.ndarray) -> dict[str, np.ndarray]:
    """Shares of root, neck, head and, of the head's, jaw (V,): the head's fades down the throat and the nape."""
    level = vertices[:, 1] + 0.30 * np.clip(0.02 - vertices[:, 2], -0.02, 0.10) * -1.0
    head = smoothstep(-0.165, -0.100, level)
    root = smoothstep(-0.175, -0.235, vertices[:, 1])
    neck = (1.0 - head) * (1.0 - root)
    shares = {"head": head * (1.0 - jaw), "jaw": head * jaw, "neck": neck, "root": 1.0 - head - neck}
    return {name: share.astype(np.float32) for name, share in shares.items()}


def _build_head(spec: CharacterSpec, skin: Skin) -> Part:
    region = build_regions(spec, skin)
    shapes = build_shapes(spec, skin, region)
    correctives = build_correctives(spec, skin, region, shapes)
    met = {
        n: tuple(k for k, _ in c.factors if isinstance(k, str)) for n, c in correctives.items() if len(c.factors) > 1
    }
    moves = _moves(shapes, correctives, met)
    features = build_features(spec, skin, moves)
    slots = [_skin_slots(skin)]
    vertices, quads, colours = [skin.vertices], [skin.layout.quads], [_skin_colours(spec, skin, slots[0])]
    keys = {name: [delta] for name, delta in shapes.items()} | {n: [c.delta] for n, c in correctives.items()}
    jaw = [region.jaw]
    uv = [_skin_uv(skin, slots[0])]
    start = len(skin.vertices)
    for number, feature in enumerate(features):
        vertices.append(feature.vertices)
        quads.append(feature.quads + start)
        slots.append(np.full(len(feature.quads), HEAD_MATERIALS.index(feature.colour), np.int32))
        colours.append(np.tile(getattr(spec.palette, feature.colour), (len(feature.vertices), 1)))
        jaw.append((feature.share * region.jaw[feature.carrier]).sum(axis=1))
        uv.append(_feature_uv(feature, number))
        for name, delta in _feature_keys(feature, moves, met).items():
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
        weights=_bone_weights(together, np.concatenate(jaw)),
        uv=np.concatenate(uv),
        keys={name: np.concatenate(keys[name]).astype(np.float32) for name in CHANNELS},
        correctives={
            name: replace(c, delta=np.concatenate(keys[name]).astype(np.float32)) for name, c in correctives.items()
        },
    )


def _bones(spec: CharacterSpec) -> tuple[Bone, ...]:
    """Root on the floor, neck to the atlas, head to the crown, jaw from its hinge to the chin, eyes along the gaze."""
    x, y, z = spec.eye.centre
    base, atlas = (0.0, -0.190, -0.044), (0.0, -0.050, -0.018)
    eyes = [
        Bone(f"eye_{side}", (s * x, y, z), (s * x, y, z + 0.025), "head")
        for side, s in (("left", 1.0), ("right", -1.0))
    ]
    floor = Bone("root", (0.0, -spec.eye_height, -0.03), (0.0, -spec.eye_height + 0.20, -0.03))
    neck, head = Bone("neck", base, atlas, "root"), Bone("head", atlas, (0.0, 0.120, -0.018), "neck")
    jaw = Bone("jaw", (0.0, *spec.jaw.hinge), (0.0, -0.100, 0.085), "head")
    return (floor, neck, head, jaw, *eyes)


@lru_cache(maxsize=4)
def build_character(spec: CharacterSpec = DEFAULT) -> CharacterModel:
    """The character of a specification. The same specification gives the same bytes."""
    skin = build_skin(spec)
    eyes = build_eye(spec, "Left"), build_eye(spec, "Right")
    teeth = build_teeth(spec, skin.field)
    corneas = build_cornea(spec, "Left"), build_cornea(spec, "Right")
    tongue, hair = build_tongue(spec, skin.field), build_hair(spec, skin)
    parts = (_build_head(spec, skin), *eyes, *corneas, *teeth, tongue, hair)
    return CharacterModel(
        parts=parts,
        bones=_bones(spec),
        landmarks=build_landmarks(spec, skin, eyes),
        palette={name: getattr(spec.palette, name) for name in spec.palette.__dataclass_fields__},
        eye_height=spec.eye_height,
        iod=spec.iod,
    )

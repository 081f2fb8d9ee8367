"""The built-in character moved by a performance without Blender: shape keys, eyes and head on the bare geometry.

The same meshes that the add-on builds, drawn by the same rasteriser that shows Blender's own frames; only the rig is
done here, by one linear blend of head, neck and body. Head axes are those of a Performance: +X left, +Y up, +Z forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from addon.character.build import linear
from addon.character.character import build_character
from addon.character.materials import FINISHES
from addon.character.model import CharacterModel, Corrective, Part
from addon.core.channels import CHANNELS
from addon.core.performance import Performance
from addon.core.rotation import matrix_from_angles
from backend.generator.raster.render import render
from backend.generator.raster.scene import Camera, Mesh

FIELD_OF_VIEW: Final[float] = 0.3
"""Radians: a portrait lens, as in the demo's pictures."""
FRAME_HEIGHT: Final[float] = 3.1
FRAME_BELOW: Final[float] = 0.45
"""IOD: from the forehead to below the chin, the middle of the picture this far under the eyes."""
NECK_SHARE: Final[float] = 0.4
"""Share of the head's turn that the neck takes, so that the throat does not fold."""
SHINE: Final[Mapping[str, float]] = {"sclera": 0.25, "iris": 0.3, "lips": 0.15, "teeth": 0.2, "tongue": 0.2}
"""How strongly a material mirrors the lights; the others are matt."""


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part ready to move: `rest` (V,3) metres, `keys` (52,V,3), `head`, `neck` (V,) weights, eye 0, 1 or None.

    `correctives` are added where keys meet, each with its displacement of this piece's own vertices.
    """

    rest: np.ndarray
    keys: np.ndarray
    correctives: tuple[tuple[Corrective, np.ndarray], ...]
    head: np.ndarray
    neck: np.ndarray
    eye: int | None
    origin: np.ndarray


@dataclass(frozen=True, eq=False)
class Puppet:
    """A character that can be posed and drawn; make it with `puppet()`."""

    mesh: Mesh
    pieces: tuple[_Piece, ...]
    joints: Mapping[str, np.ndarray]
    iod: float

    def vertices(self, performance: Performance, frames: np.ndarray) -> np.ndarray:
        """(F,V,3) float32 positions in head axes and metres at the given frames."""
        turn = matrix_from_angles(performance.head[frames, :3].astype(np.float64))
        part_turn = matrix_from_angles(NECK_SHARE * performance.head[frames, :3].astype(np.float64))
        looks = np.concatenate([performance.gaze[frames], np.zeros((len(frames), 2, 1))], axis=-1)
        eyes = matrix_from_angles(looks.astype(np.float64))
        channels = performance.channels[frames].astype(np.float64)
        moved = [self._moved(piece, channels, eyes, turn, part_turn) for piece in self.pieces]
        return np.concatenate(moved, axis=1).astype(np.float32)

    def draw(self, performance: Performance, frames: np.ndarray, size: int) -> Iterator[np.ndarray]:
        """Pictures (size,size,3) uint8 of the given frames from in front."""
        distance = 0.5 * FRAME_HEIGHT * self.iod / np.tan(0.5 * FIELD_OF_VIEW)
        low, front = -FRAME_BELOW * self.iod, self.iod
        camera = Camera((0.0, low, front + distance), (0.0, low, front), (0.0, 1.0, 0.0), FIELD_OF_VIEW, size, size)
        yield from render(self.mesh, self.vertices(performance, frames), camera, supersample=2)

    def _moved(
        self, piece: _Piece, channels: np.ndarray, eyes: np.ndarray, turn: np.ndarray, part_turn: np.ndarray
    ) -> np.ndarray:
        points = piece.rest + np.tensordot(channels, piece.keys, axes=1)
        values = dict(zip(CHANNELS, channels.T, strict=True))
        for corrective, delta in piece.correctives:
            share = np.asarray(corrective.value(values))
            if share.any():
                points += share[:, None, None] * delta
        if piece.eye is not None:
            points = (points - piece.origin) @ eyes[:, piece.eye].swapaxes(-1, -2) + piece.origin
        head = (points - self.joints["head"]) @ turn.swapaxes(-1, -2) + self.joints["head"]
        neck = (points - self.joints["neck"]) @ part_turn.swapaxes(-1, -2) + self.joints["neck"]
        rest = (1.0 - piece.head - piece.neck)[:, None]
        return piece.head[:, None] * head + piece.neck[:, None] * neck + rest * points


@cache
def puppet() -> Puppet:
    """The default character, built once (some seconds)."""
    model = build_character()
    parts = [part for part in model.parts if all(name in model.palette for name in part.materials)]
    # What has no colour is clear, as the corneas are: the rasteriser draws what lies behind them.
    split = [_split(part, model) for part in parts]
    starts = np.cumsum([0, *(len(source) for source, _, _, _ in split)])
    mesh = Mesh(
        triangles=np.concatenate([faces + start for (_, faces, _, _), start in zip(split, starts[:-1], strict=True)]),
        colours=np.concatenate([colours for _, _, colours, _ in split]),
        specular=np.concatenate([shine for _, _, _, shine in split]),
    )
    pieces = tuple(_piece(part, source) for part, (source, _, _, _) in zip(parts, split, strict=True))
    joints = {bone.name: np.array(bone.head) for bone in model.bones if bone.name in ("head", "neck")}
    return Puppet(mesh, pieces, joints, model.iod)


def _split(part: Part, model: CharacterModel) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Source vertex (W,), triangles (F,3), linear colours (W,3), shine (W,): doubled where two materials meet."""
    pairs = part.quads * len(part.materials) + part.slots[:, None]
    kept, corners = np.unique(pairs, return_inverse=True)
    source, slot = kept // len(part.materials), kept % len(part.materials)
    quads = corners.reshape(-1, 4)
    names = np.array(part.materials)[slot]
    flat = linear(np.array([model.palette[name] for name in part.materials]))[slot]
    blended = np.isin(names, [name for name, finish in FINISHES.items() if finish.painted])[:, None]
    colours = np.where(blended, linear(part.colours[source]), flat)
    shine = np.array([SHINE.get(name, 0.0) for name in names])
    return source, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]), colours, shine


def _piece(part: Part, source: np.ndarray) -> _Piece:
    keys = np.zeros((len(CHANNELS), len(source), 3))
    for number, name in enumerate(CHANNELS):
        if name in part.keys:
            keys[number] = part.keys[name][source]
    weights = {name: weight[source].astype(np.float64) for name, weight in part.weights.items()}
    eye = next((number for number, side in enumerate(("left", "right")) if f"eye_{side}" in weights), None)
    carried = [weights[name] for name in ("head", "jaw") if name in weights]  # the jaw bone goes with the head
    head = np.ones(len(source)) if eye is not None else np.sum(carried, axis=0) if carried else np.zeros(len(source))
    neck = weights.get("neck", np.zeros(len(source)))
    correctives = tuple(
        (corrective, corrective.delta[source].astype(np.float64)) for corrective in part.correctives.values()
    )
    rest = part.vertices[source].astype(np.float64)
    return _Piece(rest, keys, correctives, head, neck, eye, np.array(part.origin))

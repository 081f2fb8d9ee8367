"""What Blender showed, frame by frame: meshes that the add-on read out of a .blend, to draw and to measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.errors import RigError
from addon.core.performance import LANDMARKS
from backend.face.landmarks import EYES, INNER_LIP_PAIRS, LID_PAIRS
from backend.generator.raster.render import render
from backend.generator.raster.scene import PORTRAIT_LENS, STUDIO, Camera, Look, Mesh

SHINE: Final[float] = 0.5
"""How much of the viewport's specular intensity the rasteriser's point lights take."""
PORTRAIT_LIGHT: Final[Look] = replace(
    STUDIO, lights=(*STUDIO.lights[:2], replace(STUDIO.lights[2], wrap=0.35, colour=(0.34, 0.36, 0.41)))
)
"""The studio's light with a softer rim: on a forehead the edge of a hard one reads as a scar."""
MOUTH_CORNERS: Final[tuple[int, int]] = (48, 54)
"""Landmarks of the mouth's corners, iBUG numbers."""
HALF_OPEN: Final[tuple[float, float]] = (0.35, 0.75)
"""Lip gaps of `speaking_frame`, as shares of the line's widest."""


@dataclass(frozen=True)
class Framing:
    """What the picture shows: its `height`, and how far its middle is `below` the eyes, in inter-ocular distances."""

    height: float
    below: float


PORTRAIT: Final[Framing] = Framing(height=4.8, below=0.2)
"""The whole head: about 3.7 from crown to chin, the rest is air."""
CLOSE_UP: Final[Framing] = Framing(height=2.9, below=0.55)
"""From the brows to the chin."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """A character over T frames: one mesh, `vertices` (T,V,3) in Blender's world, `landmarks` (70,) vertex numbers."""

    fps: float
    mesh: Mesh
    vertices: np.ndarray
    landmarks: np.ndarray

    def frame_at(self, seconds: float) -> int:
        """The frame nearest to a time of the line."""
        return int(np.clip(round(seconds * self.fps), 0, len(self.vertices) - 1))

    def inter_ocular(self) -> float:
        """Distance between the eye centres on the first frame, in Blender's units."""
        eyes = self.vertices[0, self.landmarks]
        return float(np.linalg.norm(eyes[list(EYES["left"])].mean(axis=0) - eyes[list(EYES["right"])].mean(axis=0)))

    def inner_lip_gaps(self) -> np.ndarray:
        """(T,3) distance between the inner lips at the right, the centre and the left, in inter-ocular distances."""
        upper, lower = (self.landmarks[list(side)] for side in zip(*INNER_LIP_PAIRS, strict=True))
        apart = self.vertices[:, upper] - self.vertices[:, lower]
        return np.linalg.norm(apart, axis=2) / self.inter_ocular()

    def lid_gaps(self) -> np.ndarray:
        """(T,) the narrower eye's opening, the mean of its two pairs of lid landmarks, in inter-ocular distances."""
        sides = []
        for pairs in LID_PAIRS.values():
            upper, lower = (self.landmarks[list(side)] for side in zip(*pairs, strict=True))
            sides.append(np.linalg.norm(self.vertices[:, upper] - self.vertices[:, lower], axis=2).mean(axis=1))
        return np.min(sides, axis=0) / self.inter_ocular()

    def speaking_frame(self) -> int:
        """A frame in the middle of speech: eyes open, lips about half as far apart as ever, and as wide as then come.

        A rounded mouth hides what the face says. Where no frame is so, the one with the widest lips is taken.
        """
        lips, lids = self.inner_lip_gaps().max(axis=1), self.lid_gaps()
        corners = self.vertices[:, self.landmarks[list(MOUTH_CORNERS)]]
        wide = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
        low, high = HALF_OPEN
        usable = (lips >= low * lips.max()) & (lips <= high * lips.max()) & (lids >= 0.9 * np.median(lids))
        return int(np.where(usable | ~usable.any(), wide, -1.0).argmax())

    def draw(
        self, frames: np.ndarray, size: int, framing: Framing = PORTRAIT, supersample: int = 2
    ) -> Iterator[np.ndarray]:
        """Pictures (size,size,3) uint8 of the given frames from in front; Blender's characters face -Y, up is +Z."""
        eyes = self.vertices[0, self.landmarks[36:48]].mean(axis=0)
        middle = eyes - (0.0, 0.0, framing.below * self.inter_ocular())
        distance = 0.5 * framing.height * self.inter_ocular() / np.tan(0.5 * PORTRAIT_LENS)
        camera = Camera(
            position=(float(middle[0]), float(middle[1] - distance), float(middle[2])),
            target=(float(middle[0]), float(middle[1]), float(middle[2])),
            up=(0.0, 0.0, 1.0),
            field_of_view=PORTRAIT_LENS,
            width=size,
            height=size,
        )
        yield from render(self.mesh, self.vertices[frames], camera, look=PORTRAIT_LIGHT, supersample=supersample)


def read_filmed(path: Path) -> Filmed:
    """Read what `python -m addon.headless … --dump` wrote."""
    with np.load(path, allow_pickle=False) as data:
        fields = ("vertices", "triangles", "colours", "specular")
        parts = {field: [data[f"{field}_{i}"] for i in range(len(data["names"]))] for field in fields}
        first = np.cumsum([0, *(part.shape[1] for part in parts["vertices"])])
        mesh = Mesh(
            triangles=np.concatenate([t + first[i] for i, t in enumerate(parts["triangles"])]).astype(np.int64),
            colours=np.concatenate(parts["colours"]),
            specular=SHINE * np.concatenate(parts["specular"]),
        )
        marks = data["landmarks"]
        if not np.array_equal(marks[:, 0], np.arange(LANDMARKS)):
            raise RigError("demo.landmarks", "The character's meshes do not carry all 70 face landmarks.", str(path))
        return Filmed(
            fps=float(data["fps"]),
            mesh=mesh,
            vertices=np.concatenate(parts["vertices"], axis=1),
            landmarks=first[marks[:, 1]] + marks[:, 2],
        )

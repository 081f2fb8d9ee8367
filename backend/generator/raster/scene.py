"""What is drawn, from where and in which light: the values that the rasteriser takes.

Axes are those of the vertices, right-handed; a triangle is seen from the side on which its corners run
counter-clockwise. Colours are linear RGB in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .texture import Texturing

Vector = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface whose vertices move: `triangles` (F,3) int64 vertex indices, `colours` (V,3) float32.

    `specular` (V,) float32 in 0..1 is how strongly each vertex mirrors the lights; None is matt. A `two_sided`
    surface is also drawn from behind. Where `texturing` has a picture it takes the place of the vertices' colours.
    Raises ValueError when the arrays do not fit each other.
    """

    triangles: np.ndarray
    colours: np.ndarray
    specular: np.ndarray | None = None
    two_sided: bool = False
    texturing: Texturing | None = None

    def __post_init__(self) -> None:
        triangles = np.ascontiguousarray(self.triangles, dtype=np.int64)
        colours = np.ascontiguousarray(self.colours, dtype=np.float32)
        if triangles.ndim != 2 or triangles.shape[1] != 3 or colours.ndim != 2 or colours.shape[1] != 3:
            raise ValueError("a mesh needs triangles (F,3) and colours (V,3)")
        if triangles.size and not 0 <= triangles.min() <= triangles.max() < len(colours):
            raise ValueError("a triangle names a vertex that has no colour")
        object.__setattr__(self, "triangles", triangles)
        object.__setattr__(self, "colours", colours)
        if self.specular is not None:
            specular = np.ascontiguousarray(self.specular, dtype=np.float32)
            if specular.shape != (len(colours),):
                raise ValueError("specular needs one value for each vertex")
            object.__setattr__(self, "specular", specular)
        if self.texturing is not None and len(self.texturing.number) != len(triangles):
            raise ValueError("texturing needs one picture number for each triangle")

    @property
    def vertex_count(self) -> int:
        """V, the number of vertices."""
        return len(self.colours)


@dataclass(frozen=True)
class Camera:
    """A perspective camera at `position` that looks at `target`, `up` upwards in the picture.

    `field_of_view` is the vertical angle in radians; `width` and `height` are pixels. Geometry nearer than `near`
    is not drawn. Raises ValueError when it looks nowhere or along `up`.
    """

    position: Vector
    target: Vector = (0.0, 0.0, 0.0)
    up: Vector = (0.0, 1.0, 0.0)
    field_of_view: float = 0.4
    width: int = 256
    height: int = 256
    near: float = 1e-3

    def __post_init__(self) -> None:
        sight = np.subtract(self.target, self.position)
        if np.linalg.norm(np.cross(sight, self.up)) < 1e-9 * (1 + np.linalg.norm(sight)):
            raise ValueError("the camera looks nowhere or straight along its up direction")
        if min(self.width, self.height) < 1 or not 0 < self.field_of_view < np.pi or self.near <= 0:
            raise ValueError("the camera needs a size, a field of view in 0..pi and a near distance above 0")

    def axes(self) -> np.ndarray:
        """(3,3): the directions right, up and forward of the picture, as rows."""
        forward = np.subtract(self.target, self.position).astype(np.float64)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, self.up)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(right, forward), forward])


PORTRAIT_LENS: Final[float] = 0.3
"""Radians of a vertical angle of view: an 80 mm lens on a 24 mm high frame, which flatters faces."""


@dataclass(frozen=True)
class Light:
    """A distant light: the direction towards it, in camera axes (right, up, towards the viewer), and its colour.

    `wrap` 0 lights only what faces it (Lambert); towards 1 light reaches around the edge, as it does in skin.
    """

    direction: Vector
    colour: Vector
    wrap: float = 0.0


@dataclass(frozen=True)
class Look:
    """Lights, even light from all around, the polish of specular surfaces, and the colours behind the subject."""

    lights: tuple[Light, ...]
    ambient: Vector = (0.1, 0.1, 0.1)
    shininess: float = 24.0
    background_top: Vector = (0.0, 0.0, 0.0)
    background_bottom: Vector = (0.0, 0.0, 0.0)


STUDIO: Final[Look] = Look(
    lights=(
        Light(direction=(-0.55, 0.6, 0.75), colour=(0.92, 0.86, 0.78), wrap=0.25),
        Light(direction=(0.8, 0.1, 0.6), colour=(0.20, 0.23, 0.28), wrap=0.4),
        Light(direction=(0.5, 0.55, -0.75), colour=(0.55, 0.58, 0.65)),
    ),
    ambient=(0.09, 0.09, 0.10),
    background_top=(0.055, 0.060, 0.070),
    background_bottom=(0.155, 0.150, 0.145),
)
"""Three-point portrait light: a warm key from the upper left, a cool fill, and a rim from behind."""

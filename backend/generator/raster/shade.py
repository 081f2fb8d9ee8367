"""Light on the surface that is seen: smooth normals, the attributes of each pixel, diffuse and specular light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch.nn import functional

from .scene import Camera, Look
from .zbuffer import barycentric

FRESNEL_EDGE: Final[float] = 0.08
"""Share of light that skin mirrors more at grazing angles; Schlick's approximation, exponent 5."""


def vertex_normals(vertices: torch.Tensor, triangles: torch.Tensor) -> torch.Tensor:
    """Unit normals (B,V,3) of vertices (B,V,3): the sum of the adjoining triangles' normals, weighted by area.

    A vertex that no triangle uses gets a zero vector.
    """
    # Frames side by side in one row per vertex, so that gathers and sums move whole rows.
    rows = vertices.transpose(0, 1).contiguous()
    a, b, c = (rows.index_select(0, triangles[:, k]) for k in range(3))
    facet = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(rows)
    for k in range(3):
        total.index_add_(0, triangles[:, k], facet)
    return functional.normalize(total, dim=-1).transpose(0, 1).contiguous()


@dataclass(frozen=True, eq=False)
class Hits:
    """What is seen at P positions.

    Its `triangle` (P,), the rows of its corners, `corner` (P,3), among the vertices of all frames side by side, and
    their perspective-correct `shares` (3,P,1).
    """

    triangle: torch.Tensor
    corner: torch.Tensor
    shares: torch.Tensor

    def of_vertices(self, attributes: torch.Tensor) -> torch.Tensor:
        """Values (P,A) of what the vertices carry, (B,V,A), or (V,A) where it is the same in all frames."""
        rows = attributes.reshape(-1, attributes.shape[-1])
        corner = self.corner if attributes.dim() == 3 else self.corner % len(rows)
        value = rows.index_select(0, corner[:, 0]) * self.shares[0]
        for k in (1, 2):
            value = torch.addcmul(value, rows.index_select(0, corner[:, k]), self.shares[k])
        return value

    def of_corners(self, attributes: torch.Tensor) -> torch.Tensor:
        """Values (P,A) of what each triangle's corners carry, (F,3,A)."""
        rows = attributes.reshape(-1, attributes.shape[-1])
        value = rows.index_select(0, 3 * self.triangle) * self.shares[0]
        for k in (1, 2):
            value = torch.addcmul(value, rows.index_select(0, 3 * self.triangle + k), self.shares[k])
        return value


def hits(screen: torch.Tensor, triangles: torch.Tensor, seen: torch.Tensor, where: torch.Tensor) -> Hits:
    """The triangles at the positions `where` (P,) of the flattened `seen`, all of them covered.

    `screen` (B,V,3) is `project`'s, `seen` (B,H,W) is `visible_triangles`'s.
    """
    _, height, width = seen.shape
    pixel = where % (height * width)
    frame = torch.div(where, height * width, rounding_mode="floor")
    triangle = seen.reshape(-1)[where]
    corner = triangles[triangle] + (frame * screen.shape[1])[:, None]
    points = screen.reshape(-1, 3)[corner.T].movedim(-1, 1).contiguous()
    x, y = (pixel % width).to(screen.dtype) + 0.5, (pixel // width).to(screen.dtype) + 0.5
    weights = torch.stack(barycentric(points, x, y)).clamp(min=0) * points[:, 2]
    return Hits(triangle, corner, (weights / weights.sum(dim=0))[..., None])


def light(
    normals: torch.Tensor,
    towards: torch.Tensor,
    colours: torch.Tensor,
    polish: torch.Tensor,
    look: Look,
    camera: Camera,
) -> torch.Tensor:
    """Linear RGB (P,3) of surface points: unit `normals` and directions `towards` the eye (P,3), `polish` (P,1).

    Wrapped Lambert diffuse, Blinn-Phong specular with a Fresnel edge, ambient light.
    """
    axes = torch.as_tensor(camera.axes(), dtype=normals.dtype, device=normals.device)
    viewer = axes * torch.tensor([[1.0], [1.0], [-1.0]], dtype=normals.dtype, device=normals.device)
    diffuse = torch.tensor(look.ambient, dtype=normals.dtype, device=normals.device).expand_as(colours)
    mirrored = torch.zeros_like(colours)
    # With n.(l + v) = n.l + n.v, and the half vector's length from l.v, no half vector is ever built.
    facing = (normals * towards).sum(dim=-1, keepdim=True)
    for lamp in look.lights:
        direction = functional.normalize(
            torch.tensor(lamp.direction, dtype=normals.dtype, device=normals.device), dim=0
        )
        direction = direction @ viewer
        colour = torch.tensor(lamp.colour, dtype=normals.dtype, device=normals.device)
        cosine = normals @ direction[:, None]
        diffuse = torch.addcmul(diffuse, ((cosine + lamp.wrap) / (1 + lamp.wrap)).clamp(min=0), colour)
        length = (2 + 2 * (towards @ direction[:, None])).clamp(min=1e-6).sqrt()
        half = ((cosine + facing) / length).clamp(0, 1)
        mirrored = torch.addcmul(mirrored, half**look.shininess * (cosine > 0), colour)
    edge = FRESNEL_EDGE * (1 - facing.clamp(0, 1)) ** 5
    return colours * diffuse + mirrored * (polish + edge)

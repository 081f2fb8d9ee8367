"""What is seen at each pixel as numbers instead of light: triangle, normal, texture place, whatever vertices carry.

It is what a network that paints a shot is told about the shot (deferred shading).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from .scene import Camera
from .shade import Hits, hits, vertex_normals
from .zbuffer import project, visible_triangles


@dataclass(frozen=True, eq=False)
class Buffers:
    """B frames of height x width pixels, of which P are covered.

    where    (P,) int64 positions in the flattened (B,height,width)
    hits     the triangles seen there
    normals  (P,3) unit, axes of the vertices
    depth    (P,) distance along the camera's forward axis
    """

    frames: int
    height: int
    width: int
    where: torch.Tensor
    hits: Hits
    normals: torch.Tensor
    depth: torch.Tensor

    def spread(self, values: torch.Tensor, empty: float = 0.0) -> torch.Tensor:
        """Values (P,A) as maps (B,A,H,W) in channels-last memory, `empty` where nothing is seen."""
        maps = values.new_full((self.frames * self.height * self.width, values.shape[1]), empty)
        maps[self.where] = values
        return maps.reshape(self.frames, self.height, self.width, -1).permute(0, 3, 1, 2)


def draw_buffers(vertices: torch.Tensor, triangles: torch.Tensor, camera: Camera) -> Buffers:
    """The buffers of vertices (B,V,3) float32 and triangles (F,3) int64 before a camera."""
    screen = project(vertices, camera)
    seen = visible_triangles(screen, triangles, camera.height, camera.width)
    where = torch.nonzero(seen.reshape(-1) >= 0).squeeze(1)
    met = hits(screen, triangles, seen, where)
    carried = torch.cat([vertex_normals(vertices, triangles), screen[..., 2:].reciprocal()], dim=-1)
    value = met.of_vertices(carried)
    return Buffers(
        frames=len(vertices),
        height=camera.height,
        width=camera.width,
        where=where,
        hits=met,
        normals=functional.normalize(value[:, :3], dim=-1),
        depth=value[:, 3],
    )

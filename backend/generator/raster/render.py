"""From moving vertices to frames: project, find what is seen, light it, average the samples, encode as sRGB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch.nn import functional

from addon.core.colour import srgb

from .scene import STUDIO, Camera, Look, Mesh
from .shade import Hits, hits, light, vertex_normals
from .texture import Layout, Texturing, linear_table
from .zbuffer import project, visible_triangles

PIXELS_AT_ONCE: Final[Mapping[str, int]] = {"cpu": 1 << 16, "cuda": 1 << 21}
"""Pixels that are lit together by device, which bounds memory and keeps what is in work near the processor."""
_SRGB_STEPS: Final[int] = 1 << 14


def render(
    mesh: Mesh,
    vertices: np.ndarray,
    camera: Camera,
    batch: int = 8,
    *,
    look: Look = STUDIO,
    supersample: int = 1,
    alpha: bool = False,
    device: str = "cpu",
) -> Iterator[np.ndarray]:
    """Frames (H,W,3) uint8 sRGB of `mesh` with vertices (T,V,3), one for each t, drawn `batch` at a time.

    `supersample` 2 draws at twice the size and averages 2 x 2 samples in linear light, which smooths edges at about
    four times the cost. With `alpha` frames are (H,W,4): the subject alone, colour not multiplied by its coverage.
    Raises ValueError when the vertices are not those of the mesh or are not finite.
    """
    if vertices.ndim != 3 or vertices.shape[1:] != (mesh.vertex_count, 3):
        raise ValueError(f"vertices have shape {vertices.shape}, expected (T, {mesh.vertex_count}, 3)")
    if batch < 1 or supersample < 1:
        raise ValueError("batch and supersample are at least 1")
    subject = _Subject.of(mesh, device)
    fine = replace(camera, width=camera.width * supersample, height=camera.height * supersample)
    behind = _background(look, fine, device)
    encode = _srgb_table(device)
    for start in range(0, len(vertices), batch):
        part = np.ascontiguousarray(vertices[start : start + batch], dtype=np.float32)
        if not np.isfinite(part).all():
            raise ValueError("a vertex is not a finite number")
        linear, covered = _lit(subject, torch.from_numpy(part).to(device), fine, look)
        frames = _finished(linear, covered, behind, supersample, alpha)
        colours = encode[(frames[..., :3].clamp(0, 1) * (_SRGB_STEPS - 1) + 0.5).long()]
        if alpha:
            colours = torch.cat([colours, (frames[..., 3:] * 255 + 0.5).to(torch.uint8)], dim=-1)
        yield from colours.cpu().numpy()


@dataclass(frozen=True, eq=False)
class _Pictures:
    """A texturing on the device: `uv` and `number` as there, `texels` (N,3) of linear light in their `layout`."""

    uv: torch.Tensor
    number: torch.Tensor
    layout: Layout
    texels: torch.Tensor

    @classmethod
    def of(cls, texturing: Texturing, device: str) -> _Pictures:
        rows = np.concatenate([picture.reshape(-1, 3) for picture in texturing.pictures])
        return cls(
            torch.from_numpy(np.ascontiguousarray(texturing.uv, dtype=np.float32)).to(device),
            torch.from_numpy(texturing.number.astype(np.int64)).to(device),
            Layout.of([(p.shape[0], p.shape[1]) for p in texturing.pictures], device),
            linear_table(device)[torch.from_numpy(rows).to(device).long()],
        )

    def over(self, colours: torch.Tensor, seen: Hits) -> torch.Tensor:
        """`colours` (P,3) with those of the pictures where there is one."""
        number = self.number[seen.triangle]
        index, share = self.layout.taps(number.clamp(min=0), seen.of_corners(self.uv))
        painted = functional.embedding_bag(index, self.texels, per_sample_weights=share, mode="sum")
        return torch.where(number[:, None] >= 0, painted.to(colours.dtype), colours)


@dataclass(frozen=True, eq=False)
class _Subject:
    """The mesh on the device: triangles (F,3), what its vertices carry besides motion (V,4), sides and pictures."""

    triangles: torch.Tensor
    carried: torch.Tensor
    two_sided: bool
    pictures: _Pictures | None

    @classmethod
    def of(cls, mesh: Mesh, device: str) -> _Subject:
        specular = np.zeros(mesh.vertex_count, np.float32) if mesh.specular is None else mesh.specular
        carried = torch.from_numpy(np.concatenate([mesh.colours, specular[:, None]], axis=1)).to(device)
        textured = mesh.texturing is not None and mesh.texturing.pictures
        pictures = _Pictures.of(mesh.texturing, device) if textured and mesh.texturing else None
        return cls(torch.from_numpy(mesh.triangles).to(device), carried, mesh.two_sided, pictures)


def _lit(subject: _Subject, vertices: torch.Tensor, camera: Camera, look: Look) -> tuple[torch.Tensor, torch.Tensor]:
    """Linear colour (B,H,W,3), black where nothing is, and coverage (B,H,W) as 0 or 1."""
    screen = project(vertices, camera)
    seen = visible_triangles(screen, subject.triangles, camera.height, camera.width, two_sided=subject.two_sided)
    normals = vertex_normals(vertices, subject.triangles)
    carried = torch.cat([vertices, normals, subject.carried.expand(len(vertices), -1, -1)], dim=-1)
    eye = torch.tensor(camera.position, dtype=vertices.dtype, device=vertices.device)
    picture = torch.zeros((seen.numel(), 3), dtype=vertices.dtype, device=vertices.device)
    for part in torch.nonzero(seen.reshape(-1) >= 0).squeeze(1).split(PIXELS_AT_ONCE[seen.device.type]):
        met = hits(screen, subject.triangles, seen, part)
        value = met.of_vertices(carried)
        colours = value[:, 6:9] if subject.pictures is None else subject.pictures.over(value[:, 6:9], met)
        towards = functional.normalize(eye - value[:, :3], dim=-1)
        normal = functional.normalize(value[:, 3:6], dim=-1)
        if subject.two_sided:
            normal = torch.where((normal * towards).sum(dim=-1, keepdim=True) < 0, -normal, normal)
        picture[part] = light(normal, towards, colours, value[:, 9:], look, camera)
    return picture.reshape(*seen.shape, 3), (seen >= 0).to(vertices.dtype)


def _finished(
    linear: torch.Tensor, covered: torch.Tensor, behind: torch.Tensor, supersample: int, alpha: bool
) -> torch.Tensor:
    """Samples averaged to pixels: (B,H,W,3) over the background, or (B,H,W,4) with straight alpha."""
    layers = (
        torch.cat([linear, covered[..., None]], dim=-1)
        if alpha
        else torch.where(covered[..., None] > 0, linear, behind)
    )
    if supersample > 1:
        layers = functional.avg_pool2d(layers.movedim(-1, 1), supersample).movedim(1, -1)
    if not alpha:
        return layers
    return torch.cat([layers[..., :3] / layers[..., 3:].clamp(min=1e-6), layers[..., 3:]], dim=-1)


def _background(look: Look, camera: Camera, device: str) -> torch.Tensor:
    """(H,1,3) linear gradient from the top to the bottom row."""
    down = torch.linspace(0, 1, camera.height, device=device)[:, None, None]
    top, bottom = (torch.tensor(colour, device=device) for colour in (look.background_top, look.background_bottom))
    return top * (1 - down) + bottom * down


def _srgb_table(device: str) -> torch.Tensor:
    """uint8 sRGB of linear light in equal steps."""
    encoded = srgb(np.linspace(0, 1, _SRGB_STEPS))
    return torch.from_numpy((encoded * 255 + 0.5).astype(np.uint8)).to(device)

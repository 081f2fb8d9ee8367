"""Which triangle is seen at each pixel: projection and a depth buffer, for a batch of frames at once.

Triangles are sorted into bins by the size of their bounding box in pixels, so that a bin is one dense array of
(triangle, row, column) samples. Every sample inside its triangle bids a 64-bit number, depth in the high half and the
triangle in the low half; the smallest bid wins the pixel (`scatter_reduce` with "amin"). The result does not depend
on the order of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch

from .scene import Camera

BIN_SIDES: Final[tuple[int, ...]] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Bounding boxes are padded up to one of these sides, in pixels."""
SAMPLES_AT_ONCE: Final[Mapping[str, int]] = {"cpu": 1 << 17, "cuda": 1 << 22}
"""Samples worked on together by device: half a megabyte for each number they have, which stays in a processor's cache;
16 on a GPU, which wants few and wide calls."""
EDGE_TOLERANCE: Final[float] = 1e-5
"""How far outside, in barycentric terms, a pixel still counts, so that rounding opens no crack between neighbours."""
_NOTHING: Final[int] = (1 << 63) - 1


def project(vertices: torch.Tensor, camera: Camera) -> torch.Tensor:
    """Screen positions (B,V,3) of vertices (B,V,3): x, y in pixels from the top left corner, and 1 / distance.

    The distance is measured along the camera's forward axis. What lies nearer than `camera.near` gets an inverse
    distance of 0, which marks it as not to be drawn.
    """
    axes = torch.as_tensor(camera.axes(), dtype=vertices.dtype, device=vertices.device)
    origin = torch.tensor(camera.position, dtype=vertices.dtype, device=vertices.device)
    seen = (vertices - origin) @ axes.T
    visible = seen[..., 2] >= camera.near
    inverse = torch.where(visible, seen[..., 2], torch.inf).reciprocal()
    focal = camera.height / 2 / torch.tan(torch.tensor(camera.field_of_view / 2, dtype=torch.float64)).item()
    x = camera.width / 2 + focal * seen[..., 0] * inverse
    y = camera.height / 2 - focal * seen[..., 1] * inverse
    return torch.stack([x, y, inverse], dim=-1)


def visible_triangles(
    screen: torch.Tensor, triangles: torch.Tensor, height: int, width: int, *, two_sided: bool = False
) -> torch.Tensor:
    """The triangle seen at each pixel centre (B,H,W) int64, -1 where there is none, of `project`'s (B,V,3)."""
    frames = screen.shape[0]
    best = torch.full((frames * height * width,), _NOTHING, dtype=torch.int64, device=screen.device)
    # One long row for each coordinate of each corner, (3 corners, 3 coordinates, N): reductions over a short last
    # axis cost ten times as much.
    corners = screen.movedim(-1, 0)[:, :, triangles.T].permute(2, 0, 1, 3).flatten(2)
    number = torch.nonzero(_drawable(corners, two_sided)).squeeze(1)
    corners = corners[:, :, number]
    low, size = _boxes(corners, height, width)
    side = torch.where(size.min(dim=0).values > 0, size.max(dim=0).values, 0)
    smallest, at_once = 0, SAMPLES_AT_ONCE[screen.device.type]
    for largest in BIN_SIDES:
        chosen = torch.nonzero((side > smallest) & (side <= largest)).squeeze(1)
        smallest = largest
        for part in chosen.split(max(1, at_once // largest**2)):
            shape = (len(triangles), height, width)
            _bid(best, corners[:, :, part], low[:, part], size[:, part], number[part], largest, shape)
    return torch.where(best == _NOTHING, -1, best & 0xFFFFFFFF).reshape(frames, height, width)


def barycentric(corners: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Weights (...) of three corners (3,2+,...) at points x, y (...) of the screen.

    They sum to 1; inside the triangle all are >= 0.
    """
    (ax, ay), (bx, by), (cx, cy) = corners[:, :2]
    first, second = (bx - x) * (cy - y) - (by - y) * (cx - x), (cx - x) * (ay - y) - (cy - y) * (ax - x)
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return first / area, second / area, 1 - first / area - second / area


def _drawable(corners: torch.Tensor, two_sided: bool) -> torch.Tensor:
    """Triangles (3,3,N) wholly beyond the near plane, not seen edge on, and seen from a side that is drawn."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = corners
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    # Rows count downwards, so what runs counter-clockwise in space has a negative area in pixels.
    facing = area.abs() > 1e-9 if two_sided else area < -1e-9
    return facing & (az > 0) & (bz > 0) & (cz > 0)


def _boxes(corners: torch.Tensor, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """First pixel (2,N) x, y whose centre lies in each bounding box, and how many (2,N) do, within the picture."""
    limit = torch.tensor([[width - 1], [height - 1]], device=corners.device, dtype=corners.dtype)
    a, b, c = corners[:, :2]
    first = torch.ceil(torch.minimum(torch.minimum(a, b), c) - 0.5)
    last = torch.floor(torch.maximum(torch.maximum(a, b), c) - 0.5)
    low = torch.minimum(first.clamp(min=0), limit + 1)
    high = torch.minimum(last, limit).clamp(min=-1)
    return low.long(), (high - low).long() + 1


def _bid(
    best: torch.Tensor,
    corners: torch.Tensor,
    low: torch.Tensor,
    size: torch.Tensor,
    number: torch.Tensor,
    side: int,
    shape: tuple[int, int, int],
) -> None:
    """Let the pixels of one bin's triangles bid for `best`; `number` counts triangles through all frames."""
    count, height, width = shape
    step = torch.arange(side, device=corners.device)
    local = corners[:, :2] - (low + 0.5)
    x, y = step.to(corners.dtype)[None, None, :], step.to(corners.dtype)[None, :, None]
    wa, wb, wc = _planes(local, x, y)
    inside = torch.minimum(torch.minimum(wa, wb), wc) >= -EDGE_TOLERANCE
    inside &= (step < size[0, :, None])[:, None, :] & (step < size[1, :, None])[:, :, None]
    row, j, i = torch.nonzero(inside, as_tuple=True)
    a, b, c = corners[:, 2]
    inverse = (wa * a[:, None, None] + wb * b[:, None, None] + wc * c[:, None, None])[row, j, i]
    # A positive float32 keeps its order when its bits are read as an integer.
    depth = inverse.clamp(min=1e-30).reciprocal().float().view(torch.int32).long()
    triangle = number % count
    start = (torch.div(number, count, rounding_mode="floor") * height + low[1]) * width + low[0]
    best.scatter_reduce_(0, start[row] + j * width + i, (depth << 32) | triangle[row], reduce="amin")


def _planes(corners: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Barycentric weights (N,k,k) as planes a x + b y + c, which costs a third of `barycentric` over a grid."""
    (ax, ay), (bx, by), (cx, cy) = corners
    scale = 1 / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    planes = []
    for px, py, qx, qy in ((bx, by, cx, cy), (cx, cy, ax, ay)):
        plane = torch.stack([(py - qy) * scale, (qx - px) * scale, (px * qy - py * qx) * scale])[..., None, None]
        planes.append(plane[0] * x + plane[1] * y + plane[2])
    return planes[0], planes[1], 1 - planes[0] - planes[1]

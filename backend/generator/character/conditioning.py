"""What the painter is told of frames: the rasteriser's buffers, where the texture is read, where mouth and eyes are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from backend.generator.raster.buffers import draw_buffers
from backend.generator.raster.scene import Camera
from backend.generator.raster.zbuffer import project

from .body import Body, Plan
from .network import STRIDE, cut


@dataclass(frozen=True)
class Window:
    """The part of the picture that frames lie in: its `left` and `top` pixel, `width` and `height`, multiples of 16.

    It may reach over the picture's edge, where nothing is seen.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, vertices: Tensor, camera: Camera, plan: Plan) -> Window:
        """The window of everything in the picture that vertices (T,V,3) touch; it has room for the plan's squares."""
        points = project(vertices, camera)[..., :2].flatten(0, 1)
        low, high = points.amin(dim=0).floor().long().tolist(), points.amax(dim=0).ceil().long().tolist()
        spans = []
        for start, end, size in zip(low, high, (camera.width, camera.height), strict=True):
            first = min(max(0, start), size - 1)
            wide = max(min(end, size) - first, plan.mouth, plan.eye)
            spans.append((first, -(-wide // STRIDE) * STRIDE))
        (left, width), (top, height) = spans
        return cls(left, top, width, height)

    def of(self, pictures: Tensor) -> Tensor:
        """Pictures (B,C,H,W) cut to the window, zero beyond their edges."""
        part = pictures[..., self.top : self.top + self.height, self.left : self.left + self.width]
        return functional.pad(part, (0, self.width - part.shape[-1], 0, self.height - part.shape[-2]))

    def put(self, part: Tensor, height: int, width: int) -> Tensor:
        """Pictures (B,C,height,width) that are zero but for their window's content (B,C,h,w)."""
        kept = part[..., : height - self.top, : width - self.left]
        right, bottom = width - self.left - kept.shape[-1], height - self.top - kept.shape[-2]
        return functional.pad(kept, (self.left, right, self.top, bottom))


@dataclass(frozen=True, eq=False)
class Told:
    """B frames' conditioning, in a window: of P covered pixels, and where the details are.

    where  (P,) int64 positions in the flattened (B,height,width) of the window
    index, share  (P,4): rows of the texture and how much of each
    plain  (P,8): normal, code, coverage, inside of the mouth
    corners (B,3,2) int64: top left pixels of the squares of mouth, left and right eye in the window
    """

    frames: int
    window: Window
    where: Tensor
    index: Tensor
    share: Tensor
    plain: Tensor
    corners: Tensor

    def features(self, texels: Tensor) -> Tensor:
        """(B,F,H,W) of a texture (N,C), channels last in memory; zero where nothing is seen."""
        read = functional.embedding_bag(self.index, texels, per_sample_weights=self.share.to(texels.dtype), mode="sum")
        values = torch.cat([read, self.plain.to(texels.dtype)], dim=1)
        height, width = self.window.height, self.window.width
        maps = values.new_zeros((self.frames * height * width, values.shape[1])).index_copy(0, self.where, values)
        return maps.reshape(self.frames, height, width, -1).permute(0, 3, 1, 2)

    def details(self, features: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
        """Squares of features (B,F,M,M) around the mouths and (2B,F,E,E) around the eyes."""
        return cut(features, self.corners[:, :1], plan.mouth), cut(features, self.corners[:, 1:], plan.eye)


def tell(vertices: Tensor, body: Body, plan: Plan, camera: Camera, window: Window) -> Told:
    """Conditioning of frames (B,V,3): one sample for each pixel, taken at its middle."""
    buffers = draw_buffers(vertices, body.triangles, camera)
    met = buffers.hits
    index, share = body.layout.taps(body.surface[met.triangle], met.of_corners(body.uv))
    inside = body.inside[met.triangle][:, None]
    plain = torch.cat([buffers.normals, met.of_vertices(body.code), torch.ones_like(inside), inside], dim=1)
    frame = torch.div(buffers.where, camera.height * camera.width, rounding_mode="floor")
    pixel = buffers.where % (camera.height * camera.width)
    y, x = torch.div(pixel, camera.width, rounding_mode="floor") - window.top, pixel % camera.width - window.left
    return Told(
        frames=len(vertices),
        window=window,
        where=(frame * window.height + y) * window.width + x,
        index=index,
        share=share,
        plain=plain,
        corners=_corners(vertices, body, plan, camera, window),
    )


def one_of(told: list[Told]) -> Told:
    """Frames of one window side by side as one batch."""
    size = told[0].window.height * told[0].window.width
    offsets = torch.tensor([0, *(part.frames * size for part in told[:-1])]).cumsum(0).tolist()
    names = ("index", "share", "plain", "corners")
    joined = {name: torch.cat([getattr(part, name) for part in told]) for name in names}
    where = torch.cat([part.where + offset for part, offset in zip(told, offsets, strict=True)])
    return replace(told[0], frames=sum(part.frames for part in told), where=where, **joined)


def _corners(vertices: Tensor, body: Body, plan: Plan, camera: Camera, window: Window) -> Tensor:
    """(B,3,2) int64: the squares' corners, centred on what they show and kept within the window."""
    corners = []
    for marks, side in zip(body.anchors, (plan.mouth, plan.eye, plan.eye), strict=True):
        points = project(vertices[:, marks], camera)[..., :2]
        middle = 0.5 * (points.amin(dim=1) + points.amax(dim=1))
        corner = torch.round(middle - side / 2).long() - middle.new_tensor([window.left, window.top]).long()
        most = torch.tensor([window.width - side, window.height - side], device=corner.device)
        corners.append(torch.minimum(corner, most).clamp(min=0))
    return torch.stack(corners, dim=1)


def features_of(
    vertices: Tensor, texels: Tensor, body: Body, plan: Plan, camera: Camera, window: Window, fine: int
) -> tuple[Tensor, Told]:
    """Features (B,F,H,W) of frames with `fine` x `fine` samples a pixel, averaged, and what they are told."""
    told = tell(vertices, body, plan, camera, window)
    if fine == 1:
        return told.features(texels), told
    closer = replace(camera, width=camera.width * fine, height=camera.height * fine)
    wide = Window(*(fine * side for side in (window.left, window.top, window.width, window.height)))
    many = tell(vertices, body, plan, closer, wide).features(texels)
    return functional.avg_pool2d(many, fine), told

"""A rendered set made ready to learn from: conditioning worked out once, pictures cut to the window they lie in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from backend.generator.raster.scene import Camera
from backend.generator.raster.shots import camera_of

from .body import Body, Plan
from .conditioning import Told, Window, one_of, tell
from .crops import Crops
from .dataset import RenderedSet
from .losses import EYE_WEIGHT, MOUTH_WEIGHT
from .pictures import as_bytes


@dataclass(frozen=True, eq=False)
class Material:
    """The frames of a set on the device, by their numbers in it; `crops` are of the whole picture."""

    rendered: RenderedSet
    window: Window
    camera: Camera
    crops: Crops
    _told: tuple[Told, ...]
    _device: str

    @classmethod
    def of(cls, rendered: RenderedSet, body: Body, plan: Plan, device: str) -> Material:
        """Draw the conditioning of all frames; kept in half precision, about a megabyte a frame at 256 pixels."""
        camera = camera_of(rendered.shot)
        vertices = torch.from_numpy(rendered.shot.vertices)
        window = Window.around(vertices, camera, plan)
        with torch.no_grad():
            told = tuple(_small(tell(frame[None].to(device), body, plan, camera, window)) for frame in vertices)
        return cls(rendered, window, camera, Crops.of(rendered.shot), told, device)

    def told(self, numbers: np.ndarray) -> Told:
        """What the painter is told of frames."""
        told = one_of([self._told[k] for k in numbers])
        return replace(told, index=told.index.long(), share=told.share.float(), plain=told.plain.float())

    def true(self, numbers: np.ndarray) -> Tensor:
        """The rendered pictures (B,4,h,w) of the window, 0..1."""
        pictures = torch.from_numpy(self.rendered.pictures[numbers]).to(self._device)
        return self.window.of(pictures.permute(0, 3, 1, 2).float() / 255)

    def weight(self, numbers: np.ndarray) -> Tensor:
        """(B,1,h,w): how much each pixel counts."""
        weight = np.ones((len(numbers), 1, self.camera.height, self.camera.width), np.float32)
        for row, number in zip(weight, numbers, strict=True):
            for name, worth in (("eyes", EYE_WEIGHT), ("mouth", MOUTH_WEIGHT)):
                box = self.crops.boxes[number][name]
                row[:, box.top : box.bottom, box.left : box.right] = worth
        return self.window.of(torch.from_numpy(weight).to(self._device))

    def whole(self, part: Tensor) -> np.ndarray:
        """Pictures (B,H,W,4) uint8 of painted windows (B,4,h,w)."""
        return as_bytes(self.window.put(part, self.camera.height, self.camera.width))


def _small(told: Told) -> Told:
    return replace(told, index=told.index.int(), share=told.share.half(), plain=told.plain.half())

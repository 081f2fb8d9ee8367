"""Pictures on a surface: where each seen point lies on them, and what is there, mixed from the four nearest texels.

Pictures of any sizes stand one under the other in one table of texels, so that a whole frame is one gather whatever
the number of materials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from addon.core.colour import linear


@dataclass(frozen=True, eq=False)
class Texturing:
    """Pictures of a mesh: `uv` (F,3,2) of each triangle's corners, v upwards, and `number` (F,) of its picture, or -1.

    `pictures` are (H,W,3) uint8 sRGB, first row at the top; outside 0..1 they repeat. Raises ValueError when the
    arrays do not fit each other.
    """

    uv: np.ndarray
    number: np.ndarray
    pictures: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        if self.uv.shape != (len(self.number), 3, 2) or not np.isfinite(self.uv).all():
            raise ValueError("texturing needs a finite uv (F,3,2) and one picture number for each triangle")
        if any(p.ndim != 3 or p.shape[2] != 3 or p.dtype != np.uint8 or not p.size for p in self.pictures):
            raise ValueError("a picture of a texture is (H,W,3) uint8")
        if len(self.number) and not -1 <= self.number.min() <= self.number.max() < len(self.pictures):
            raise ValueError("a triangle names a picture that is not there")


@dataclass(frozen=True, eq=False)
class Layout:
    """Where pictures lie in a table of texels: `first` row, `height` and `width` (K,) int64 of each of K pictures."""

    first: torch.Tensor
    height: torch.Tensor
    width: torch.Tensor

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]], device: str | torch.device = "cpu") -> Layout:
        """The layout of pictures of (height, width), one after the other."""
        height, width = torch.tensor(list(sizes), dtype=torch.int64, device=device).reshape(-1, 2).unbind(1)
        area = height * width
        return cls(area.cumsum(0) - area, height, width)

    @property
    def texels(self) -> int:
        """Rows of the table."""
        return int((self.height * self.width).sum())

    def taps(self, number: torch.Tensor, uv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows (P,4) int64 of the texels around `uv` (P,2) on the pictures `number` (P,), and their shares (P,4)."""
        height, width, first = self.height[number], self.width[number], self.first[number]
        # A texel's own place is its middle, hence the half.
        x, y = uv[:, 0] * width - 0.5, (1.0 - uv[:, 1]) * height - 0.5
        column, row = torch.floor(x), torch.floor(y)
        right, down = x - column, y - row
        column, row = column.long(), row.long()
        columns = [torch.remainder(column + step, width) for step in (0, 1)]
        rows = [first + torch.remainder(row + step, height) * width for step in (0, 1)]
        index = torch.stack([rows[0] + columns[0], rows[0] + columns[1], rows[1] + columns[0], rows[1] + columns[1]], 1)
        left, up = 1.0 - right, 1.0 - down
        return index, torch.stack([up * left, up * right, down * left, down * right], 1)


def linear_table(device: str | torch.device = "cpu") -> torch.Tensor:
    """(256,) float32 linear light of each sRGB byte."""
    return torch.from_numpy(linear(np.linspace(0, 1, 256))).float().to(device)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture (H,W,3) uint8 halved until neither side is longer than `side`: a far texture that does not flicker."""
    while max(picture.shape[:2]) > side and min(picture.shape[:2]) > 1:
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        blocks = picture[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
        picture = np.round(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return picture

"""What a painter is told about its mistakes: colour, edges and forms, with mouth and eyes made to count.

Lips are a few hundredths of a portrait's pixels, and of a plain mean they are as little (PoseTalk, arXiv 2409.02657,
found under 4 % of the loss): weights give mouth and eyes about half of it. No network that others trained judges here.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

MOUTH_WEIGHT: Final[float] = 8.0
EYE_WEIGHT: Final[float] = 5.0
"""How much more a pixel in the boxes of mouth and eyes counts; chosen so that they are about half of the whole."""
EDGES: Final[float] = 0.5
FORMS: Final[float] = 0.5
"""Weights of edges and forms beside colour, which counts 1; chosen, none was tried against others."""
SCALES: Final[tuple[int, ...]] = (2, 4)
"""Sizes of the cells whose mean colours are compared too, pixels: up to the network's own cells."""


def painting_loss(made: Tensor, true: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """Parts of the loss of pictures (B,4,H,W) against rendered ones, each pixel counted by `weight` (B,1,H,W).

    colour  mean absolute difference of colour times coverage, and of coverage
    edges   the same of differences between neighbours, which keeps lines sharp
    forms   the same of means over cells, which keeps large errors from hiding in small ones
    """
    difference = _over_black(made) - _over_black(true)
    parts = {"colour": _mean(difference.abs(), weight)}
    along = (difference[..., 1:] - difference[..., :-1]).abs()
    down = (difference[..., 1:, :] - difference[..., :-1, :]).abs()
    parts["edges"] = EDGES * (_mean(along, weight[..., 1:]) + _mean(down, weight[..., 1:, :]))
    coarse = [
        _mean(functional.avg_pool2d(difference, size).abs(), functional.avg_pool2d(weight, size)) for size in SCALES
    ]
    parts["forms"] = FORMS * torch.stack(coarse).mean()
    return parts


def _over_black(picture: Tensor) -> Tensor:
    alpha = picture[:, 3:]
    return torch.cat([picture[:, :3] * alpha, alpha], dim=1)


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    return (error * weight).mean() / weight.mean()

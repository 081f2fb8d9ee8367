"""Convolutions under spectral norm (Miyato et al., ICLR 2018), and plain ones that do the same.

A checkpoint keeps the weight W as it was trained and two vectors u and v that the power iteration left; what is used is
W / sigma with sigma = u . (W v), W seen as a matrix of one row an output. Once training is over that is a plain
convolution, so it is folded when weights are loaded.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class SpectralConv2d(nn.Module):
    """A convolution (B,I,H,W) -> (B,O,H,W) whose weight is divided by its largest singular value, as u and v have it.

    Holds `weight_orig`, `weight_u`, `weight_v` and `bias` until `fold`, then `weight` and `bias`.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, *, padding: int = 0, bias: bool = True) -> None:
        super().__init__()
        self.padding = padding
        plain = nn.Conv2d(inputs, outputs, kernel, bias=bias)
        self.bias = plain.bias
        self.weight_orig = nn.Parameter(plain.weight.detach())
        self.register_buffer("weight_u", functional.normalize(torch.randn(outputs), dim=0))
        self.register_buffer("weight_v", functional.normalize(torch.randn(inputs * kernel * kernel), dim=0))
        self.register_parameter("weight", None)

    def forward(self, picture: Tensor) -> Tensor:
        """See the class."""
        weight = self.normalized() if self.weight is None else self.weight
        return functional.conv2d(picture, weight, self.bias, padding=self.padding)

    def normalized(self) -> Tensor:
        """W / sigma, (O,I,k,k)."""
        sigma = torch.dot(self.weight_u, self.weight_orig.flatten(1) @ self.weight_v)
        return self.weight_orig / sigma

    @torch.no_grad()
    def iterate(self, times: int) -> None:
        """Let u and v come nearer to the largest singular value: `times` power iterations."""
        matrix = self.weight_orig.flatten(1)
        for _ in range(times):
            self.weight_v.copy_(functional.normalize(self.weight_u @ matrix, dim=0))
            self.weight_u.copy_(functional.normalize(matrix @ self.weight_v, dim=0))

    @torch.no_grad()
    def fold(self) -> None:
        """Become a plain convolution with the weight W / sigma."""
        if self.weight is None:
            self.weight = nn.Parameter(self.normalized())
            del self.weight_orig, self.weight_u, self.weight_v


def fold_spectral_norm(network: nn.Module) -> None:
    """Fold every convolution under spectral norm of a network; its results stay the same."""
    for module in network.modules():
        if isinstance(module, SpectralConv2d):
            module.fold()

"""All that is learned of one character: a texture for its surface and the network that paints it."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from addon.core.shot import Subject
from backend.generator.raster.texture import Layout

from .body import Plan, base_texels
from .conditioning import Told
from .network import Painter, paste
from .settings import PainterConfig

_FIRST_GUESS: Final[float] = 0.05
"""Deviation of the texture's channels beside colour before anything is learned; chosen."""


class CharacterModel(nn.Module):
    """`texels` (N,C) of the surfaces' textures one after the other, the `painter`, `code` (V,3) of the vertices."""

    code: Tensor

    def __init__(self, config: PainterConfig, plan: Plan, code: np.ndarray) -> None:
        super().__init__()
        texels = Layout.of([(side, side) for side in plan.sides]).texels
        self.texels = nn.Parameter(_FIRST_GUESS * torch.randn(texels, config.texture))
        self.painter = Painter(config).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.register_buffer("code", torch.from_numpy(code))

    def warm(self, subject: Subject, plan: Plan) -> None:
        """Let the texture begin with the subject's own colours."""
        with torch.no_grad():
            self.texels[:, :3] = base_texels(subject, Layout.of([(side, side) for side in plan.sides]))

    def forward(self, told: Told, plan: Plan) -> Tensor:
        """Pictures (B,4,H,W) of the window: display-encoded colour and coverage, not clipped."""
        features = told.features(self.texels)
        whole, mouth, eyes = self.painter(features, *told.details(features, plan))
        return paste(paste(whole, mouth, told.corners[:, :1]), eyes, told.corners[:, 1:])

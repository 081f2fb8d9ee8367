"""M, the motion extractor: keypoints, expression, head angles, scale and place of the face in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import BINS, MotionConfig
from .convnext import ConvNeXt
from .pose import degrees_of_bins, rotation_of_degrees


@dataclass(frozen=True, eq=False)
class Motion:
    """What M reads off B pictures, or what is to be shown: x = scale (canonical R + expression) + shift.

    canonical (B,K,3), expression (B,K,3), rotation (B,3,3) for rows on its left, scale (B,1), shift (B,3) with z = 0.
    Axes: x right in the picture, y down, z into it; -1..1 spans the picture.
    """

    canonical: Tensor
    expression: Tensor
    rotation: Tensor
    scale: Tensor
    shift: Tensor

    def keypoints(self) -> Tensor:
        """(B,K,3)."""
        turned = self.canonical @ self.rotation + self.expression
        return self.scale[:, :, None] * turned + self.shift[:, None, :]


class Backbone(ConvNeXt):
    """ConvNeXt V2 with a linear head for each part of the motion."""

    def __init__(self, config: MotionConfig, keypoints: int) -> None:
        super().__init__(config)
        width = config.widths[-1]
        self.fc_kp = nn.Linear(width, 3 * keypoints)
        self.fc_scale = nn.Linear(width, 1)
        self.fc_pitch = nn.Linear(width, BINS)
        self.fc_yaw = nn.Linear(width, BINS)
        self.fc_roll = nn.Linear(width, BINS)
        self.fc_t = nn.Linear(width, 3)
        self.fc_exp = nn.Linear(width, 3 * keypoints)


class MotionExtractor(nn.Module):
    """Picture (B,3,S,S) RGB in 0..1 -> Motion."""

    def __init__(self, config: MotionConfig, keypoints: int) -> None:
        super().__init__()
        self.detector = Backbone(config, keypoints)
        self.keypoints = keypoints

    def forward(self, picture: Tensor) -> Motion:
        """See the class. Numbers come out in single precision: half is too coarse for degrees."""
        net = self.detector
        features = net(picture)
        angles = [degrees_of_bins(head(features).float()) for head in (net.fc_pitch, net.fc_yaw, net.fc_roll)]
        flat = net.fc_t(features).float() * torch.tensor([1.0, 1.0, 0.0], device=features.device)
        return Motion(
            canonical=net.fc_kp(features).float().reshape(-1, self.keypoints, 3),
            expression=net.fc_exp(features).float().reshape(-1, self.keypoints, 3),
            rotation=rotation_of_degrees(torch.stack(angles, dim=-1)),
            scale=net.fc_scale(features).float(),
            shift=flat,
        )

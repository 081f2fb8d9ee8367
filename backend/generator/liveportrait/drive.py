"""A portrait's motion from a performance's pose, gaze and expression: pose and gaze by formula alone.

Relative to the portrait, as LivePortrait drives a picture (1986663): R = R_performance R_portrait for rows, expression
and place are added to the portrait's own. A performance says where the point between the eyes goes (in inter-ocular
distances), so the shift is what is left when the rotation has moved that point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from addon.core.rotation import matrix_from_angles

from .gaze import gaze_offsets
from .keypoints import EYEBALLS
from .motion import Motion
from .pose import FLIP, rotation_of_turn
from .source import PortraitState

CAMERA: Final[float] = 10.0
"""Inter-ocular distances from a portrait's camera to the face: how much nearer means how much larger. Nobody knows it
of a picture; about 0.6 m, an arm's length, is assumed."""


@dataclass(frozen=True, eq=False)
class Drive:
    """T frames: `expression` (T,K,3) on top of the portrait's own, `gaze` (T,4) and `pose` (T,6) as in LatentTrack."""

    expression: Tensor
    gaze: Tensor
    pose: Tensor


def drive(state: PortraitState, wanted: Drive) -> Motion:
    """What the portrait's keypoints are made of in each frame."""
    own, count = state.motion, len(wanted.pose)
    rotation = turned(own.rotation, wanted.pose)
    place = wanted.pose[:, 3:] * torch.tensor(FLIP, device=wanted.pose.device) @ own.rotation[0]
    scale = own.scale * CAMERA / (CAMERA + place[:, 2:]).clamp(min=1.0)
    eyes = own.canonical[:, list(EYEBALLS)].mean(dim=1, keepdim=True)
    before = own.scale * (eyes @ own.rotation)[:, 0]
    after = scale * (eyes.expand(count, -1, -1) @ rotation)[:, 0]
    shift = own.shift + before - after + state.unit * place
    return Motion(
        canonical=own.canonical.expand(count, -1, -1),
        expression=own.expression + wanted.expression + gaze_offsets(wanted.gaze, own.canonical[0]),
        rotation=rotation,
        scale=scale,
        shift=shift * torch.tensor([1.0, 1.0, 0.0], device=shift.device),
    )


def turned(own: Tensor, pose: Tensor) -> Tensor:
    """Rotations (T,3,3) for rows: head poses (T,6) of a performance on top of a portrait's rotation (1,3,3)."""
    turns = torch.as_tensor(matrix_from_angles(pose[:, :3].cpu().numpy()), device=pose.device)
    return rotation_of_turn(turns) @ own

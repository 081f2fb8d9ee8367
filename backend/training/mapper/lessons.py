"""Drawn clips, rendered by the portrait's own frozen networks, and what is read off the frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from backend.generator.liveportrait import forward
from backend.generator.liveportrait.drive import Drive, drive
from backend.generator.liveportrait.loader import LoadedPortrait
from backend.generator.liveportrait.mapper_inputs import frame_inputs, offsets_of_frames
from backend.generator.liveportrait.reader import LandmarkReader
from backend.generator.liveportrait.source import PortraitState

from .draw import Drawn

BATCH: Final[int] = 4
"""Frames rendered at once; at full size one takes about 0.3 GB beside the weights."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """One clip: `inputs` (T,I) of the mapper, `expression` (T,K,3) that was drawn, `offsets` (T,P,2) that were read."""

    inputs: Tensor
    expression: Tensor
    offsets: Tensor


def render_lesson(loaded: LoadedPortrait, state: PortraitState, reader: LandmarkReader, drawn: Drawn) -> Lesson:
    """Render a clip and the same pose at rest, and read both."""
    wanted = drawn.drive
    still = Drive(torch.zeros_like(wanted.expression[:1]), torch.zeros_like(wanted.gaze[:1]), wanted.pose[:1])
    moved = drive(state, wanted)
    driven = torch.cat([drive(state, still).keypoints(), moved.keypoints()])
    driven = forward.stitched(loaded, state.keypoints, driven)
    read = torch.cat(
        [reader.read(forward.frames(loaded, state.volume, state.keypoints, part)) for part in driven.split(BATCH)]
    ).to(loaded.device)
    size = state.unit * moved.scale / state.motion.scale
    offsets = offsets_of_frames(read[1:], read[0], size, moved.rotation)
    voice = torch.as_tensor(drawn.voice, device=loaded.device)
    inputs = frame_inputs(offsets, wanted.gaze, moved.rotation, voice)
    return Lesson(inputs.cpu(), wanted.expression.cpu(), offsets.cpu())

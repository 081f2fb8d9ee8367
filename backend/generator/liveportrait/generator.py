"""LivePortrait as a generator of stage 2: a portrait in, frames of it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from addon.core.errors import RequestError
from addon.core.performance import Performance
from addon.core.shot import Shot
from backend.device import device_name
from backend.generator.interface import LatentTrack, Picture, Pictures, Portrait, require_quality
from backend.progress import Report

from . import forward
from .config import FULL, PortraitConfig
from .drive import Drive, drive, turned
from .keypoints import LIPS, OTHERS
from .loader import LoadedPortrait, load_portrait
from .mapper import Mapper, load_mapper
from .mapper_inputs import frame_inputs, offsets_of_landmarks, voice_of_visemes
from .openings import opened
from .source import PortraitState, prepare_portrait

NAME: Final[str] = "liveportrait"
EVERY: Final[dict[str, int]] = {"final": 1, "draft": 2}
"""A draft is drawn on twos: each frame is shown twice, at half the work."""
NO_MAPPER: Final[str] = (
    "No mapper was trained for these weights (`train mapper`): lips and lids open and close, the rest of the "
    "expression is left out."
)
POSE_ONLY: Final[str] = "These weights have neither mapper nor retargeting: only head and eyes move."


class LivePortrait:
    """Made of a folder of weights, on the device that is set. Raises RequestError where the folder is no good."""

    def __init__(self, folder: Path, config: PortraitConfig = FULL, device: str | None = None) -> None:
        self.loaded: LoadedPortrait = load_portrait(folder, device or device_name(), config)
        self._mapper = load_mapper(self.loaded.files.mapper, self.loaded.hash)
        if self._mapper:
            self._mapper.to(self.loaded.device)

    @property
    def mapper(self) -> Mapper | None:
        """The mapper that was trained for these weights, if any."""
        return self._mapper

    def prepare(self, source: Shot | Portrait, report: Report) -> PortraitState:
        """Find and read the face. Raises RequestError for a shot, without consent, or where no face is found."""
        if not isinstance(source, Portrait):
            raise RequestError("portrait.source", "This generator animates a portrait; choose a picture of a face.")
        return prepare_portrait(self.loaded, source, report)

    def latents(self, performance: Performance, state: PortraitState) -> LatentTrack:
        """Curves: lips (T,18) and expression (T,45) of the keypoints' offsets, gaze (T,4), pose (T,6)."""
        expression, warning = self._expression(performance, state)
        offsets = expression.cpu().numpy()
        curves = {
            "lips": offsets[:, list(LIPS)].reshape(len(offsets), -1),
            "expression": offsets[:, list(OTHERS)].reshape(len(offsets), -1),
            "gaze": performance.gaze.reshape(len(offsets), 4),
            "pose": performance.head,
        }
        meta: dict[str, Any] = {"weights": self.loaded.hash, "warnings": [warning] if warning else []}
        return LatentTrack(NAME, performance.fps, curves, meta)

    def render(self, state: PortraitState, track: LatentTrack, quality: str, report: Report) -> Pictures:
        """Frames of the whole portrait. Raises RequestError for a track that is not of this generator."""
        wanted = self._drive(track)
        require_quality(quality)
        count, every = track.frame_count, EVERY[quality]
        picture = np.empty(0, dtype=np.uint8)
        for number in range(count):
            if number % every == 0:
                report("frames", number / count)
                picture = state.paste.onto(self.frame(state, wanted, number))
            yield Picture(number, picture, np.full(picture.shape[:2], 255, dtype=np.uint8))
        report("frames", 1.0)

    def frame(self, state: PortraitState, wanted: Drive, number: int) -> Tensor:
        """One frame (3,S,S) of the crop, 0..1."""
        one = slice(number, number + 1)
        moved = drive(state, Drive(wanted.expression[one], wanted.gaze[one], wanted.pose[one]))
        driven = forward.stitched(self.loaded, state.keypoints, moved.keypoints())
        return forward.frames(self.loaded, state.volume, state.keypoints, driven)[0]

    def adapt(self, state: PortraitState, examples: Path, minutes: float, report: Report) -> PortraitState:
        """Nothing is learned here. Raises RequestError: the mapper is trained by a command of its own."""
        raise RequestError(
            "generator.adapt", "LivePortrait learns nothing from examples; train its mapper with `train mapper`."
        )

    def _expression(self, performance: Performance, state: PortraitState) -> tuple[Tensor, str]:
        """Expression offsets (T,K,3), and what to warn of."""
        device = self.loaded.device
        if self._mapper:
            return self._mapper.expressions(self._inputs(performance, state, self._mapper)), ""
        if self.loaded.stitched:
            stacks, motion = self.loaded.networks.retargeting, state.motion
            with torch.inference_mode():
                return opened(stacks, state.keypoints, motion.scale, state.landmarks, performance.landmarks), NO_MAPPER
        return torch.zeros(performance.frame_count, state.keypoints.shape[1], 3, device=device), POSE_ONLY

    def _inputs(self, performance: Performance, state: PortraitState, mapper: Mapper) -> Tensor:
        device = self.loaded.device
        rotation = turned(state.motion.rotation, _tensor(performance.head, device))
        offsets = offsets_of_landmarks(performance.landmarks, rotation, mapper.config.points)
        visemes = performance.meta.get("visemes") or ()
        voice = voice_of_visemes(visemes, performance.fps, performance.frame_count)
        gaze = _tensor(performance.gaze.reshape(-1, 4), device)
        return frame_inputs(offsets, gaze, rotation, _tensor(voice, device))

    def _drive(self, track: LatentTrack) -> Drive:
        """The curves of a track put together. Raises RequestError where it is of another generator."""
        keypoints, device = self.loaded.networks.config.keypoints, self.loaded.device
        widths = {"lips": 3 * len(LIPS), "expression": 3 * len(OTHERS), "gaze": 4, "pose": 6}
        shapes = {name: curve.shape for name, curve in track.curves.items()}
        if track.generator != NAME or shapes != {name: (track.frame_count, width) for name, width in widths.items()}:
            raise RequestError("latents.generator", "The latents are not of this generator; make them again.", NAME)
        expression = torch.zeros(track.frame_count, keypoints, 3, device=device)
        for name, numbers in (("lips", LIPS), ("expression", OTHERS)):
            curve = _tensor(track.curves[name], device)
            expression[:, list(numbers)] = curve.reshape(track.frame_count, len(numbers), 3)
        return Drive(expression, _tensor(track.curves["gaze"], device), _tensor(track.curves["pose"], device))


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32)).to(device)

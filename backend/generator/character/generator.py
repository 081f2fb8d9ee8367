"""The generator that a character's own renders trained: a shot's geometry in, that character's look out.

The network runs in onnxruntime on a CPU, in torch on a GPU. While it paints some frames, the next are rasterised.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from addon.core.errors import RequestError
from addon.core.performance import Performance
from addon.core.shot import Shot
from backend.device import device_name
from backend.generator.interface import LatentTrack, Picture, Pictures, Portrait, require_quality
from backend.generator.raster.scene import Camera
from backend.generator.raster.shots import SAMPLES, camera_of, timing_of, vertices_of
from backend.progress import Report

from .body import Body
from .conditioning import Told, Window, features_of
from .dataset import read_set
from .export import export
from .folder import CARD, NETWORK, Trained, read_character
from .network import paste
from .pictures import as_bytes, resized
from .settings import TrainingConfig
from .status import clear_stop
from .training import train

NAME: Final[str] = "character"
AT_ONCE: Final[int] = 4
"""Frames that are rasterised and painted together."""
RASTERISERS: Final[int] = 2
"""Workers that rasterise while the network paints: a frame takes longer to rasterise than to paint."""
Paint = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class CharacterState:
    """A shot and the folder of its character; `trained` is None before anything was learned."""

    shot: Shot
    folder: Path
    trained: Trained | None


class CharacterGenerator:
    """Paints a Shot as the artist's renderer would: it must have been trained on renders of the same surface."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trained: Trained | None = None

    def prepare(self, source: Shot | Portrait, report: Report) -> CharacterState:
        """Read the character, the first time, and see that the shot is of it.

        Raises RequestError for a portrait, where the folder is damaged, and where it was trained on another surface.
        """
        if not isinstance(source, Shot):
            raise RequestError("character.source", "A trained character is drawn from its mesh, not from a portrait.")
        report("preparing", 0.0)
        if self._trained is None and (self._folder / CARD).is_file():
            self._trained = read_character(self._folder)
        if self._trained is not None:
            self._trained.require_surface(source.subject)
        return CharacterState(source, self._folder, self._trained)

    def latents(self, performance: Performance, state: CharacterState) -> LatentTrack:
        """Which frames of the shot to show: the performance is in them already, by way of the rig."""
        return timing_of(state.shot, NAME)

    def render(self, state: CharacterState, track: LatentTrack, quality: str, report: Report) -> Pictures:
        """Frames with alpha; "final" looks at 2 x 2 samples of the geometry for each pixel.

        A shot of another size than the training's is painted at that size, and enlarged or reduced.
        Raises RequestError for an unknown quality, and when nothing has been learned yet.
        """
        require_quality(quality)
        if state.trained is None:
            raise RequestError("character.untrained", "This character has not been trained yet; train it first.")
        moving = torch.from_numpy(vertices_of(track, state.shot))
        frames = paint_frames(state.trained, state.shot, moving, SAMPLES[quality], device_name())
        with closing(frames) as painted:
            for number, picture in enumerate(painted):
                report("rendering", number / len(moving))
                shown = resized(picture, state.shot.height, state.shot.width)
                yield Picture(number, np.ascontiguousarray(shown[..., :3]), np.ascontiguousarray(shown[..., 3]))

    def adapt(self, state: CharacterState, examples: Path, minutes: float, report: Report) -> CharacterState:
        """Learn from a rendered set into the state's folder, on from where it is. Raises RequestError as `train`."""
        clear_stop(state.folder)
        train(read_set(examples), state.folder, TrainingConfig(minutes=minutes), device_name(), report)
        export(read_character(state.folder))
        self._trained = None
        return self.prepare(state.shot, report)


def paint_frames(
    trained: Trained, shot: Shot, moving: Tensor, fine: int, device: str
) -> Generator[np.ndarray, None, None]:
    """Pictures (H,W,4) uint8 of frames (T,V,3) at the size that the character was trained at.

    It changes torch's number of threads until its end; close it where it is not taken to that.
    """
    plan = trained.plan
    camera = camera_of(shot)
    camera = replace(camera, height=plan.height, width=max(1, round(plan.height * shot.width / shot.height)))
    model = trained.model.to(device)
    body = Body.of(shot.subject, plan, model.code.cpu().numpy(), device)
    window = Window.around(moving, camera, plan)
    texels = model.texels.detach()

    def told(part: Tensor) -> tuple[Tensor, Told]:
        with torch.inference_mode():
            return features_of(part.to(device), texels, body, plan, camera, window, fine)

    parts = iter(moving.split(AT_ONCE))
    before = torch.get_num_threads()
    with ThreadPoolExecutor(RASTERISERS, initializer=torch.set_num_threads, initargs=(_cores_each(),)) as pool:
        try:
            torch.set_num_threads(_cores_each())
            coming = deque(pool.submit(told, part) for part in islice(parts, RASTERISERS))
            paint = painter_of(trained, device)
            while coming:
                features, about = coming.popleft().result()
                coming.extend(pool.submit(told, part) for part in islice(parts, 1))
                with torch.inference_mode():
                    painted = _painted(paint, features, about, trained, camera)
                yield from painted
        finally:
            torch.set_num_threads(before)  # it is in part the whole process' number, and products depend on it


def _cores_each() -> int:
    """Rasterisers and network work side by side: more threads than cores get into each other's way."""
    return max(1, (os.cpu_count() or 1) // (1 + RASTERISERS))


def painter_of(trained: Trained, device: str) -> Paint:
    """The network: from its ONNX file in onnxruntime on a CPU, where there is one, else torch's own."""
    path = trained.folder / NETWORK
    if device != "cpu" or not path.is_file():
        return trained.model.painter
    import onnxruntime  # a GPU does without it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _cores_each()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the rasteriser has work for the cores
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def paint(features: Tensor, mouth: Tensor, eyes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        given = {"features": features, "mouth": mouth, "eyes": eyes}
        made = session.run(None, {name: value.contiguous().numpy() for name, value in given.items()})
        whole, lips, lids = (torch.from_numpy(np.asarray(part)) for part in made)
        return whole, lips, lids

    return paint


def _painted(paint: Paint, features: Tensor, told: Told, trained: Trained, camera: Camera) -> np.ndarray:
    whole, mouth, eyes = paint(features, *told.details(features, trained.plan))
    part = paste(paste(whole, mouth, told.corners[:, :1]), eyes, told.corners[:, 1:])
    return as_bytes(told.window.put(part, camera.height, camera.width))

"""The generator that learns nothing: the shot's surface with its colours and textures, in a studio's light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.errors import RequestError
from addon.core.performance import Performance
from addon.core.shot import Shot
from backend.device import device_name
from backend.generator.canonical.head import CANONICAL, HEAD, curves_of, vertices_of_curves
from backend.generator.interface import LatentTrack, Picture, Pictures, Portrait, require_quality
from backend.progress import Report

from .render import render
from .scene import Camera, Mesh
from .shots import SAMPLES, camera_of, mesh_of, timing_of, vertices_of

NAME: Final[str] = "raster"
BATCH: Final[int] = 8


@dataclass(frozen=True, eq=False)
class RasterState:
    """A shot ready to be drawn."""

    shot: Shot
    mesh: Mesh
    camera: Camera


class RasterGenerator:
    """Draws the artist's own surface as Blender sent it, or the canonical head, without anything learned."""

    def prepare(self, source: Shot | Portrait, report: Report) -> RasterState:
        """The shot's mesh and textures. Raises RequestError for a portrait, which has no surface."""
        if not isinstance(source, Shot):
            raise RequestError("raster.source", "The raster preview draws a character's mesh; choose one, no portrait.")
        report("preparing", 0.0)
        return RasterState(source, mesh_of(source.subject, max(source.width, source.height)), camera_of(source))

    def latents(self, performance: Performance, state: RasterState) -> LatentTrack:
        """Which frames of the shot to show; of the canonical head its curves lips, expression, gaze and pose."""
        return curves_of(performance) if _canonical(state.shot) else timing_of(state.shot, NAME)

    def render(self, state: RasterState, track: LatentTrack, quality: str, report: Report) -> Pictures:
        """Frames with alpha; "final" averages 2 x 2 samples a pixel. Raises RequestError for an unknown quality."""
        require_quality(quality)
        moving = vertices_of_curves(track) if _canonical(state.shot) else vertices_of(track, state.shot)
        frames = render(
            state.mesh,
            moving,
            state.camera,
            BATCH,
            supersample=SAMPLES[quality],
            alpha=True,
            device=device_name(),
        )
        for number, frame in enumerate(frames):
            report("rendering", number / len(moving))
            yield Picture(number, np.ascontiguousarray(frame[..., :3]), np.ascontiguousarray(frame[..., 3]))

    def adapt(self, state: RasterState, examples: Path, minutes: float, report: Report) -> RasterState:
        """Nothing is learned here: raises RequestError."""
        raise RequestError("raster.adapt", "The raster preview learns nothing; train a character instead.")


def _canonical(shot: Shot) -> bool:
    """Whether a shot is of the canonical head, which no rig moves."""
    return shot.meta.get(HEAD) == CANONICAL

"""A portrait made ready: what all of its frames share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from torch import Tensor

from addon.core.errors import RequestError
from backend.generator.interface import Portrait
from backend.progress import Report

from . import forward
from .crop import READER_SCALE, READER_SHIFT, Crop, crop_about_face, take
from .face_fit import CLICKED, WORST, FaceFit, fit_clicks, fit_face
from .loader import LoadedPortrait
from .motion import Motion
from .paste import Paste, paste_into
from .reader import (
    FaceNetwork,
    FrameReader,
    LandmarkReader,
    PointMap,
    can_read_faces,
    crop_of_points,
    map_points,
    rough_points,
)

LONGEST: Final[int] = 1280
"""Pixels of the longer side of the pictures that come out: a face is made of 512, more of the rest is only weight."""
SMALLEST: Final[int] = 64
SEARCHED: Final[tuple[tuple[float, float, float], ...]] = (
    (1.0, 0.5, 0.5), (0.6, 0.5, 0.4), (0.6, 0.3, 0.4), (0.6, 0.7, 0.4), (0.35, 0.5, 0.3),
)  # fmt: skip
"""Where a face is looked for without clicks: share of the shorter side, and the middle as shares of the picture."""
LEAST_FACE: Final[float] = 12.0
"""Pixels between the eyes below which a face has nothing to show."""


@dataclass(frozen=True, eq=False)
class PortraitState:
    """One portrait. `landmarks` (70,2) lie in -1..1 of the crop, `unit` is an inter-ocular distance there.

    volume (1,C,D,H,W) what it looks like; motion its pose and expression; keypoints (1,K,3) of these; face (1,3,S,S)
    """

    face: Tensor
    volume: Tensor
    motion: Motion
    keypoints: Tensor
    landmarks: np.ndarray
    unit: float
    paste: Paste
    reader: LandmarkReader | None


def prepare_portrait(loaded: LoadedPortrait, portrait: Portrait, report: Report) -> PortraitState:
    """Find the face, cut it out, read its appearance and motion.

    Raises RequestError without consent, where the picture is no picture, and where no face is found in it.
    """
    picture, points = _checked(portrait)
    report("portrait", 0.0)
    network = _network(loaded.files.landmarks, needed=points is None)
    found = _face(picture, points, network)
    if found.fit.scale < LEAST_FACE:
        raise RequestError("portrait.small", "The face is too small in the picture; use a larger or closer portrait.")
    crop = crop_about_face(found.fit.points)
    face = take(picture, crop, loaded.networks.config.size).to(loaded.device)
    report("portrait", 0.3)
    motion = forward.motion(loaded, face)
    volume = forward.appearance(loaded, face)
    report("portrait", 1.0)
    return PortraitState(
        face=face,
        volume=volume,
        motion=motion,
        keypoints=motion.keypoints(),
        landmarks=crop.to_crop(found.fit.points),
        unit=2.0 * found.fit.scale / crop.side,
        paste=paste_into(picture, crop, loaded.device),
        reader=_frame_reader(network, found, crop),
    )


def _network(path: Path | None, *, needed: bool) -> FaceNetwork | None:
    """What reads faces, where the weights bring it. Clicks do without it, and so without onnxruntime."""
    if path is None or (not needed and not can_read_faces()):
        return None
    return FaceNetwork(path)


@dataclass(frozen=True, eq=False)
class _Face:
    """A face found; where the network read it, which of its points are ours, and the crop it was read in."""

    fit: FaceFit
    mapped: PointMap | None = None
    about: Crop | None = None


def _face(picture: np.ndarray, points: np.ndarray | None, network: FaceNetwork | None) -> _Face:
    """The face: from clicks, from the network that reads faces, or better from both."""
    clicked = fit_clicks(points) if points is not None else None
    if network:
        return _read_face(picture, clicked, network)
    if clicked is None:
        raise RequestError("portrait.points", f"Click these points of the face, in this order: {', '.join(CLICKED)}.")
    return _Face(clicked)


def _read_face(picture: np.ndarray, clicked: FaceFit | None, network: FaceNetwork) -> _Face:
    """The face as the network reads it; without clicks it looks in several places, and the best likeness counts."""
    firsts = [crop_about_face(clicked.points, READER_SCALE, READER_SHIFT)] if clicked else _places(picture)
    read = [_read_from(picture, first, clicked, network) for first in firsts]
    best = min(read, key=lambda face: face.fit.error if np.isfinite(face.fit.error) else np.inf)
    if not best.fit.error < WORST:
        raise RequestError("portrait.face", f"No face is found; click these points of it: {', '.join(CLICKED)}.")
    return best


def _places(picture: np.ndarray) -> list[Crop]:
    """Squares of a picture in which a portrait's face may be: the middle, and smaller ones left, right, up, down."""
    height, width = picture.shape[:2]
    side = float(min(height, width))
    return [
        Crop(np.array([width * across, height * down]), np.array([1.0, 0.0]), side * share)
        for share, across, down in SEARCHED
    ]


def _read_from(picture: np.ndarray, first: Crop, clicked: FaceFit | None, network: FaceNetwork) -> _Face:
    found = network.find(picture, first)
    rough = clicked or fit_face(*rough_points(found))
    mapped = map_points(found, rough.points)
    read = found[list(mapped.sources)]
    own = fit_face(read, mapped.points)
    points = own.points.copy()
    points[list(mapped.points)] = read
    return _Face(FaceFit(points, own.scale, own.error), mapped, crop_of_points(found))


def _frame_reader(network: FaceNetwork | None, face: _Face, crop: Crop) -> LandmarkReader | None:
    """What reads landmarks off frames of the crop, where the network read the portrait."""
    if network is None or face.mapped is None or face.about is None:
        return None
    return FrameReader(network, _within(face.about, crop), face.mapped)


def _within(crop: Crop, outer: Crop) -> Crop:
    """A crop of the picture as a crop of what `outer` cuts out, whose edges are -1 and 1."""
    return Crop(outer.to_crop(crop.centre), outer.axes @ crop.across, crop.side / (outer.side / 2))


def _checked(portrait: Portrait) -> tuple[np.ndarray, np.ndarray | None]:
    """Picture and clicks, smaller where the picture is larger than needed; sides are even, as films want them."""
    if not portrait.consent:
        raise RequestError(
            "portrait.consent",
            "Say that the person on the portrait has agreed to be shown so, or is nobody real; nothing is made "
            "without that.",
        )
    picture = np.asarray(portrait.picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or min(picture.shape[:2]) < SMALLEST:
        raise RequestError(
            "portrait.picture", f"A portrait is an RGB picture of 8 bits and at least {SMALLEST} pixels a side."
        )
    height, width = picture.shape[:2]
    share = min(1.0, LONGEST / max(height, width))
    size = (round(width * share) // 2 * 2, round(height * share) // 2 * 2)
    if size != (width, height):
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    points = None
    if portrait.points is not None:
        points = np.asarray(portrait.points, dtype=np.float64) * np.array([size[0] / width, size[1] / height])
    return picture, points

"""The rules performer: a line's layers by published numbers, put together into a Performance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from addon.core.channels import indices
from addon.core.performance import Performance
from backend.face.basis import load_basis

from .assembly import FaceLayers, assemble, no_contacts
from .closures import contacts_of
from .expression import opening_gain
from .layers import Direction, LayerTracks, Line, layer_tracks

OPENING: Final[list[int]] = indices("jawOpen", "mouthLowerDown", "mouthUpperUp")
TABLES: Final[tuple[str, ...]] = ("blink", "closures", "emotions", "gaze", "head", "prosody", "visemes")


def perform_line(line: Line, direction: Direction, meta: Mapping[str, Any] | None = None) -> Performance:
    """Perform one line by rules. `meta` is added to the Performance's own meta."""
    tracks = layer_tracks(line, direction)
    speaking = "speech" in direction.layers
    frames = len(tracks.times)
    layers = FaceLayers(
        speech=spoken_channels(tracks),
        expression=tracks.expression,
        contacts=contacts_of(line.phones, tracks.times, direction.fps) if speaking else no_contacts(frames),
        blink=tracks.blink,
        gaze=tracks.gaze if "gaze" in direction.layers else None,
        head=tracks.head,
    )
    face = assemble(layers)
    return Performance(
        fps=direction.fps,
        landmarks=face.landmarks,
        gaze=face.gaze,
        head=tracks.head,
        channels=face.channels,
        emotion=tracks.emotion,
        meta={
            "engine": "rules",
            "model": model_hash(),
            "seed": direction.seed,
            "layer_seeds": dict(direction.layer_seeds),
            "layers": list(direction.layers),
            "sound_sha256": line.sound_sha256,
            "phones": [[p.name, round(p.start, 4), round(p.end, 4)] for p in line.phones],
            **(meta or {}),
        },
    )


@cache
def model_hash() -> str:
    """sha256 of everything that decides what the rules do besides the code: the tables and the face basis."""
    digest = hashlib.sha256()
    for name in TABLES:
        digest.update(files("backend.rules").joinpath("data", f"{name}.json").read_bytes())
    basis = load_basis()
    digest.update(basis.neutral.tobytes() + basis.displacement.tobytes())
    return digest.hexdigest()


def spoken_channels(tracks: LayerTracks) -> np.ndarray:
    """(T,52) the speech layer with the mouth opened as far as loudness, pitch and emotion have it."""
    speech = tracks.speech.copy()
    speech[:, OPENING] *= (tracks.emphasis.opening * opening_gain(tracks.emotion))[:, None]
    return np.clip(speech, 0.0, 1.0)

"""The rules performer: layers put together into a Performance, with the closures sealed last.

Putting together is deterministic and couples the layers where a face does: speech opens further in some emotions, a
rounded mouth smiles less, eyes stay on their target while the head moves, wide eyes yield to a blink.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from addon.core.channels import indices
from addon.core.eyes import eye_look_channels
from addon.core.performance import Performance
from backend.face.basis import landmarks_from_channels, load_basis

from .calibration import face_gauge
from .closures import Contacts, contacts_of, seal_channels, seal_landmarks, seal_lids
from .expression import opening_gain
from .gaze import eye_angles
from .layers import Direction, LayerTracks, Line, layer_tracks
from .tables import table

OPENING: Final[list[int]] = indices("jawOpen", "mouthLowerDown", "mouthUpperUp")
TABLES: Final[tuple[str, ...]] = ("blink", "closures", "emotions", "gaze", "head", "prosody", "visemes")


def perform_line(line: Line, direction: Direction, meta: Mapping[str, Any] | None = None) -> Performance:
    """Perform one line by rules. `meta` is added to the Performance's own meta."""
    tracks = layer_tracks(line, direction)
    contacts = contacts_of(line.phones, tracks.times, direction.fps) if "speech" in direction.layers else _none(tracks)
    open_channels = _with_lids(_mouth_and_brows(tracks), tracks.blink)
    gaze = eye_angles(tracks.gaze, tracks.head[:, :2]) if "gaze" in direction.layers else _ahead(tracks)
    open_channels += eye_look_channels(gaze)
    channels = seal_channels(open_channels, contacts)
    return Performance(
        fps=direction.fps,
        landmarks=_landmarks(open_channels, channels, contacts, tracks.blink),
        gaze=gaze,
        head=tracks.head,
        channels=channels,
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


def _mouth_and_brows(tracks: LayerTracks) -> np.ndarray:
    """(T,52) speech and expression in one face, without lids, gaze and closures."""
    speech = tracks.speech.copy()
    speech[:, OPENING] *= (tracks.emphasis.opening * opening_gain(tracks.emotion))[:, None]
    speech = np.clip(speech, 0.0, 1.0)
    expression = tracks.expression.copy()
    rounding = speech[:, indices("mouthPucker", "mouthFunnel")].max(axis=1)
    settings = table("emotions")["rounding_yield"]
    expression[:, indices(*settings["channels"])] *= 1.0 - settings["value"] * rounding[:, None]
    # a + b - a b: like a sum for small values, and never beyond 1.
    return speech + expression - speech * expression


def _with_lids(channels: np.ndarray, blink: np.ndarray) -> np.ndarray:
    """Channels with the blink closing what the expression leaves open; wide and squinted lids yield to it."""
    gauge = face_gauge()
    lids = channels.copy()
    opening = np.clip((channels @ gauge.lids.T + gauge.rest_lids) / gauge.rest_lids, 0.0, 1.0)
    lids[:, indices("eyeWide")] *= 1.0 - blink[:, None]
    lids[:, indices("eyeSquint")] *= 1.0 - table("blink")["squint_yield"]["value"] * blink[:, None]
    columns = indices("eyeBlink")
    reach = np.maximum(opening, table("blink")["least"]["value"])
    lids[:, columns] = np.maximum(lids[:, columns], blink[:, None] * reach)
    return lids


def _landmarks(open_channels: np.ndarray, channels: np.ndarray, contacts: Contacts, blink: np.ndarray) -> np.ndarray:
    gauge = face_gauge()
    gap_before = open_channels @ gauge.gap + gauge.rest_gap
    lids_before = np.maximum(_unblinked(open_channels) @ gauge.lids.T + gauge.rest_lids, 0.0)
    landmarks = landmarks_from_channels(load_basis(), channels)
    return seal_lids(seal_landmarks(landmarks, contacts, gap_before), blink, lids_before)


def _unblinked(channels: np.ndarray) -> np.ndarray:
    bare = channels.copy()
    bare[:, indices("eyeBlink")] = 0.0
    return bare


def _ahead(tracks: LayerTracks) -> np.ndarray:
    return np.zeros((len(tracks.times), 2, 2))


def _none(tracks: LayerTracks) -> Contacts:
    return Contacts(np.zeros(len(tracks.times)), np.zeros(len(tracks.times)))

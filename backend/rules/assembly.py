"""Layers put together into a face, whoever performed them, with the closures sealed last.

Putting together is deterministic and couples the layers where a face does: a rounded mouth smiles less, eyes stay on
their target while the head moves, wide eyes yield to a blink, the tongue reaches where its sounds are made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from addon.core.channels import CHANNEL_INDEX, indices
from addon.core.eyes import eye_look_channels
from backend.face.basis import landmarks_from_channels, load_basis

from .calibration import face_gauge
from .closures import Contacts, seal_channels, seal_landmarks, seal_lids
from .gaze import eye_angles
from .smoothing import minimum_jerk
from .tables import table, value


@dataclass(frozen=True, eq=False)
class FaceLayers:
    """The layers over T frames; a layer that is off rests (zeros), gaze that is off is None.

    speech, expression (T,52) channels 0..1; contacts of the lips; blink (T,) lid closure 0..1; gaze (T,2) world pitch
    and yaw in degrees; head (T,6) as in a Performance.
    """

    speech: np.ndarray
    expression: np.ndarray
    contacts: Contacts
    blink: np.ndarray
    gaze: np.ndarray | None
    head: np.ndarray


@dataclass(frozen=True, eq=False)
class Face:
    """The face that the layers make: `channels` (T,52), `landmarks` (T,70,3) and `gaze` (T,2,2) of a Performance."""

    channels: np.ndarray
    landmarks: np.ndarray
    gaze: np.ndarray


def assemble(layers: FaceLayers) -> Face:
    """Put the layers together; each frame by itself."""
    open_channels = _with_lids(_mouth_and_brows(_with_tongue(layers.speech), layers.expression), layers.blink)
    gaze = np.zeros((len(layers.head), 2, 2))
    if layers.gaze is not None:
        gaze = eye_angles(layers.gaze, layers.head[:, :2])
    open_channels += eye_look_channels(gaze)
    channels = seal_channels(open_channels, layers.contacts)
    return Face(channels, _landmarks(open_channels, channels, layers.contacts, layers.blink), gaze)


def no_contacts(frames: int) -> Contacts:
    """Lips that never have to meet."""
    return Contacts(np.zeros(frames), np.zeros(frames))


def _with_tongue(speech: np.ndarray) -> np.ndarray:
    """(T,52) speech with the tongue as far out as its sounds need to be seen: t (1 + g) / (1 + g t)."""
    reach, column = value("visemes", "tongue_reach"), CHANNEL_INDEX["tongueOut"]
    reached = speech.copy()
    reached[:, column] *= (1.0 + reach) / (1.0 + reach * reached[:, column])
    return reached


def _mouth_and_brows(speech: np.ndarray, given: np.ndarray) -> np.ndarray:
    """(T,52) speech and the expression given in one face, without lids, gaze and closures."""
    expression = given.copy()
    rounding = speech[:, indices("mouthPucker", "mouthFunnel")].max(axis=1)
    settings = table("emotions")["rounding_yield"]
    expression[:, indices(*settings["channels"])] *= 1.0 - settings["value"] * rounding[:, None]
    expression[:, indices(*table("closures")["cling"]["channels"])] *= _parted(speech, expression)[:, None]
    # a + b - a b: like a sum for small values, and never beyond 1.
    return speech + expression - speech * expression


def _parted(speech: np.ndarray, expression: np.ndarray) -> np.ndarray:
    """(T,) 0..1 how far the lips follow what parts them in the expression: not at all while it is less than a crack."""
    gap, cling = face_gauge().gap, table("closures")["cling"]
    both = speech + expression
    jaw, close = CHANNEL_INDEX["jawOpen"], CHANNEL_INDEX["mouthClose"]
    opening = gap[jaw] * np.maximum(both[:, jaw] - both[:, close], 0.0)
    opening += gap[CHANNEL_INDEX["mouthFunnel"]] * both[:, CHANNEL_INDEX["mouthFunnel"]]
    for name in ("mouthLowerDown", "mouthUpperUp"):
        # A lip that is drawn on one side only parts there as if both sides were drawn.
        opening += gap[indices(name)].sum() * both[:, indices(name)].max(axis=1)
    return minimum_jerk((opening - cling["from"]) / (cling["to"] - cling["from"]))


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

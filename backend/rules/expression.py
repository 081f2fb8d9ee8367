"""The expression layer: the emotion on the face, alive, and brows that answer to accents."""

from __future__ import annotations

from functools import cache

import numpy as np

from addon.core.channels import CHANNELS, indices
from addon.core.emotion import EMOTIONS

from .emphasis import Emphasis
from .smoothing import add_pulses
from .tables import channel_vector, table, value


def expression_channels(
    emotion: np.ndarray, emphasis: Emphasis, times: np.ndarray, fps: float, random: np.random.Generator
) -> np.ndarray:
    """The expression layer: (T,52) float64 channels for `emotion` (T,9) at `times` (T,) s, which are 1 / fps apart."""
    channels = (emotion[:, :8] * emotion[:, 8:]) @ prototypes()
    channels *= _liveliness(times, random)
    giving = indices(*table("emotions")["speech_yield"]["channels"])
    channels[:, giving] *= 1.0 - value("emotions", "speech_yield") * emphasis.speaking[:, None]
    return with_brows_raised(np.clip(channels, 0.0, 1.0), _brow_accents(emphasis, len(times), fps, random))


@cache
def prototypes() -> np.ndarray:
    """(8,52) channels 0..1, in the order of `EMOTIONS`: each face at full intensity, before anything lives in it."""
    rows = table("emotions")["emotions"]
    return np.stack([channel_vector(rows[name]["channels"]) for name in EMOTIONS])


def with_brows_raised(channels: np.ndarray, raised: np.ndarray) -> np.ndarray:
    """Expression channels (T,52) with brows `raised` (T,) on accents, 0..1; those that are held down yield less."""
    lowered = channels[:, indices("browDown")].mean(axis=1)
    raised = raised * (1.0 - table("emotions")["brow_accent"]["lowered_yield"] * lowered)
    together, columns = channels.copy(), indices("browInnerUp", "browOuterUp")
    together[:, columns] = np.clip(channels[:, columns] + raised[:, None], 0.0, 1.0)
    return together


def opening_gain(emotion: np.ndarray) -> np.ndarray:
    """(T,) how much further the mouth opens in speech under `emotion` (T,9) than in neutral."""
    rows = table("emotions")["emotions"]
    opening = np.array([rows[name]["opening"] for name in EMOTIONS])
    return 1.0 + (emotion[:, :8] * emotion[:, 8:]) @ (opening - 1.0)


def _liveliness(times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(T,52) factors near 1 that drift smoothly, the same for both sides of a paired control."""
    settings = table("emotions")["liveliness"]
    knots = np.arange(-1.0, times[-1] / settings["period"] + 2.0)
    pairs = [name.removesuffix("Left").removesuffix("Right") for name in CHANNELS]
    names = list(dict.fromkeys(pairs))
    drift = random.uniform(-1.0, 1.0, (len(knots), len(names)))
    at = times / settings["period"]
    low = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    blend = 0.5 - 0.5 * np.cos(np.pi * (at - knots[low]))
    smooth = drift[low] * (1.0 - blend[:, None]) + drift[low + 1] * blend[:, None]
    return 1.0 + settings["amount"] * smooth[:, [names.index(pair) for pair in pairs]]


def _brow_accents(emphasis: Emphasis, frames: int, fps: float, random: np.random.Generator) -> np.ndarray:
    settings = table("emotions")["brow_accent"]
    kept = random.random(len(emphasis.accents)) < settings["share"]
    raised = np.zeros(frames)
    shape = (settings["attack"], settings["sustain"], settings["release"])
    add_pulses(raised, fps, emphasis.accents[kept], settings["gain"] * emphasis.strength[kept], shape)
    return np.minimum(raised, settings["gain"])

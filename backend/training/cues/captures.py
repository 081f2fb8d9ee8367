"""Real faces: how expression drifts on captured people, to lie over the rules' prototypes.

From Live Link Face recordings (CSV, ARKit channels) the motion of brows, cheeks, nose and lids about its own running
mean is cut out and added to the labels, as EmoVOCA composes expressions with talking heads.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX, CHANNELS, GROUPS
from addon.core.curves import resample, smooth

log = logging.getLogger(__name__)

DRIFTING: Final[tuple[str, ...]] = tuple(
    name
    for name in (*GROUPS["brows"], *GROUPS["cheeks"], "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight")
    if name != "cheekPuff"
)
"""Channels whose own motion is taken over: those that speech does not move."""
BASELINE: Final[float] = 3.0
"""Seconds of the running mean that is taken off: the capture's own expression."""
LIMIT: Final[float] = 0.15
"""Largest drift: liveliness, not another expression."""
SHORTEST: Final[float] = 10.0
CAPTURE_FPS: Final[float] = 60.0


def read_drifts(folder: Path, rate: float) -> list[np.ndarray]:
    """(T,52) drifts at `rate` of every capture in `folder` (*.csv) that is long enough; empty where there is none."""
    drifts = []
    for path in sorted(folder.glob("**/*.csv")):
        channels, seconds = _read(path)
        if seconds < SHORTEST:
            continue
        times = np.arange(int(seconds * rate)) / rate
        even = resample(channels, (len(channels) - 1) / seconds, times).astype(np.float64)
        drift = even - smooth(even, rate, BASELINE)
        drifts.append(np.clip(smooth(drift, rate, 0.05), -LIMIT, LIMIT))
        log.info("capture %s: %.0f s", path.name, seconds)
    return drifts


def drift_for(frames: int, drifts: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """(frames,52) a drift from a random place of a random capture, there and back where the scene is longer."""
    if not drifts:
        return np.zeros((frames, len(CHANNELS)))
    chosen = drifts[int(rng.integers(len(drifts)))]
    there_and_back = np.concatenate([chosen, chosen[::-1]])
    start = int(rng.integers(len(there_and_back)))
    return there_and_back[(start + np.arange(frames)) % len(there_and_back)]


def _read(path: Path) -> tuple[np.ndarray, float]:
    """(T,52) the drifting channels of a capture, zeros elsewhere, and its length in seconds by its time codes."""
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if row.get("BrowInnerUp")]
    channels = np.zeros((len(rows), len(CHANNELS)))
    for name in DRIFTING:
        column = name[0].upper() + name[1:]
        channels[:, CHANNEL_INDEX[name]] = [float(row.get(column) or 0.0) for row in rows]
    return channels, _seconds(rows[-1]["Timecode"]) - _seconds(rows[0]["Timecode"]) if len(rows) > 1 else 0.0


def _seconds(code: str) -> float:
    """Seconds of a Live Link time code, hours:minutes:seconds:frames with a fraction of a frame."""
    hours, minutes, seconds, frames = (float(part) for part in code.split(":"))
    return 3600.0 * hours + 60.0 * minutes + seconds + frames / CAPTURE_FPS

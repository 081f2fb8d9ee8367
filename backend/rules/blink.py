"""The blink layer: when the lids close, and how."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backend.speech.phones import SILENCE, Phone

from .smoothing import minimum_jerk
from .tables import value


def blink_times(phones: Sequence[Phone], duration: float, random: np.random.Generator) -> np.ndarray:
    """(B,) seconds at which a blink starts: a log-normal renewal process whose events are drawn into pauses."""
    pauses = [(p.start, p.end) for p in phones if p.name == SILENCE and p.duration >= value("blink", "pause_length")]
    deviation = value("blink", "interval_log_sd")
    # The first interval is cut at a random point: the line does not begin with a fresh wait.
    at = -random.random() * 60.0 / value("blink", "rate_speaking")
    times: list[float] = []
    while True:
        silent = any(start <= at < end and end - start > value("blink", "listening_pause") for start, end in pauses)
        mean = 60.0 / value("blink", "rate_silent" if silent else "rate_speaking")
        wait = mean * np.exp(random.normal(0.0, deviation) - 0.5 * deviation**2)
        at += max(wait, value("blink", "interval_min"))
        if at >= duration:
            break
        near = _into_pause(at, pauses, random)
        if near >= 0 and (not times or near - times[-1] >= value("blink", "interval_min")):
            times.append(near)
            if random.random() < value("blink", "double_share"):
                times.append(near + value("blink", "double_gap"))
    return np.array([t for t in times if t < duration])


def blink_closure(starts: np.ndarray, times: np.ndarray, fps: float) -> np.ndarray:
    """(T,) lid closure in 0..1 at `times`: fast down, one frame or more shut, slower up (VanderWerf, Trutoiu)."""
    close, opening = value("blink", "close"), value("blink", "open")
    # A frame long at least, so that every blink is seen shut.
    hold = min(max(value("blink", "hold"), 1.001 / fps), value("blink", "hold_limit"))
    closure = np.zeros(len(times))
    for start in starts:
        first = int(max(0, np.floor(start * fps)))
        last = int(min(len(times), np.ceil((start + close + hold + opening) * fps) + 1))
        since = times[first:last] - start
        down = minimum_jerk(since / close)
        up = minimum_jerk(np.clip((since - close - hold) / opening, 0.0, 1.0) ** value("blink", "opening_bend"))
        closure[first:last] = np.maximum(closure[first:last], down * (1.0 - up))
    return closure


def _into_pause(at: float, pauses: Sequence[tuple[float, float]], random: np.random.Generator) -> float:
    shift = random.uniform(0.0, value("blink", "pause_shift"))
    reach = value("blink", "pause_reach")
    starts = [start for start, end in pauses if start > 0.0 and abs(start - at) <= reach]
    if not starts:
        return at
    return min(starts, key=lambda start: abs(start - at)) + shift

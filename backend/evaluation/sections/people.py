"""Blinks, saccades, gaze and head beside what was published about people, for every engine and emotion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from addon.core.emotion import EMOTIONS
from addon.core.performance import Performance
from backend.audio.prosody import PROSODY_RATE
from backend.evaluation.coupling import voice_signals
from backend.evaluation.material import Material, Recording, silence
from backend.evaluation.report.model import Cell, Section, Table
from backend.evaluation.statistics import (
    MUTUAL,
    blinks,
    canonical_correlation,
    head_degrees,
    head_moving,
    published,
    saccades,
    world_gaze,
)
from backend.evaluation.studio import Studio, Take

FINE_FPS: Final[float] = 120.0
"""A saccade of 5 degrees lasts 37 ms."""
SILENT_SECONDS: Final[float] = 60.0


def people(studio: Studio, material: Material) -> Section:
    """The chapter."""
    columns = ("statistic", *EMOTIONS, "published", "unit and source")
    tables = [
        Table(f"{engine}, full intensity", columns, _rows(_all_emotions(studio, engine, material)))
        for engine in studio.engines
    ]
    seconds = sum(r.sound.duration for r in material.emotional) * material.amount.takes
    return Section(
        title="Eyes, lids and head beside people",
        text=[
            f"{len(material.emotional)} lines, {material.amount.takes} seeds, {seconds:.0f} s per emotion at 120 "
            f"frames per second, and {SILENT_SECONDS:.0f} s of silence at 30. Green lies within the published range, "
            "red outside. Short lines make rates uncertain: a minute of speech holds about twenty blinks.",
        ],
        items=tables,
    )


def fine_take(emotion: str, seed: int) -> Take:
    """The take that this chapter and the one on emotions share."""
    return Take(emotion=emotion, seed=seed, fps=FINE_FPS)


def _all_emotions(studio: Studio, engine: str, material: Material) -> dict[str, dict[str, float]]:
    still = silence(SILENT_SECONDS)
    found = {}
    for emotion in EMOTIONS:
        pairs = [
            (recording, studio.perform(engine, recording, fine_take(emotion, seed)))
            for recording in material.emotional
            for seed in range(material.amount.takes)
        ]
        found[emotion] = _speaking(pairs) | {
            "head_moving_silent": float(head_moving(studio.perform(engine, still, Take(emotion))).mean())
        }
    return found


def _speaking(pairs: Sequence[tuple[Recording, Performance]]) -> dict[str, float]:
    """The statistics of `published.json` over several takes, those of silence left out."""
    seen = [blinks(performance) for _, performance in pairs]
    looks = [saccades(performance) for _, performance in pairs]
    amplitude, peak = (np.concatenate([getattr(s, name) for s in looks]) for name in ("amplitude", "peak"))
    closing, opening = (np.concatenate([getattr(b, name) for b in seen]) for name in ("closing", "opening"))
    mutual, moving = (np.concatenate([part(r, p) for r, p in pairs]) for part in (_mutual, _moving))
    spread = np.mean([head_degrees(p).std(axis=0) for _, p in pairs], axis=0)
    coupled = [canonical_correlation(head_degrees(p), voice_signals(r.prosody, p.times)) for r, p in pairs]
    minutes = sum(p.duration for _, p in pairs) / 60.0
    return {
        "blink_rate": len(closing) / minutes,
        "blink_duration": _mean(np.concatenate([b.duration for b in seen])),
        "blink_opening_ratio": _mean(opening / np.maximum(closing, 1e-3)),
        "saccade_under_15": _mean(amplitude < 15.0),
        "saccade_peak_velocity": _mean(peak[amplitude > 10.0]),
        "saccade_interval": _shortest(np.concatenate([np.diff(s.start) for s in looks])),
        "mutual_gaze": _mean(mutual),
        "head_pitch_sd": float(spread[0]),
        "head_yaw_sd": float(spread[1]),
        "head_roll_sd": float(spread[2]),
        "head_moving_speaking": _mean(moving),
        "head_prosody_correlation": _mean(np.array(coupled)),
    }


def _rows(by_emotion: dict[str, dict[str, float]]) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    for name, entry in published().items():
        low, high = entry["range"]
        values = [by_emotion[emotion][name] for emotion in EMOTIONS]
        cells = [Cell(value, None if np.isnan(value) else bool(low <= value <= high)) for value in values]
        rows.append([name.replace("_", " "), *cells, f"{low:g} to {high:g}", f"{entry['unit']}; {entry['source']}"])
    return rows


def _mutual(recording: Recording, performance: Performance) -> np.ndarray:
    return (np.hypot(*world_gaze(performance).T) < MUTUAL)[_spoken(recording, performance)]


def _moving(recording: Recording, performance: Performance) -> np.ndarray:
    return head_moving(performance)[_spoken(recording, performance)]


def _spoken(recording: Recording, performance: Performance) -> np.ndarray:
    at = np.minimum(np.round(performance.times * PROSODY_RATE).astype(int), len(recording.prosody.speech) - 1)
    return recording.prosody.speech[at]


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _shortest(values: np.ndarray) -> float:
    return float(np.percentile(values, 1)) if len(values) else float("nan")

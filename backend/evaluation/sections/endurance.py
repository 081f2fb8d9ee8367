"""Whether everything stays in range, and whether a long line is as alive at its end as at its beginning."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from addon.core.emotion import EMOTIONS
from addon.core.performance import Performance
from backend.evaluation.health import LIMITS, alive, life, ranges, still_channels, worst
from backend.evaluation.material import Material, joined
from backend.evaluation.report.model import Cell, Figure, Section, Table
from backend.evaluation.report.svg import COLOURS, Curve, curves
from backend.evaluation.statistics import head_degrees
from backend.evaluation.studio import Studio, Take, perform_once
from backend.face.landmarks import inner_lip_gap

WINDOW: Final[float] = 120.0
"""Seconds at the beginning and the end that are compared; a quarter of a shorter line. Two minutes, because saccades
come in runs: ten single minutes of one line, none of them tired, had 29 to 49."""


def endurance(studio: Studio, material: Material) -> Section:
    """The chapter."""
    line = joined(material.clean or (material.own,), material.amount.long_seconds)
    window = min(WINDOW, 0.25 * line.sound.duration)
    lively, drawings = [], []
    for engine in studio.engines:
        performance = perform_once(engine, line, Take(emotion="happy", seed=1))
        begun, ended = life(performance, 0.0, window), life(performance, performance.duration - window, 1e9)
        kept = alive(begun, ended)
        for name, value in asdict(begun).items():
            lively.append([engine, name.replace("_", " "), value, asdict(ended)[name], Cell(kept[name], kept[name])])
        drawings.append(_ends(engine, performance, window))
    note = f"A statistic is alive when the last {window:.0f} s have half to twice that of the first {window:.0f} s."
    columns = ("engine", "statistic", "first", "last", "alive")
    table = Table(f"A line of {line.sound.duration:.0f} s, happy", columns, lively, note)
    return Section(
        title="In range, and alive to the end",
        text=["Extremes over every emotion at full intensity; the long line is recordings joined after each other."],
        items=[_range_table(studio, material), table, *drawings],
    )


def _range_table(studio: Studio, material: Material) -> Table:
    rows = []
    for engine in studio.engines:
        takes = [studio.perform(engine, r, Take(emotion=e)) for r in material.emotional for e in EMOTIONS]
        found = worst([ranges(take) for take in takes])
        still = set.intersection(*(set(still_channels(take)) for take in takes))
        cells = [Cell(getattr(found, name), getattr(found, name) <= limit) for name, limit in LIMITS.items()]
        channels = f"{found.lowest:.2f} to {found.highest:.2f}"
        rows.append([engine, channels, *cells, ", ".join(sorted(still)) or "none"])
    columns = ("engine", "channels", *LIMITS, "channels that never move")
    limits = ", ".join(f"{name} {limit:g}" for name, limit in LIMITS.items())
    note = (
        f"Limits: {limits}. displacement: a landmark from rest, IOD; eye, head: degrees; crossing: lips through each "
        "other, IOD; disagreement: eye-look channels against gaze."
    )
    return Table("Ranges", columns, rows, note)


def _ends(engine: str, performance: Performance, window: float) -> Figure:
    shown = min(20.0, window)
    drawn = ""
    for title, start in (("beginning", 0.0), ("end", performance.duration - shown)):
        part = (performance.times >= start) & (performance.times < start + shown)
        gap, pitch = inner_lip_gap(performance.landmarks)[part], head_degrees(performance)[part, 0]
        at = performance.times[part]
        drawn += curves([Curve(title, at, gap, COLOURS[0])], unit="gap, IOD", low=0.0, high=0.5, height=110)
        drawn += curves([Curve(title, at, pitch, COLOURS[1])], unit="pitch, deg", low=-12.0, high=12.0, height=110)
    return Figure(f"{engine}: the first and the last {shown:.0f} s of the long line", drawn)

"""How fast engines are: a batch of lines, one short line, and the memory of a process that does nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Final

from backend.demo.stage import shipped_line
from backend.evaluation.material import Material, opening
from backend.evaluation.report.model import Cell, Section, Table
from backend.evaluation.speed import timed
from backend.evaluation.studio import Studio, Take, perform_once, perform_together

BATCH_SECONDS: Final[float] = 200.0
SHORT_SECONDS: Final[float] = 5.0
REPEATS: Final[int] = 5
_PEAK: Final[str] = (
    "import resource, sys; from backend import perform; perform(sys.argv[1], engine=sys.argv[2]); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def pace(studio: Studio, material: Material) -> Section:
    """The chapter."""
    batch, seconds = [], 0.0
    for recording in material.clean or (material.own,):
        if seconds < BATCH_SECONDS:
            batch.append(recording)
            seconds += recording.sound.duration
    short = opening(material.own, SHORT_SECONDS)
    rows, goals = [], {"batch_times_real": {}, "short_line_ms": {}}
    for engine in studio.engines:
        perform_once(engine, short, Take())  # what is loaded once is not the speed of a line
        many = timed(lambda e=engine: perform_together(e, batch, Take()), seconds)
        one = timed(lambda e=engine: perform_once(e, short, Take()), SHORT_SECONDS, REPEATS)
        goals["batch_times_real"][engine] = many.times_real
        goals["short_line_ms"][engine] = 1000.0 * one.wall
        row = [many.times_real, many.times_real_cpu, 1000.0 * one.wall, 1000.0 * one.cpu, _memory(engine)]
        rows.append([engine, Cell(row[0], row[0] >= 600.0), row[1], Cell(row[2], row[2] <= 60.0), *row[3:]])
    columns = ("engine", "batch, x real time", "x per CPU second", "5 s line, ms", "its CPU, ms", "peak memory, MB")
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    note = (
        f"From decoded sound without text to Performance with 52 channels at 30 frames per second, on {os.cpu_count()} "
        f"processors at a load of {load}: on a busy machine only the CPU columns mean something. Batch: {len(batch)} "
        f"lines, {seconds:.0f} s, handed over together. Short line: the best of {REPEATS}. Memory: a process that "
        "performs the demo line once. Streaming is not measured here."
    )
    return Section("Speed", [], [Table("Speed", columns, rows, note)], goals)


def _memory(engine: str) -> float:
    """Peak resident memory in MB of a fresh process; nan where the system does not tell."""
    if find_spec("resource") is None:
        return float("nan")
    with shipped_line() as (sound, _):
        command = [sys.executable, "-c", _PEAK, str(sound), engine]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return float("nan")
    # Linux counts in kilobytes, macOS in bytes.
    return float(answer.stdout) / (1e6 if sys.platform == "darwin" else 1e3)

"""The whole evaluation: material, chapters in order, the page."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from addon.core.errors import RequestError
from addon.core.version import SOFTWARE

from .goals import goal_table
from .material import FULL, QUICK, Material, gather
from .report.data import as_json
from .report.html import page
from .report.model import Section
from .sections.emotions import emotions, judged
from .sections.endurance import endurance
from .sections.lips import lips
from .sections.pace import pace
from .sections.people import people
from .sections.rhythm import languages, rhythm
from .sections.sheets import sheets
from .studio import Studio

CHAPTERS: Final[tuple[Callable[[Studio, Material], Section], ...]] = (
    pace, lips, rhythm, languages, people, emotions, judged, endurance, sheets,
)  # fmt: skip
"""In the order in which they are measured and shown; speed comes first, while memory is empty."""
PAGE: Final[str] = "report.html"
DATA: Final[str] = "report.json"

_log = logging.getLogger(__name__)


def evaluate(engines: tuple[str, ...], out: Path, data: Path, *, quick: bool = False) -> Path:
    """Measure `engines` and write `report.html` and `report.json` into `out`; returns the page's path.

    `data` is the folder of the shared data; what is not there is left out, and the report says so. Raises
    RequestError when an engine does not exist or the folder cannot be written.
    """
    studio = Studio(engines)
    _make(out)
    began = time.perf_counter()
    material = gather(data, QUICK if quick else FULL)
    sections = []
    for chapter in CHAPTERS:
        started = time.perf_counter()
        sections.append(chapter(studio, material))
        _log.info("%-40s %6.1f s", sections[-1].title, time.perf_counter() - started)
    lead = _lead(engines, material, quick, time.perf_counter() - began)
    sections.insert(0, Section("Goals", [], [goal_table(sections, engines)]))
    (out / DATA).write_text(as_json(sections), encoding="utf-8")
    (out / PAGE).write_text(page(f"Evaluation of {', '.join(engines)}", lead, sections), encoding="utf-8")
    return out / PAGE


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError("evaluate.out", "The folder for the report cannot be made.", str(error)) from error


def _lead(engines: tuple[str, ...], material: Material, quick: bool, seconds: float) -> list[str]:
    recordings = [*material.clean, *material.accented, *material.languages, *material.acted, material.own]
    speech = sum(r.sound.duration for r in recordings)
    lead = [
        f"Soliloquy {SOFTWARE}: {', '.join(engines)} on {len(recordings)} recordings, {speech:.0f} s of speech; made "
        f"in {seconds:.0f} s{' with --quick: few recordings, rough figures' if quick else ''}. Lengths are "
        "inter-ocular distances (IOD, about 63 mm). docs/metrics.md defines every metric.",
    ]
    if material.missing:
        lead.append(
            f"SKIPPED: {', '.join(material.missing)} were not found in the shared data; what they would show is not in "
            "this report. Give their folder with --shared."
        )
    return lead

"""Pictures: real recordings in four emotions, engines side by side, at the moments that an animator looks at first."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from backend.demo.filmed import CLOSE_UP
from backend.demo.puppet import Pose, puppet
from backend.evaluation.material import Material, Recording
from backend.evaluation.report.model import Figure, Section
from backend.evaluation.report.pictures import embedded
from backend.evaluation.studio import Studio, Take
from backend.face.landmarks import inner_lip_gap
from backend.generator.sheet import contact_sheet
from backend.speech.visemes import BILABIAL, visemes_of

SHOWN: Final[tuple[str, ...]] = ("neutral", "happy", "angry", "sad")
SIZE: Final[int] = 150


def sheets(studio: Studio, material: Material) -> Section:
    """The chapter: one contact sheet for each recording."""
    chosen = [r for r in _candidates(material) if studio.alignment(r)][: material.amount.pictured]
    figures = [_sheet(studio, recording) for recording in chosen]
    return Section(
        title="Seen",
        text=[
            f"Rows are {', '.join(SHOWN)} at full intensity; columns are moments of the line for each engine in turn: "
            "two of its p, b, m, its widest opening and a rounded vowel, by forced alignment. Drawn on the built-in "
            "character without Blender.",
        ],
        items=figures,
    )


def _candidates(material: Material) -> list[Recording]:
    """Clean lines first, then every speaker's first line, then our own."""
    first_lines = {r.speaker: r for r in reversed(material.accented)}
    spread = material.clean[:: max(1, len(material.clean) // 3)][:3]
    return [*spread, *list(reversed(first_lines.values())), material.own]


def _sheet(studio: Studio, recording: Recording) -> Figure:
    moments = _moments(studio, recording)
    frames, labels = [], []
    for emotion in SHOWN:
        for engine in studio.engines:
            performance = studio.perform(engine, recording, Take(emotion=emotion))
            at = [min(round(t * performance.fps), performance.frame_count - 1) for t in moments.values()]
            frames += list(puppet().draw([Pose.of(performance, k) for k in at], SIZE, CLOSE_UP))
            labels += [f"{engine} {emotion} {name}" for name in moments]
    sheet: Image.Image = contact_sheet(frames, labels, len(moments) * len(studio.engines), text_size=11)
    return Figure(
        f"{recording.corpus}, {recording.name}",
        embedded(sheet, f"{recording.name} in {', '.join(SHOWN)}"),
        f"“{recording.text}”",
    )


def _moments(studio: Studio, recording: Recording) -> dict[str, float]:
    """Seconds by label: up to two closures, the widest opening, and a rounded vowel."""
    phones = studio.alignment(recording) or ()
    reference = studio.reference(recording)
    shut = [p for p in phones if p.name in BILABIAL]
    wanted = {f"{p.name} {p.centre:.2f} s": p.centre for p in (*shut[:1], *shut[len(shut) // 2 :][:1])}
    widest = float(np.argmax(inner_lip_gap(reference.landmarks))) / reference.fps
    wanted[f"widest {widest:.2f} s"] = widest
    rounded = [v for v in visemes_of(phones) if v.name == "U"]
    if rounded:
        # Far from the widest opening, where it is a shape of its own and not the same frame again.
        chosen = max(rounded, key=lambda v: abs(0.5 * (v.start + v.end) - widest))
        middle = 0.5 * (chosen.start + chosen.end)
        wanted[f"{chosen.phone} {middle:.2f} s"] = middle
    return wanted

"""The demo: one line in three emotions, from the sound to a moving face in Blender, and pictures of it.

It takes the way an artist takes: a backend of its own is started, the add-on runs in real Blender, sends the line over
ZeroMQ, and bakes what comes back on the built-in character. What Blender then shows is drawn and measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from addon.character.roster import CHARACTERS
from backend.demo.stage import Take, backend_running, build_character, film, shipped_line

if TYPE_CHECKING:
    from backend.audio.sound import Sound
    from backend.demo.filmed import Filmed

EMOTIONS: Final[tuple[str, ...]] = ("happy", "angry", "sad")
INTENSITY: Final[float] = 1.0
FPS: Final[float] = 30.0
MOVIE_SIZE: Final[int] = 320
SHEET_SIZE: Final[int] = 176
AROUND: Final[tuple[float, ...]] = (-0.1, 0.0, 0.12)
"""Seconds around the centre of a plosive that the contact sheet shows."""

_log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the `demo` command."""
    parser = subparsers.add_parser("demo", help="perform the shipped line in three emotions in Blender")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the results (default: demo)")
    parser.add_argument(
        "--build-character", action="store_true", help="instead save the built-in characters, lit and framed, as .blend"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the demo; 0 when the lips close on every p, b and m in every emotion, 1 when they do not."""
    from backend.audio.decode import read_sound

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if options.build_character:
        return _build_characters(out)
    with shipped_line() as (sound, text), tempfile.TemporaryDirectory() as scratch:
        with backend_running(Path(scratch), out / "backend.log") as runtime:
            for emotion in EMOTIONS:
                take = Take(emotion, sound, text, emotion, INTENSITY, FPS)
                film(take, out / f"{emotion}.blend", Path(scratch) / f"{emotion}.npz", runtime)
        report = _show(out, Path(scratch), read_sound(sound), text)
    (out / "closures.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    return _tell(out, report)


def _build_characters(out: Path) -> int:
    for name in CHARACTERS:
        build_character(name, out / f"{name}.blend")
        _log.info("%s: %.1f MB", out / f"{name}.blend", (out / f"{name}.blend").stat().st_size / 1e6)
    return 0


def _show(out: Path, scratch: Path, sound: Sound, text: str) -> dict[str, Any]:
    """Draw the sheet and the movie from Blender's own meshes; returns the measured closures by emotion."""
    from backend.audio.sound import SAMPLE_RATE
    from backend.demo.filmed import CLOSE_UP, read_filmed
    from backend.generator.movie import write_movie
    from backend.generator.sheet import contact_sheet
    from backend.speech.speech import find_speech
    from backend.speech.visemes import BILABIAL

    filmed = {emotion: read_filmed(scratch / f"{emotion}.npz") for emotion in EMOTIONS}
    moments = [(p.name, p.centre) for p in find_speech(sound, text).phones if p.name in BILABIAL]
    pictures, labels = [], []
    for emotion, shown in filmed.items():
        frames = np.array([shown.frame_at(at + shift) for _, at in moments for shift in AROUND])
        pictures += list(shown.draw(frames, SHEET_SIZE, CLOSE_UP))
        labels += [f"{emotion} {phone} {at + shift:.2f} s" for phone, at in moments for shift in AROUND]
    contact_sheet(pictures, labels, 3 * max(1, (len(moments) + 1) // 2)).save(out / "plosives.png")
    count = min(len(one.vertices) for one in filmed.values())
    strips = zip(*(one.draw(np.arange(count), MOVIE_SIZE) for one in filmed.values()), strict=True)
    write_movie(out / "line.mp4", (np.concatenate(strip, axis=1) for strip in strips), FPS, sound.samples, SAMPLE_RATE)
    return {emotion: _closures(filmed[emotion], moments) for emotion in EMOTIONS}


def _closures(shown: Filmed, moments: list[tuple[str, float]]) -> Mapping[str, Any]:
    """The widest of the three inner-lip gaps in Blender's own geometry at the centre of each p, b and m, in IOD."""
    from backend.face.landmarks import CLOSED_LIPS

    gaps = shown.inner_lip_gaps().max(axis=1)
    rows = [(phone, round(at, 3), round(float(gaps[shown.frame_at(at)]), 4)) for phone, at in moments]
    return {
        "closed": sum(gap < CLOSED_LIPS for _, _, gap in rows),
        "of": len(rows),
        "limit": CLOSED_LIPS,
        "phones": [{"phone": phone, "time": at, "gap": gap} for phone, at, gap in rows],
    }


def _tell(out: Path, report: Mapping[str, Any]) -> int:
    for emotion, row in report.items():
        _log.info("%s: lips closed on %d of %d p, b and m", emotion, row["closed"], row["of"])
    _log.info("\nResults in %s:", out)
    for path in sorted(out.iterdir()):
        _log.info("  %-16s %7.0f kB", path.name, path.stat().st_size / 1000)
    return 0 if all(row["closed"] == row["of"] for row in report.values()) else 1

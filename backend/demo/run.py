"""The demo: one line in three emotions, from the sound to a moving face in Blender, and pictures of it.

It takes the way an artist takes: a backend of its own is started, the add-on runs in real Blender, sends the line over
ZeroMQ, and bakes what comes back on the built-in character. What Blender then shows is drawn and measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from addon.core.errors import BackendError, RigError
from addon.link.launcher import RUNNING, STARTING, Launcher

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
START_LIMIT: Final[float] = 60.0
"""Seconds the backend may take to start: the first import of its libraries on a slow disk."""

_log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the `demo` command."""
    parser = subparsers.add_parser("demo", help="perform the shipped line in three emotions in Blender")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the results (default: demo)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the demo; 0 when the lips close on every p, b and m in every emotion, 1 when they do not."""
    from backend.audio.decode import read_sound

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    card = json.loads(files("backend.demo").joinpath("line.json").read_text(encoding="utf-8"))
    with as_file(files("backend.demo").joinpath("line.wav")) as sound, tempfile.TemporaryDirectory() as scratch:
        with _backend(Path(scratch), out / "backend.log") as runtime:
            for emotion in EMOTIONS:
                _bake(emotion, sound, card["text"], out, Path(scratch), runtime)
        report = _show(out, Path(scratch), read_sound(sound), card["text"])
    (out / "closures.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    return _tell(out, report)


@contextmanager
def _backend(runtime: Path, log_file: Path) -> Iterator[Path]:
    """A backend of its own in a child process, for as long as the context lasts; yields its runtime folder."""
    launcher = Launcher(Path(sys.executable), None, runtime, log_file)
    launcher.start()
    try:
        deadline = time.monotonic() + START_LIMIT
        while (state := launcher.poll()).name != RUNNING:
            if state.name != STARTING or time.monotonic() > deadline:
                why = state.message or ("no answer" if state.name == STARTING else "it ended at once")
                raise BackendError("demo.backend", f"The backend did not start: {why}", str(log_file))
            time.sleep(0.1)
        _log.info("The backend runs (process %s).", state.pid)
        yield runtime
    finally:
        launcher.stop()


def _bake(emotion: str, sound: Path, text: str, out: Path, scratch: Path, runtime: Path) -> None:
    """Perform the line in Blender: the add-on in a process of its own, talking to the backend."""
    (out / f"{emotion}.blend").unlink(missing_ok=True)  # made anew: Blender would keep the old one as .blend1
    command = [sys.executable, "-m", "addon.headless", "bake", "--sound", str(sound), "--text", text]
    command += ["--emotion", emotion, "--intensity", str(INTENSITY), "--fps", str(FPS), "--runtime-dir", str(runtime)]
    command += ["--blend", str(out / f"{emotion}.blend"), "--dump", str(scratch / f"{emotion}.npz")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RigError("demo.bake", f"Blender could not bake the line:\n{(result.stdout + result.stderr)[-2000:]}")
    said = result.stderr.strip().splitlines()
    _log.info("%s: %s", emotion, said[-1] if said else "done")


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
    for emotion, film in filmed.items():
        frames = np.array([film.frame_at(at + shift) for _, at in moments for shift in AROUND])
        pictures += list(film.draw(frames, SHEET_SIZE, CLOSE_UP))
        labels += [f"{emotion} {phone} {at + shift:.2f} s" for phone, at in moments for shift in AROUND]
    contact_sheet(pictures, labels, 3 * max(1, (len(moments) + 1) // 2)).save(out / "plosives.png")
    count = min(len(film.vertices) for film in filmed.values())
    strips = zip(*(film.draw(np.arange(count), MOVIE_SIZE) for film in filmed.values()), strict=True)
    write_movie(out / "line.mp4", (np.concatenate(strip, axis=1) for strip in strips), FPS, sound.samples, SAMPLE_RATE)
    return {emotion: _closures(filmed[emotion], moments) for emotion in EMOTIONS}


def _closures(film: Filmed, moments: list[tuple[str, float]]) -> Mapping[str, Any]:
    """The widest of the three inner-lip gaps in Blender's own geometry at the centre of each p, b and m, in IOD."""
    from backend.face.landmarks import CLOSED_LIPS

    gaps = film.inner_lip_gaps().max(axis=1)
    rows = [(phone, round(at, 3), round(float(gaps[film.frame_at(at)]), 4)) for phone, at in moments]
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

"""`gallery`: eight emotions, the visemes, gaze and head, one line in four emotions, three people; in small files."""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from addon.character.roster import CHARACTERS, DEFAULT_CHARACTER
from addon.core.emotion import EMOTIONS
from addon.core.performance import Performance
from backend.demo.stage import Take, backend_running, film, render_frame, shipped_line

FPS: Final[float] = 30.0
PICTURE: Final[int] = 200
MOVIE: Final[int] = 176
PORTRAIT: Final[int] = 400
SAMPLES: Final[int] = 24
"""Of Cycles, for each pixel of a portrait; its noise is taken out afterwards."""
JPEG_QUALITY: Final[int] = 86
SPOKEN: Final[tuple[str, ...]] = ("neutral", "happy", "angry", "sad")
"""The emotions of the short film, left to right."""
PEOPLE: Final[tuple[tuple[str, str], ...]] = (("mira", "happy"), ("otto", "angry"), ("nia", "surprised"))

_log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the `gallery` command."""
    parser = subparsers.add_parser("gallery", help="make the pictures of the README from performances in Blender")
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"), help="folder (default: docs/gallery)")
    parser.add_argument(
        "--sheets",
        action="store_true",
        help="instead draw contact sheets of every key, viseme, emotion and of speech, to judge a character by",
    )
    parser.add_argument("--size", type=int, default=200, help="pixels of each picture on the sheets")
    parser.add_argument("--character", choices=tuple(CHARACTERS), default=DEFAULT_CHARACTER, help="whose sheets")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the gallery; 0 when it is done."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if options.sheets:
        return _sheets(out, options.character, options.size)
    with shipped_line() as (sound, text), tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with backend_running(scratch, scratch / "backend.log") as runtime:
            for emotion in EMOTIONS:
                _film(Take(emotion, sound, text, emotion), scratch, runtime)
            for person, emotion in PEOPLE:
                take = Take(person, sound, text, emotion, character=f"built-in:{person}")
                film(take, scratch / f"{person}.blend", scratch / f"{person}.npz", runtime)
        _people(out, scratch)
        _emotions(out, scratch, sound, text)
        _movie(out, scratch, sound)
        _visemes(out, scratch)
        _gaze_and_head(out, scratch)
    _log.info("Pictures in %s", out)
    return 0


def _sheets(out: Path, character: str, size: int) -> int:
    from backend import perform
    from backend.demo.puppet import Puppet
    from backend.gallery.sheets import SPOKEN_EMOTIONS, make_sheets

    with shipped_line() as (sound, text):
        spoken = {emotion: perform(sound, emotion=emotion, text=text) for emotion in SPOKEN_EMOTIONS}
    make_sheets(Puppet(CHARACTERS[character]), out, spoken, size)
    _log.info("Sheets in %s", out)
    return 0


def _film(take: Take, scratch: Path, runtime: Path) -> None:
    film(take, scratch / "take.blend", scratch / f"{take.name}.npz", runtime)


def _sheet(pictures: Sequence[np.ndarray], labels: Sequence[str], columns: int, target: Path) -> None:
    from backend.generator.sheet import contact_sheet

    contact_sheet(pictures, labels, columns).save(target, quality=JPEG_QUALITY, optimize=True)


def _emotions(out: Path, scratch: Path, sound: Path, text: str) -> None:
    """Two rows: the eight emotions at the widest open vowel of the line, and at its first closure."""
    from backend.audio.decode import read_sound
    from backend.demo.filmed import CLOSE_UP, read_filmed
    from backend.speech.speech import find_speech
    from backend.speech.visemes import BILABIAL

    phones = find_speech(read_sound(sound), text).phones
    closed = next(p.centre for p in phones if p.name in BILABIAL)
    neutral = read_filmed(scratch / "neutral.npz")
    open_ = float(neutral.inner_lip_gaps().max(axis=1).argmax()) / neutral.fps
    pictures: dict[float, list[np.ndarray]] = {open_: [], closed: []}
    for emotion in EMOTIONS:
        shown = read_filmed(scratch / f"{emotion}.npz")
        for at, row in pictures.items():
            row.extend(shown.draw(np.array([shown.frame_at(at)]), PICTURE, CLOSE_UP))
    labels = [*EMOTIONS, *(f"{emotion}, lips closed" for emotion in EMOTIONS)]
    _sheet([*pictures[open_], *pictures[closed]], labels, len(EMOTIONS), out / "emotions.jpg")


def _people(out: Path, scratch: Path) -> None:
    """The three people, each in the middle of its line, rendered in Blender's Cycles."""
    from PIL import Image

    from backend.demo.filmed import read_filmed

    portraits = []
    for person, _ in PEOPLE:
        shown = read_filmed(scratch / f"{person}.npz")
        frame = 1 + shown.speaking_frame()
        target = scratch / f"{person}.png"
        render_frame(scratch / f"{person}.blend", person, frame, target, PORTRAIT, SAMPLES)
        portraits.append(np.asarray(Image.open(target).convert("RGB")))
    _sheet(portraits, [f"{person.title()}, {emotion}" for person, emotion in PEOPLE], len(PEOPLE), out / "people.jpg")


def _movie(out: Path, scratch: Path, sound: Path) -> None:
    from backend.audio.decode import read_sound
    from backend.audio.sound import SAMPLE_RATE
    from backend.demo.filmed import read_filmed
    from backend.generator.movie import write_movie

    shown = [read_filmed(scratch / f"{emotion}.npz") for emotion in SPOKEN]
    count = min(len(one.vertices) for one in shown)
    strips = zip(*(one.draw(np.arange(count), MOVIE) for one in shown), strict=True)
    frames = (np.concatenate(strip, axis=1) for strip in strips)
    write_movie(out / "line.mp4", frames, FPS, read_sound(sound).samples, SAMPLE_RATE)


def _visemes(out: Path, scratch: Path) -> None:
    from backend.demo.filmed import CLOSE_UP, read_filmed
    from backend.gallery.poses import visemes_held

    performance, moments = visemes_held(FPS)
    _film_saved(performance, "visemes", scratch)
    shown = read_filmed(scratch / "visemes.npz")
    frames = np.array([shown.frame_at(at) for at in moments.values()])
    _sheet(list(shown.draw(frames, PICTURE, CLOSE_UP)), list(moments), 5, out / "visemes.jpg")


def _gaze_and_head(out: Path, scratch: Path) -> None:
    from backend.demo.filmed import CLOSE_UP, read_filmed
    from backend.gallery.poses import GAZES, looks_and_poses

    performance, moments = looks_and_poses(FPS)
    _film_saved(performance, "poses", scratch)
    shown = read_filmed(scratch / "poses.npz")
    frames = np.array([shown.frame_at(at) for at in moments.values()])
    names, split = list(moments), len(GAZES)
    _sheet(list(shown.draw(frames[:split], PICTURE, CLOSE_UP)), names[:split], 3, out / "gaze.jpg")
    _sheet(list(shown.draw(frames[split:], PICTURE)), names[split:], 6, out / "head.jpg")


def _film_saved(performance: Performance, name: str, scratch: Path) -> None:
    saved = performance.save(scratch / f"{name}.performance.npz")
    _film(Take(name, scratch / "none.wav", performance=saved), scratch, scratch)

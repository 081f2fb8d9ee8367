"""`perform`: sound files in, performances out, without a server."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from addon.core.emotion import EmotionTrack
from addon.core.engines import DEFAULT_ENGINE
from addon.core.errors import EmotionError, RequestError, SoliloquyError
from addon.core.heard import heard_sentence
from addon.core.performance import Performance
from addon.core.request import PerformRequest

SUFFIX: Final[str] = ".npz"
TOGETHER: Final[int] = 64
"""Files that are performed at once: enough for the networks to be fed, few enough to be held."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("perform", help="turn sound files into performances")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="sound files: wav, flac, ogg, mp3")
    parser.add_argument("--emotion", default="neutral", help="a name, a JSON file with an emotion track, or auto")
    parser.add_argument("--intensity", type=float, default=1.0, help="0..1; a JSON track and auto bring their own")
    parser.add_argument("--text", help="what is said, if you know it; for a single file")
    parser.add_argument("--engine", default=DEFAULT_ENGINE, help="neural (the default) or rules")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--out", type=Path, required=True, help="an .npz file, or a folder for one .npz per sound")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Perform every file. In a batch a file that fails does not stop the others; the exit code is then 2."""
    emotion = read_emotion(options.emotion, options.intensity)
    if options.text is not None and len(options.files) > 1:
        raise RequestError("cli.text", "--text is what one file says; give one file, or leave it out.")
    # What is wrong with the options is wrong for every file: it is refused once, before any work.
    PerformRequest(b"", "", emotion, options.text, options.engine, options.seed, options.fps)
    targets = _targets(options.files, options.out)
    chunks = [targets[at : at + TOGETHER] for at in range(0, len(targets), TOGETHER)]
    return 2 if sum(_perform_chunk(chunk, emotion, options) for chunk in chunks) else 0


def read_emotion(given: str, intensity: float) -> EmotionTrack | None:
    """The track that `--emotion` means: a name at this intensity, the one in a JSON file, or None for `auto`."""
    if given == "auto":
        return None
    if not given.endswith(".json"):
        return EmotionTrack.constant(given, intensity)
    try:
        return EmotionTrack.from_json(Path(given).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EmotionError("emotion.file", "The emotion track cannot be read.", given) from error


def _perform_chunk(
    targets: Sequence[tuple[Path, Path]], emotion: EmotionTrack | None, options: argparse.Namespace
) -> int:
    """Perform files together and write their results; how many failed."""
    from backend.audio.decode import read_sound
    from backend.engine import perform_sounds

    sounds, requests, read = [], [], []
    for source, target in targets:
        request = PerformRequest(b"", source.name, emotion, options.text, options.engine, options.seed, options.fps)
        with _told(source):
            sounds.append(read_sound(source))
            requests.append(request)
            read.append((source, target))
    performances = perform_sounds(sounds, requests, lambda stage, share: None) if sounds else []
    written = 0
    for (source, target), performance in zip(read, performances, strict=True):
        with _told(source) as told:
            _write(source, target, performance)
        written += told.well
    return len(targets) - written


@dataclass
class _Outcome:
    """Whether it went well."""

    well: bool = False


@contextmanager
def _told(source: Path) -> Iterator[_Outcome]:
    """Tell what went wrong with a file in a line, and go on."""
    outcome = _Outcome()
    try:
        yield outcome
        outcome.well = True
    except SoliloquyError as error:
        sys.stderr.write(f"soliloquy: {source}: {' '.join(str(error).split())}\n")


def _write(source: Path, target: Path, performance: Performance) -> None:
    try:
        performance.save(target)
    except OSError as error:
        raise RequestError("cli.out", "The result cannot be written; choose another --out.", str(error)) from error
    if heard := heard_sentence(performance.meta):
        sys.stderr.write(f"soliloquy: {source}: {heard}\n")
    for warning in performance.meta.get("warnings", ()):
        sys.stderr.write(f"soliloquy: {source}: warning: {warning}\n")
    sys.stdout.write(f"{target}\n")


def _targets(files: list[Path], out: Path) -> list[tuple[Path, Path]]:
    """Each sound with its result's path. Raises RequestError when two sounds would share one."""
    if len(files) == 1 and out.suffix == SUFFIX and not out.is_dir():
        folder, targets = out.parent, [(files[0], out)]
    elif out.suffix == SUFFIX:
        raise RequestError("cli.out", "Several files need a folder for --out.", str(out))
    else:
        folder, targets = out, [(file, out / f"{file.stem}{SUFFIX}") for file in files]
    _require_distinct(targets)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError("cli.out", "The folder for the results cannot be made.", str(error)) from error
    return targets


def _require_distinct(targets: list[tuple[Path, Path]]) -> None:
    """Refuse names that only some file systems tell apart, on all of them alike: results are copied between systems.

    Windows and macOS ignore case; macOS also takes a composed and a decomposed letter for the same.
    """
    taken: dict[str, Path] = {}
    for source, target in targets:
        name = unicodedata.normalize("NFC", str(target).casefold())
        if name in taken:
            raise RequestError(
                "cli.names",
                "Two of the files have the same name, or one that differs only in case, and would share one result; "
                "rename one.",
                f"{taken[name]}, {source}",
            )
        taken[name] = source

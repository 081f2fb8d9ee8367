"""`serve`: run the server until it is told to end."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any, Final

from addon.core.errors import BackendError
from addon.core.wire_schema import MAX_SOUND, MIB

LEVELS: Final[tuple[str, ...]] = ("DEBUG", "INFO", "WARNING", "ERROR")


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("serve", help="run the server for the Blender add-on")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at, which clients call: for other machines the one at which they reach this machine, "
        "not 0.0.0.0 (default: this machine only)",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen at; 0 takes any free one")
    parser.add_argument("--runtime-dir", type=Path, help="folder for the connection file")
    parser.add_argument("--log-file", type=Path, help="append the log to this file instead of standard error")
    parser.add_argument("--log-level", choices=LEVELS, default="INFO")
    parser.add_argument("--max-sound-mib", type=int, default=MAX_SOUND // MIB, help="largest sound file taken")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    parser.add_argument("--start-id", help="name of this start in the connection file; random unless given")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve; 0 after a clean end."""
    from addon.link.connection import runtime_folder
    from backend.server.server import ServeSettings, serve

    if not 0 <= options.port < 65536 or not 1 <= options.max_sound_mib <= MAX_SOUND // MIB:
        raise BackendError("cli.range", f"--port is 0..65535, --max-sound-mib is 1..{MAX_SOUND // MIB}.")
    log_file = _open_log(options.log_file) if options.log_file else None
    logging.basicConfig(
        level=options.log_level, stream=log_file, format="%(asctime)s %(levelname)s server %(name)s: %(message)s"
    )
    start = {"start": options.start_id} if options.start_id else {}
    settings = ServeSettings(
        folder=runtime_folder(options.runtime_dir),
        host=options.host,
        port=options.port,
        max_sound=options.max_sound_mib * MIB,
        end_with_parent=options.exit_with_parent,
        log_level=options.log_level,
        **start,
    )
    serve(settings, log_file)
    return 0


def _open_log(path: Path) -> Any:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise BackendError("cli.log", "The log file cannot be written; choose another.", str(error)) from error

"""The command line: `soliloquy …`, and the same as `python -m backend …`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Final

from addon.core.errors import SoliloquyError
from addon.core.version import SOFTWARE

COMMANDS: Final[tuple[str, ...]] = (
    "backend.commands.serve",
    "backend.commands.perform",
    "backend.commands.train",
    "backend.commands.doctor",
    "backend.commands.evaluate",
    "backend.commands.evaluate_character",
    "backend.demo.run",
    "backend.gallery.run",
)
"""Modules with `add_parser(subparsers)`. One that is not installed is left out."""
FAILED: Final[int] = 2
"""Exit code when something cannot be done; one line on standard error says what."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except SoliloquyError as error:
        sys.stderr.write(f"soliloquy: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("soliloquy: interrupted\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soliloquy", description="A line of dialogue and an emotion become a facial performance."
    )
    parser.add_argument("--version", action="version", version=f"soliloquy {SOFTWARE}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        if _exists(name):
            importlib.import_module(name).add_parser(subparsers)
    return parser


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False

"""The generator that drew last, kept open: the next preview of the same character does not read it again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from .interface import Generator
from .registry import open_generator

Stamp = tuple[tuple[str, int, int], ...]
"""Files by path, with their sizes and times of change."""


class Warm:
    """Opens generators, and keeps one: until another is asked for, or the files of its folder have changed."""

    def __init__(self) -> None:
        self._key: tuple[str, str, Stamp] | None = None
        self._generator: Generator[Any] | None = None

    def open(self, name: str, folder: str = "") -> Generator[Any]:
        """The generator of that name and folder. Raises RequestError as `open_generator` does."""
        key = (name, folder, _stamp(folder))
        if self._generator is None or key != self._key:
            self._key = self._generator = None  # before the next one takes memory
            self._generator = open_generator(name, folder)
            self._key = key
        return self._generator


def _stamp(folder: str) -> Stamp:
    """What lies in a folder and in the folders in it: weights are no deeper."""
    found = []
    for path in (path for depth in ("*", "*/*") for path in (Path(folder).glob(depth) if folder else ())):
        with suppress(OSError):  # a training that runs replaces its files
            state = path.stat()
            found.append((str(path), state.st_size, state.st_mtime_ns))
    return tuple(sorted(found))

"""The generators there are, by name: what each needs, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from addon.core.errors import RequestError

from .interface import Generator, GeneratorInfo
from .liveportrait.licence import NOTE


@dataclass(frozen=True)
class Entry:
    """A generator's `info`, told without opening it, and `open`, which is given its folder ("" for none)."""

    info: GeneratorInfo
    open: Callable[[str], Generator[Any]]


def _open_raster(_folder: str) -> Generator[Any]:
    from .raster.generator import RasterGenerator

    return RasterGenerator()


def _open_character(folder: str) -> Generator[Any]:
    from .character.generator import CharacterGenerator

    return CharacterGenerator(Path(folder))


def _open_liveportrait(folder: str) -> Generator[Any]:
    from .liveportrait.generator import LivePortrait

    return LivePortrait(Path(folder))


_ENTRIES: Final[Mapping[str, Entry]] = {
    "raster": Entry(GeneratorInfo("raster", ("shot",)), _open_raster),
    "character": Entry(GeneratorInfo("character", ("shot", "weights")), _open_character),
    "liveportrait": Entry(GeneratorInfo("liveportrait", ("portrait", "weights"), NOTE), _open_liveportrait),
}


def generators() -> tuple[GeneratorInfo, ...]:
    """All of them, the plainest first."""
    return tuple(entry.info for entry in _ENTRIES.values())


def open_generator(name: str, folder: str = "") -> Generator[Any]:
    """The generator of that name, made of what is in `folder` where it needs weights.

    Raises RequestError when there is none of that name, or the folder is missing or no good.
    """
    entry = _ENTRIES.get(name)
    if entry is None:
        known = ", ".join(_ENTRIES)
        raise RequestError("generator.name", f"There is no generator of that name; there are {known}.", name)
    if "weights" in entry.info.needs and not folder:
        raise RequestError("generator.folder", f"Choose the folder that {name} is to draw with.", name)
    return entry.open(folder)

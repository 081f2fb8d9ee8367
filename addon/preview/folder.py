"""Where the frames of a preview lie: a folder of our own beside the .blend, with nothing of the artist's in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

NAME: Final[str] = "soliloquy_preview"
MARKER: Final[str] = "soliloquy.json"
"""Says that a folder is ours, of which character and line, and which files in it we wrote."""
MOVIE: Final[str] = "preview.mp4"


class FrameFolder:
    """The folder of one line of one character; frames are written into it as they come."""

    def __init__(self, parent: Path, character: str, line: str) -> None:
        self._who = {"character": character, "line": line}
        self.path = self._place(parent / NAME, re.sub(r"[^\w\-. ]", "_", line).strip(". ") or "line")
        self._written: list[str] = []

    def begin(self) -> None:
        """Make the folder, and delete what we wrote into it before. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name in self._noted().get("files", ()):
            if Path(str(name)).name == name:  # a marker that was changed by hand shall lead nowhere else
                (self.path / name).unlink(missing_ok=True)
        self._written = []
        self._note()

    def write(self, name: str, data: bytes) -> Path:
        """Write one file, and note that it is ours. Raises OSError, also when there is one of that name already."""
        path = self.path / name
        if path.exists():
            raise FileExistsError(f"{path} is there already")
        self._written.append(name)
        self._note()  # first, so that a file that is cut off is still known to be ours
        path.write_bytes(data)
        return path

    def _place(self, parent: Path, name: str) -> Path:
        """The first folder of that name, or with a number after it, that is ours or not there or empty."""
        number = 1
        while True:
            path = parent / (name if number == 1 else f"{name} {number}")
            noted = self._noted(path)
            if all(noted.get(key) == value for key, value in self._who.items()):
                return path
            if not path.exists() or (path.is_dir() and not any(path.iterdir())):
                return path
            number += 1

    def _noted(self, path: Path | None = None) -> dict[str, Any]:
        try:
            found = json.loads(((path or self.path) / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _note(self) -> None:
        text = json.dumps({**self._who, "files": self._written})
        (self.path / MARKER).write_text(text, encoding="utf-8")


def frame_name(number: int) -> str:
    """The file of frame `number`, from 0; files count from 1, as Blender's sequences do."""
    return f"{number + 1:05d}.png"

"""The folder of a training set: what lies where, who renders into it, and whether what is there is of this character.

    set.json           version, engine, size, fps, and for each frame its split and line
    shot.npz           `Shot.to_bytes` of all frames in order
    frames/00000.png   RGBA, 8-bit sRGB, colour not multiplied by alpha: the character alone
    passes/00000.npz   depth, normal, uv and mask of the same render, as far as the engine has them; see `passes`
    lock               held by the process that renders

A frame's picture is put in its place last, so that its passes are there as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import RequestError, RigError
from ..core.lock import hold
from ..core.shot import Shot

MANIFEST, SHOT, LOCK = "set.json", "shot.npz", "lock"
SAME: Final[float] = 1e-3
"""Part of a shot's extent by which its vertices may be off from those a set was begun with: a quarter of a pixel of 256
for a head that fills its pictures, sixty times what a shot's steps round and far above what Blender versions differ."""


def frame_path(folder: Path, number: int) -> Path:
    """Where frame `number`, from 0, of a set lies."""
    return folder / "frames" / f"{number:05d}.png"


def passes_path(folder: Path, number: int) -> Path:
    """Where the passes of frame `number`, from 0, of a set lie; there are none where the engine has none."""
    return folder / "passes" / f"{number:05d}.npz"


def is_begun(folder: Path) -> bool:
    """Whether a set has been begun in a folder."""
    return (folder / MANIFEST).is_file()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """A time in which no other process renders into a folder. Raises RigError while one does.

    The system lets go of the lock of a process that ends in whatever way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = hold(folder / LOCK)
    except OSError as error:
        raise RigError(
            "set.folder", f"The training set cannot be kept there; choose another folder. {error.strerror}", str(folder)
        ) from error
    if lock is None:
        raise RigError(
            "set.held",
            "This set is being rendered already; wait, stop that, or choose another folder.",
            str(folder),
        )
    try:
        yield
    finally:
        lock.close()


def describe(folder: Path, document: Mapping[str, Any], shot: Shot) -> None:
    """Write `set.json` and `shot.npz`, or see that the folder has the same set already.

    Raises RigError when it has another one, or the character or its camera have changed since it was begun.
    """
    if is_begun(folder):
        if json.loads((folder / MANIFEST).read_text(encoding="utf-8")) != document:
            raise RigError(
                "set.other", "The folder holds another training set; choose an empty one, or delete it.", str(folder)
            )
        _require_same(folder, shot)
        return
    for name in ("frames", "passes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / SHOT).write_bytes(shot.to_bytes())
    (folder / MANIFEST).write_text(json.dumps(document, indent=1), encoding="utf-8")


def _require_same(folder: Path, shot: Shot) -> None:
    try:
        begun = Shot.from_bytes((folder / SHOT).read_bytes())
    except (OSError, RequestError):
        raise _changed("What this set was begun with cannot be read", folder) from None
    was, now = begun.vertices, shot.vertices
    if was.shape != now.shape or not np.array_equal(begun.subject.triangles, shot.subject.triangles):
        raise _changed("The mesh has changed since this set was begun", folder)
    off = np.abs(was - now).max() / np.ptp(was, axis=(0, 1)).max()
    if off > SAME or abs(begun.field_of_view - shot.field_of_view) > SAME:
        raise _changed("The shape, its keys and bones, or the camera have changed since this set was begun", folder)


def _changed(what: str, folder: Path) -> RigError:
    return RigError(
        "set.changed", f"{what}; choose an empty folder, or delete this one, and render the set anew.", str(folder)
    )

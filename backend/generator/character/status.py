"""What a training tells whoever watches its folder: figures and a picture; and how they end it, a file called stop."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

STATUS: Final[str] = "status.json"
PREVIEW: Final[str] = "preview.png"
STOP: Final[str] = "stop"


@dataclass(frozen=True)
class Status:
    """Where a training stands.

    state    "reading", "learning", then "done", "enough" (it no longer gained), "stopped" (asked to) or "failed"
    step     steps made; `minutes` of them, and the minutes `left` at most
    psnr     dB on the validation frames now, by "full", "face", "mouth", "eyes"; `best` when it was best
    message  a sentence where something went wrong
    """

    state: str
    step: int = 0
    minutes: float = 0.0
    left: float = 0.0
    psnr: Mapping[str, float] = field(default_factory=dict)
    best: Mapping[str, float] = field(default_factory=dict)
    message: str = ""

    def write(self, folder: Path) -> None:
        """Replace the folder's status.json at once: a reader sees the old or the new one, never a part."""
        draft = folder / f"{STATUS}.part"
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(draft, folder / STATUS)  # noqa: PTH105 - the atomic one


def write_preview(folder: Path, picture: np.ndarray) -> None:
    """Replace the folder's preview.png by a picture (H,W,3) uint8."""
    draft = folder / f"{PREVIEW}.part"
    Image.fromarray(picture).save(draft, format="PNG")
    os.replace(draft, folder / PREVIEW)  # noqa: PTH105


def clear_stop(folder: Path) -> None:
    """Take away a file called stop that was left from before: it says nothing about a training that begins."""
    (folder / STOP).unlink(missing_ok=True)


def asked_to_stop(folder: Path) -> bool:
    """Whether somebody put a file called stop into the folder; it is taken away."""
    if not (folder / STOP).exists():
        return False
    clear_stop(folder)
    return True

"""Which device the networks run on: the artist's choice, or a GPU where there is one."""

from __future__ import annotations

import os
from typing import Final

from addon.core.errors import RequestError

DEVICE_SWITCH: Final[str] = "SOLILOQUY_DEVICE"
"""Environment variable: "cpu", "cuda", or "auto", which takes a GPU where there is one."""


def device_name() -> str:
    """The device that networks run on. Raises RequestError for a GPU that is not there."""
    import torch

    wanted = os.environ.get(DEVICE_SWITCH, "auto").lower()
    if wanted not in ("auto", "cpu", "cuda"):
        raise RequestError("device.name", f"{DEVICE_SWITCH} is auto, cpu or cuda.", wanted)
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RequestError("device.cuda", "No CUDA device is found; choose the device cpu or auto.")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted

"""The shipped weights of the learned engine, read from safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from addon.core.errors import BackendError

WEIGHTS: Final[Path] = Path(__file__).resolve().parents[1] / "weights"


def read_weights(name: str, folder: Path = WEIGHTS) -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """Tensors and card of the weights `name`. Raises BackendError where they are missing or damaged."""
    path = folder / f"{name}.safetensors"
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return load_file(path), card
    except (OSError, ValueError, SafetensorError) as error:
        raise BackendError(
            "weights.missing",
            f"The weights {name!r} are missing or damaged; install the backend again, or train them "
            "(docs/training.md).",
            str(path.name),
        ) from error

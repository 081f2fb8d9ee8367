"""A training on disk: what is learned so far with all that going on needs, and the best of it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from addon.core.errors import RequestError

log = logging.getLogger(__name__)

LAST: Final[str] = "last.safetensors"
_MOMENTS: Final[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Progress:
    """How far a training is: steps, minutes at work, the best score and how many looks ago it was, and of what."""

    step: int = 0
    minutes: float = 0.0
    best: Mapping[str, float] = field(default_factory=dict)
    waited: int = 0
    digest: str = ""


def save_last(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
    """Write the model, the optimiser's moments and the progress, replacing what was there at once."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, state in enumerate(_states(optimiser)):
        tensors |= {f"moment.{number}.{name}": state[name] for name in _MOMENTS if name in state}
    write_tensors(folder / LAST, tensors, {"progress": json.dumps(asdict(progress))})


def load_last(folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, digest: str) -> Progress | None:
    """Put back what `save_last` wrote, where the folder has it and it learned from the same frames; else None.

    What is of another network or of other frames is left alone, and the log says so: the training begins anew. Raises
    RequestError for a file that cannot be read.
    """
    if not (folder / LAST).is_file():
        return None
    tensors, progress = _read_last(folder / LAST)
    saved = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    if progress.digest != digest:
        log.warning("The training in this folder learned from other frames; a new one begins.")
        return None
    if _shapes(saved) != _shapes(model.state_dict()):
        log.warning("The training in this folder is of another network; a new one begins.")
        return None
    model.load_state_dict(saved)
    for number, parameter in enumerate(_parameters(optimiser)):
        moments = {name: tensors[key] for name in _MOMENTS if (key := f"moment.{number}.{name}") in tensors}
        if moments:
            moved = {name: value.to(parameter.device) for name, value in moments.items()}
            optimiser.state[parameter] = {"step": torch.tensor(float(progress.step)), **moved}
    return progress


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    """Write a .safetensors file with text notes, replacing the old one at once."""
    draft = path.with_name(f"{path.name}.part")
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, draft, dict(notes))
    os.replace(draft, path)  # noqa: PTH105


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and notes of a .safetensors file. Raises RequestError when it is none."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise RequestError(
            "character.file", "The trained character cannot be read; train it again.", path.name
        ) from error


def _read_last(path: Path) -> tuple[dict[str, Tensor], Progress]:
    try:
        tensors, notes = read_tensors(path)
        return tensors, Progress(**json.loads(notes["progress"]))
    except (RequestError, KeyError, ValueError, TypeError) as error:
        raise RequestError(
            "character.last", "The training to go on with cannot be read; delete the file to begin anew.", str(path)
        ) from error


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in tensors.items()}


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _states(optimiser: torch.optim.Optimizer) -> list[dict[str, Any]]:
    return [optimiser.state.get(parameter, {}) for parameter in _parameters(optimiser)]

"""Tensors of one checkpoint file, read without ever running what is in it."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from addon.core.errors import RequestError

STACKS: Final[Mapping[str, str]] = {
    "retarget_shoulder": "stitching",
    "retarget_mouth": "lip",
    "retarget_eye": "eye",
}
"""How the small file calls the three stacks, and we."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Tensors by dotted name; those of nested entries have their entry's name before.

    Raises RequestError for a file that is truncated, no checkpoint, or holds objects other than tensors and numbers.
    """
    tensors = dict(_flat(_read(path)))
    if not tensors:
        raise RequestError("liveportrait.empty", "The file holds no tensors; download it again.", path.name)
    return tensors


def split_stacks(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Tensors of each stack of the small file by our name; either layout; what is of no stack is left out.

    Names are `retarget_mouth.module.mlp.0.weight` in one layout and `retarget_mouth_module.mlp.0.weight` in the other.
    """
    stacks: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        head, _, rest = name.partition(".")
        stack = STACKS.get(head.removesuffix("_module"))
        if stack:
            stacks.setdefault(stack, {})[rest.removeprefix("module.")] = tensor
    return stacks


def _read(path: Path) -> Any:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RequestError("liveportrait.code", _refusal(error), path.name) from error
    except (SafetensorError, RuntimeError, ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise RequestError(
            "liveportrait.damaged", "The file is truncated or is no checkpoint; download it again.", path.name
        ) from error


def _refusal(error: pickle.UnpicklingError) -> str:
    """Torch uses one exception for files that hold code and for files that are no pickles at all; the words differ."""
    text = str(error)
    if "GLOBAL" in text or "Unsupported class" in text or "REDUCE" in text:
        return "The file holds program code beside tensors, which is never run; use a file from the weights' authors."
    return "The file is truncated or is no checkpoint; download it again."


def _flat(entries: Any, before: str = "") -> Iterator[tuple[str, Tensor]]:
    if not isinstance(entries, Mapping):
        return
    for name, value in entries.items():
        if isinstance(value, Tensor):
            yield f"{before}{name}", value
        else:
            yield from _flat(value, f"{before}{name}.")

"""The shipped networks, read once: encoder, cue model, and the actor that both make."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from addon.core.errors import BackendError

from .actor import Actor
from .encoder import EncoderConfig, SpeechEncoder
from .model import CueConfig, CueModel
from .weights import WEIGHTS, read_weights


def load_encoder(folder: Path = WEIGHTS, name: str = "speech") -> SpeechEncoder:
    """The speech encoder. Raises BackendError where its weights are missing, damaged or of another size."""
    tensors, card = read_weights(name, folder)
    try:
        encoder = SpeechEncoder(EncoderConfig.from_card(card["config"]["model"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BackendError("weights.card", f"The card of the weights {name!r} is not of this version.") from error
    _fill(encoder, tensors, card["name"])
    return encoder.eval()


def load_cues(folder: Path = WEIGHTS) -> CueModel:
    """The cue model. Raises BackendError where its weights are missing, damaged or of another size."""
    tensors, card = read_weights("cues", folder)
    model = CueModel(CueConfig())
    _fill(model, tensors, card["name"])
    return model.eval()


@cache
def actor_on(device: str) -> Actor:
    """The actor on "cpu" or "cuda". Torch and numpy keep to one thread from then on: lines share the cores.

    Small products are no faster on several, which wait for each other at full load: a line alone takes half as much of
    the processor like this, and a batch a seventh less time.
    """
    torch.set_num_threads(1)
    threadpool_limits(1, user_api="blas")
    return Actor(load_encoder(), load_cues(), device)


@cache
def model_hash() -> str:
    """sha256 of both weights, as their cards have it."""
    return "+".join(read_weights(name)[1]["sha256"] for name in ("speech", "cues"))


def _fill(module: torch.nn.Module, tensors: dict[str, torch.Tensor], name: str) -> None:
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise BackendError(
            "weights.shape",
            f"The weights {name!r} are not of this version; install the backend again.",
            str(error)[:200],
        ) from error

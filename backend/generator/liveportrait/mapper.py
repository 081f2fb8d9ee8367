"""The mapper, stage 2 of *Emotional Conversation*: relocated landmarks to the expression of a portrait's keypoints.

Pose and gaze are not its business: they are applied by formula, and it only corrects what they leave (`drive`). It is
small, looks at seven frames, and begins as the rest face. Training draws expressions, renders them with the portrait's
own frozen networks and reads the landmarks back (`train mapper`), so it needs no film.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from addon.core.errors import RequestError

from .mapper_inputs import VOICE

FURTHEST: Final[float] = 4.0
"""Standard deviations beyond which an input tells no more: nothing like it was seen in training."""


@dataclass(frozen=True)
class MapperConfig:
    """`points`: which of the 70 landmarks it sees; `width` and `blocks` of three frames' convolutions."""

    points: tuple[int, ...]
    keypoints: int = 21
    width: int = 192
    blocks: int = 3

    @property
    def inputs(self) -> int:
        """Numbers that describe a frame (`frame_inputs`)."""
        return 2 * len(self.points) + 4 + 2 + VOICE


class Mapper(nn.Module):
    """Inputs (B,T,I) -> expressions (B,T,K,3). Buffers hold how inputs and expressions were spread in training."""

    input_mean: Tensor
    input_spread: Tensor
    output_spread: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, config: MapperConfig) -> None:
        super().__init__()
        self.config = config
        outputs = 3 * config.keypoints
        self.enter = nn.Linear(config.inputs, config.width)
        self.context = nn.ModuleList(
            nn.Conv1d(config.width, config.width, 3, padding=1, padding_mode="replicate") for _ in range(config.blocks)
        )
        self.leave = nn.Linear(config.width, outputs)
        self.straight = nn.Linear(config.inputs, outputs, bias=False)
        for layer in (self.leave, self.straight):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.leave.bias)
        self.register_buffer("input_mean", torch.zeros(config.inputs))
        self.register_buffer("input_spread", torch.ones(config.inputs))
        self.register_buffer("output_spread", torch.ones(outputs))
        self.register_buffer("lowest", torch.full((outputs,), -1.0))
        self.register_buffer("highest", torch.full((outputs,), 1.0))

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        seen = ((inputs - self.input_mean) / self.input_spread).clamp(-FURTHEST, FURTHEST)
        hidden = functional.silu(self.enter(seen)).transpose(1, 2)
        for layer in self.context:
            hidden = hidden + functional.silu(layer(hidden))
        flat = (self.leave(hidden.transpose(1, 2)) + self.straight(seen)) * self.output_spread
        return flat.reshape(*flat.shape[:2], self.config.keypoints, 3)

    @torch.inference_mode()
    def expressions(self, inputs: Tensor) -> Tensor:
        """Expressions (T,K,3) of inputs (T,I), kept within what training drew."""
        flat = self(inputs[None])[0].flatten(1)
        return torch.minimum(torch.maximum(flat, self.lowest), self.highest).reshape(len(inputs), -1, 3)


def mapper_settings(config: MapperConfig) -> dict[str, Any]:
    """The config as JSON values, for the card."""
    return {**asdict(config), "points": list(config.points)}


def load_mapper(path: Path, weights_hash: str) -> Mapper | None:
    """The mapper kept at `path`, without suffix; None where there is none or it is of other weights.

    Raises RequestError where it is damaged.
    """
    if not path.with_suffix(".json").is_file():
        return None
    try:
        card: Mapping[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if card["weights_hash"] != weights_hash:
            return None
        settings = dict(card["config"])
        mapper = Mapper(MapperConfig(**{**settings, "points": tuple(settings["points"])}))
        mapper.load_state_dict(load_file(path.with_suffix(".safetensors")))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise RequestError(
            "liveportrait.mapper", "The mapper beside the weights is damaged; train it again.", path.name
        ) from error
    return mapper.eval().requires_grad_(False)

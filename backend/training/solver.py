"""What every recipe does: steps of AdamW on a cosine, gradients clipped, progress told, weights saved with a card."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from backend.device import device_name

log = logging.getLogger(__name__)

WARM_UP: Final[int] = 100
CLIP: Final[float] = 1.0
TOLD_EVERY: Final[int] = 100


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: `steps` of a learning rate that rises over 100 steps and falls to 0 on a cosine."""

    steps: int
    rate: float
    decay: float = 0.01


def device() -> torch.device:
    """What is trained on: the artist's choice, or the GPU where there is one. Raises RequestError as `device_name`."""
    return torch.device(device_name())


def optimise(model: nn.Module, loss: Callable[[], Mapping[str, Tensor]], schedule: Schedule) -> None:
    """Minimise the sum of the losses that `loss` draws at each step."""
    fused = next(model.parameters()).is_cuda
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=schedule.rate, weight_decay=schedule.decay, betas=(0.9, 0.98), fused=fused
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, schedule.steps))
    model.train()
    told: dict[str, Tensor] = {}  # on the device: to read a loss at each step would have a GPU wait for us
    began = time.monotonic()
    for step in range(schedule.steps):
        parts = loss()
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        scheduler.step()
        for name, part in parts.items():
            told[name] = told.get(name, torch.zeros_like(part)) + part.detach() / TOLD_EVERY
        if step % TOLD_EVERY == TOLD_EVERY - 1:
            shown = "  ".join(f"{name} {float(value):.4f}" for name, value in told.items())
            log.info("step %d of %d, %.0f s: %s", step + 1, schedule.steps, time.monotonic() - began, shown)
            told = {}
    model.eval()


def _rate(step: int, steps: int) -> float:
    rise = min(1.0, (step + 1) / WARM_UP)
    return rise * 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / max(steps, 1))))


def save_weights(path: Path, model: nn.Module, card: Mapping[str, Any]) -> None:
    """Write `path`.safetensors and `path`.json: the tensors, and the card with their hash and shapes.

    The card must say `what`, `data`, `licence`, `command`, `seed` and `metrics`.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    file = path.with_suffix(".safetensors")
    save_file(tensors, file)
    shapes = {name: list(value.shape) for name, value in tensors.items()}
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    full = {"name": path.name, "what": card["what"], "sha256": digest, **card, "tensors": shapes}
    path.with_suffix(".json").write_text(json.dumps(full, indent=1) + "\n", encoding="utf-8")


def as_card(config: Any) -> dict[str, Any]:
    """A config dataclass as JSON values; of a path its last name, since the rest belongs to a machine."""
    return json.loads(json.dumps(asdict(config), default=lambda value: Path(value).name))

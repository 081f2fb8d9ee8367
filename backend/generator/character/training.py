"""Learning a character from its rendered frames: steps, looks at frames that are not learned from, and an end."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from addon.core.errors import RequestError
from backend.generator.quality import composite
from backend.progress import Report

from .body import Body, Plan, place_code
from .checkpoint import Progress, load_last, save_last
from .dataset import RenderedSet
from .folder import save_character
from .losses import painting_loss
from .material import Material
from .model import CharacterModel
from .settings import GAIN, TrainingConfig
from .status import Status, asked_to_stop, write_preview

log = logging.getLogger(__name__)

WARM_UP: Final[int] = 30
"""Steps over which the learning rate rises; chosen."""
LOOKED_AT: Final[int] = 12
"""Validation frames that are looked at; the rest are their neighbours."""
_SHOWN: Final[int] = 3


class Trainer:
    """One training, in a folder that it can be taken up from; `run` is all there is to it."""

    def __init__(self, rendered: RenderedSet, folder: Path, config: TrainingConfig, device: str) -> None:
        torch.manual_seed(config.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._config, self._device = folder, config, device
        Status("reading", left=config.minutes).write(folder)
        self._plan = Plan.of(rendered.shot)
        code = place_code(rendered.shot)
        self.model = CharacterModel(config.painter, self._plan, code)
        self.model.warm(rendered.shot.subject, self._plan)
        self.model.to(device)
        body = Body.of(rendered.shot.subject, self._plan, code, device)
        self.material = Material.of(rendered, body, self._plan, device)
        self._train, self.held = rendered.learning()
        groups = [
            {"params": [self.model.texels], "lr": config.texture_rate, "share": config.texture_rate},
            {"params": list(self.model.painter.parameters()), "lr": config.rate, "share": config.rate},
        ]
        self._optimiser = torch.optim.Adam(groups, betas=(0.9, 0.98))
        self._digest = rendered.digest()
        found = load_last(folder, self.model, self._optimiser, self._digest)
        self.progress = found or Progress(digest=self._digest)

    def run(self, report: Report) -> Status:
        """Learn until the minutes or steps are over, nothing is gained any more, or a file `stop` is there.

        The best that was seen lies in the folder at the end, whichever it was. A `stop` that was there before is
        heeded too: whoever begins a training clears one that was left (`clear_stop`) before reading anything.
        """
        began, before = time.monotonic(), self.progress.minutes
        self._status("learning", {}).write(self._folder)
        state, loss = "", float("nan")
        while not state:
            minutes = before + (time.monotonic() - began) / 60
            self.progress = replace(self.progress, minutes=minutes)
            if self._share() >= 1.0:
                state = "done"
                break
            loss = self._step()
            if self.progress.step % self._config.every == 0:
                state = self._look(loss)
            elif asked_to_stop(self._folder):
                state = "stopped"
            report("learning", min(self._share(), 1.0))
        if self.progress.step % self._config.every or not self.progress.best:
            self._look(loss)
        status = self._status(state, self.progress.best)
        status.write(self._folder)
        return status

    def _share(self) -> float:
        """How much of the time or of the steps is over."""
        config, progress = self._config, self.progress
        steps = progress.step / config.steps if config.steps else 0.0
        return max(steps, progress.minutes / config.minutes)

    def _step(self) -> float:
        share, step = self._share(), self.progress.step
        for group in self._optimiser.param_groups:
            rise = min(1.0, (step + 1) / WARM_UP)
            group["lr"] = group["share"] * rise * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
        self.model.train()
        numbers = self._batch(step)
        made = self.model(self.material.told(numbers), self._plan)
        parts = painting_loss(made, self.material.true(numbers), self.material.weight(numbers))
        loss = torch.stack(list(parts.values())).sum()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self.progress = replace(self.progress, step=step + 1)
        return float(loss.detach())

    def _batch(self, step: int) -> np.ndarray:
        """Frames of a step: each once in every round, in an order that depends on seed and round alone."""
        size, count = self._config.batch, len(self._train)
        places = np.arange(step * size, (step + 1) * size)
        rounds = set((places // count).tolist())
        orders = {r: np.random.default_rng((self._config.seed, r)).permutation(count) for r in rounds}
        return self._train[[orders[place // count][place % count] for place in places]]

    def _look(self, loss: float) -> str:
        """Score the validation frames, keep what is best, tell the folder; the state that ends it, or ""."""
        numbers = self.held[np.unique(np.linspace(0, len(self.held) - 1, LOOKED_AT).astype(int))]
        made = self.paint(numbers)
        true = self.material.rendered.pictures[numbers]
        scores = self.material.crops.scores(made, true, numbers)
        better = not self.progress.best or _total(scores) > _total(self.progress.best) + GAIN
        self.progress = replace(
            self.progress,
            best=scores if better else self.progress.best,
            waited=0 if better else self.progress.waited + 1,
        )
        if better:
            save_character(self._folder, self.model, self._config, self._plan, self.progress)
        save_last(self._folder, self.model, self._optimiser, self.progress)
        self._status("learning", scores).write(self._folder)
        write_preview(self._folder, _side_by_side(made[:_SHOWN], true[:_SHOWN]))
        shown = "  ".join(f"{name} {value:.2f}" for name, value in scores.items())
        log.info("step %d, %.1f min, loss %.4f: %s dB", self.progress.step, self.progress.minutes, loss, shown)
        if asked_to_stop(self._folder):
            return "stopped"
        return "enough" if self.progress.waited >= self._config.patience else ""

    def paint(self, numbers: np.ndarray) -> np.ndarray:
        """Pictures (N,H,W,4) uint8 of frames of the set, as the model is now."""
        self.model.eval()
        with torch.inference_mode():
            parts = [self.model(self.material.told(numbers[k : k + 1]), self._plan) for k in range(len(numbers))]
            return self.material.whole(torch.cat(parts))

    def _status(self, state: str, scores: Mapping[str, float]) -> Status:
        now = {name: round(value, 2) for name, value in scores.items()}
        best = {name: round(value, 2) for name, value in self.progress.best.items()}
        left = max(0.0, self._left()) if state == "learning" else 0.0
        return Status(state, self.progress.step, round(self.progress.minutes, 2), round(left, 2), now, best)

    def _left(self) -> float:
        """Minutes until the time is over, or until the steps are at the pace so far."""
        config, progress = self._config, self.progress
        left = config.minutes - progress.minutes
        if config.steps and progress.step:
            left = min(left, progress.minutes / progress.step * (config.steps - progress.step))
        return left


def train(rendered: RenderedSet, folder: Path, config: TrainingConfig, device: str, report: Report) -> Status:
    """Learn a character from a set into a folder, from where an earlier training of the same frames ended.

    Raises RequestError where nothing can be learned, and leaves the reason in the folder's status.json.
    """
    try:
        trainer = Trainer(rendered, folder, config, device)
        if not len(trainer.held):
            raise RequestError("set.few", "The set is too small to keep frames apart for validation; render more.")
        return trainer.run(report)
    except Exception as error:
        folder.mkdir(parents=True, exist_ok=True)
        Status("failed", message=str(error)[:500]).write(folder)
        raise


def _total(scores: Mapping[str, float]) -> float:
    """What is made best: the mean over full, face, mouth and eyes, so that mouth and eyes count as places do."""
    return sum(scores.values()) / len(scores)


def _side_by_side(made: np.ndarray, true: np.ndarray) -> np.ndarray:
    """A picture (2H,N*W,3) uint8 of painted frames (N,H,W,4) above the rendered ones, on grey."""
    rows = [np.concatenate([composite(p[..., :3], p[..., 3]) for p in row], axis=1) for row in (made, true)]
    return np.round(np.concatenate(rows) * 255).astype(np.uint8)

"""The independent judge: reads the emotion off a finished performance.

It was trained apart from the generators, on performances of the rules, and sees what an audience sees: landmarks, gaze
and head, not channels. The generators' own classifier is another network, on other inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from addon.core.curves import resample
from addon.core.emotion import EMOTIONS
from addon.core.errors import BackendError
from addon.core.performance import LANDMARKS, Performance
from backend.cues.weights import WEIGHTS, read_weights
from backend.face.basis import load_basis

JUDGE_FPS: Final[float] = 25.0
SEEN_WIDTH: Final[int] = 3 * LANDMARKS + 4 + 6
LANDMARK_UNIT: Final[float] = 0.05
ANGLE_UNIT: Final[float] = 0.1
"""IOD and radians that count as 1 for the network."""
SHORTEST: Final[int] = 16
"""Frames at least; a shorter performance is held at its end."""


@dataclass(frozen=True)
class JudgeConfig:
    """Size of the judge."""

    width: int = 48
    hidden: int = 64
    dropout: float = 0.2


class EmotionJudge(nn.Module):
    """What is seen (B,T,SEEN_WIDTH) at 25 frames a second -> logits (B,8)."""

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.enter = nn.Linear(SEEN_WIDTH, config.width)
        self.over_time = nn.GRU(config.width, config.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.leave = nn.Linear(4 * config.hidden, len(EMOTIONS))

    def forward(self, seen: Tensor) -> Tensor:
        """See the class: mean and deviation over time of what a recurrent network makes of it."""
        states, _ = self.over_time(torch.tanh(self.enter(self.dropout(seen))))
        return self.leave(self.dropout(torch.cat([states.mean(dim=1), states.std(dim=1)], dim=1)))

    @torch.inference_mode()
    def read(self, performance: Performance) -> np.ndarray:
        """(8,) float64 probabilities in the order of `EMOTIONS`."""
        seen = torch.from_numpy(seen_of(performance)[None])
        return torch.softmax(self(seen)[0].double(), dim=0).numpy()


def seen_of(performance: Performance) -> np.ndarray:
    """(T,SEEN_WIDTH) float32 at 25 frames a second: landmarks off rest, gaze of both eyes, head."""
    times = np.arange(max(SHORTEST, int(performance.duration * JUDGE_FPS))) / JUDGE_FPS
    off_rest = (performance.landmarks - load_basis().neutral).reshape(performance.frame_count, -1) / LANDMARK_UNIT
    turned = np.concatenate([performance.gaze.reshape(-1, 4), performance.head], axis=1) / ANGLE_UNIT
    return resample(np.concatenate([off_rest, turned], axis=1), performance.fps, times)


@cache
def load_judge() -> EmotionJudge | None:
    """The shipped judge, or None where its weights are not installed."""
    if not (WEIGHTS / "judge.safetensors").is_file():
        return None
    tensors, _ = read_weights("judge")
    judge = EmotionJudge(JudgeConfig())
    try:
        judge.load_state_dict(tensors)
    except RuntimeError as error:
        raise BackendError("weights.shape", "The weights 'judge' are not of this version.", str(error)[:200]) from error
    return judge.eval()

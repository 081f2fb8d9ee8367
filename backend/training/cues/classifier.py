"""The collaborative emotion classifier: reads the emotion from all streams together, and trains those who make them.

It sees expression, lips, look and head of two seconds. Trained first on the teacher, then frozen, so that no stream can
please it alone (*Emotional Conversation*, arXiv 2406.07895).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from addon.core.emotion import EMOTIONS
from backend.cues.spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE, LIP_CONTROLS

WIDTH = EXPRESSION_SIZE + HEAD_SIZE + 2 + len(LIP_CONTROLS)


class CollaborativeClassifier(nn.Module):
    """Streams (B,M,WIDTH) at 25 steps a second -> logits (B,8)."""

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(WIDTH, hidden, 5, stride=2),
            nn.GELU(),
            nn.Conv1d(hidden, hidden, 5, stride=2),
            nn.GELU(),
        )
        self.leave = nn.Linear(hidden, len(EMOTIONS))

    def forward(self, streams: Tensor) -> Tensor:
        """See the class."""
        return self.leave(self.layers(streams.transpose(1, 2)).mean(dim=2))


def streams_of(expression: Tensor, head: Tensor, look: Tensor, lips: Tensor) -> Tensor:
    """The streams as the classifier reads them, each (B,M,...) by cue step."""
    return torch.cat([expression, head, look / GAZE_UNIT, lips], dim=-1)

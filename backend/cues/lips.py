"""The lips generator: jaw, lips and tongue from the encoder's features, the emotion and the character; deterministic.

It leaves out what chance decides: the same words in the same voice move the same lips.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from .activation import gelu
from .causal import CausalStack, Memory
from .film import Film
from .spaces import LIP_OUTPUTS
from .told import UNTOLD


@dataclass(frozen=True)
class LipsConfig:
    """Size of the lips generator."""

    width: int = 96
    kernel: int = 3
    dilations: tuple[int, ...] = (1, 2)


class LipsGenerator(nn.Module):
    """See the module."""

    def __init__(self, config: LipsConfig, features: int, condition: int) -> None:
        super().__init__()
        self.enter = nn.Linear(features, config.width)
        self.told = nn.Embedding(UNTOLD + 1, config.width, padding_idx=UNTOLD)
        nn.init.zeros_(self.told.weight)
        self.film = Film(condition, config.width)
        self.stack = CausalStack(config.width, config.kernel, config.dilations)
        self.out_film = Film(condition, config.width)
        self.leave = nn.Linear(config.width, LIP_OUTPUTS)

    def forward(
        self, features: Tensor, condition: Tensor, memory: Memory, told: Tensor | None = None, trust: float = 1.0
    ) -> tuple[Tensor, Memory]:
        """Features (B,T,F) and condition (B,T,C) at 50 steps a second -> (B,T,17) and the memory for the next piece.

        `told` (B,T,5) are the phones of a known text (`told_phones`), `UNTOLD` where nobody told; `trust` 0..1 is how
        far they are believed against the ears. The outputs are `LIP_CONTROLS`, about 0..1, then the logits of
        `CONTACTS`, all of the mouth `LIP_BEHIND` before each step.
        """
        heard, memory = self.listen(features, condition, memory, told, trust)
        return self.leave(heard), memory

    def listen(
        self, features: Tensor, condition: Tensor, memory: Memory, told: Tensor | None = None, trust: float = 1.0
    ) -> tuple[Tensor, Memory]:
        """As `forward`, to what the last layer reads (B,T,width)."""
        entered = self.enter(features)
        if told is not None:
            entered = entered + trust * self.told(told).sum(dim=2)
        signal = gelu(self.film(entered, condition))
        signal, memory = self.stack(signal, memory)
        return self.out_film(signal, condition), memory

"""A mesh and all that is known of how it moves: what landmarks are found from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .eyeballs import Ball


@dataclass(frozen=True, eq=False)
class Shapes:
    """A mesh and what its controls do to it, in contract axes and lengths of the mesh's own.

    rest     (V,3)
    moves    (K,V,3) of its shape keys
    turned   (B,V,3) of bones that were probed, each way of each axis by itself
    eyes     its right and left eyeball, where they were found
    surface  (V,) which surface each vertex belongs to; empty where that is not known
    """

    rest: np.ndarray
    moves: np.ndarray
    turned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 3)))
    eyes: tuple[Ball, Ball] | None = None
    surface: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def all_moves(self) -> np.ndarray:
        """(K+B,V,3) of everything that moves it."""
        parts = [part for part in (self.moves, self.turned) if len(part)]
        return np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else self.moves

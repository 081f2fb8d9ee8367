"""What a source of clips offers: batches that make the clips asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .manifest import Dropped, Material


@dataclass(frozen=True)
class Batch:
    """Clips that are made together: `ids` of all, in order, and `make`, which yields those that are still wanted."""

    source: str
    ids: tuple[str, ...]
    make: Callable[[frozenset[str]], Iterator[Material | Dropped]]

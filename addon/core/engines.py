"""The engines that perform a line, in the artist's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Engine:
    """How an engine is called in a menu and in a sentence, and what it is good for."""

    label: str
    words: str
    description: str


ENGINES: Final[Mapping[str, Engine]] = {
    "neural": Engine(
        "Learned", "learned engine", "Networks that listen to the voice: faster, livelier, and good without a text"
    ),
    "rules": Engine(
        "Rules", "rules engine", "Published rules on recognized or given words: plain to read, best with a text"
    ),
}
"""What may perform, the usual one first; a backend says which it has ("engines" among its capabilities)."""
DEFAULT_ENGINE: Final[str] = next(iter(ENGINES))


def engine_sentence(meta: Mapping[str, Any]) -> str:
    """Who made a performance and with which seed, from its meta; empty where the meta does not say."""
    name = str(meta.get("engine", ""))
    if name not in ENGINES:
        return f"Performed by the engine {name}." if name else ""
    seed = f", seed {meta['seed']}" if "seed" in meta else ""
    return f"Performed by the {ENGINES[name].words}{seed}."

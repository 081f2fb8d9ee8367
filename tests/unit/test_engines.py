"""Engines in the artist's words."""

from __future__ import annotations

from addon.core.engines import DEFAULT_ENGINE, ENGINES, engine_sentence
from addon.core.request import PerformRequest


def test_a_request_asks_for_the_first_of_the_menu() -> None:
    assert DEFAULT_ENGINE == "neural"
    assert PerformRequest(b"", "line.wav", None).engine == DEFAULT_ENGINE
    assert len({engine.label for engine in ENGINES.values()}) == len(ENGINES)


def test_a_performance_says_who_made_it() -> None:
    assert engine_sentence({"engine": "rules", "seed": 3}) == "Performed by the rules engine, seed 3."
    assert engine_sentence({"engine": "neural"}) == "Performed by the learned engine."
    assert engine_sentence({"engine": "other", "seed": 3}) == "Performed by the engine other."
    assert engine_sentence({}) == ""

"""`train`: the recipes that make what the shipped models learn from, and the models themselves."""

from __future__ import annotations

import argparse
import importlib
import logging
from typing import Any, Final

RECIPES: Final[tuple[str, ...]] = (
    "backend.training.corpus.recipe",
    "backend.training.speech.recipe",
    "backend.training.cues.recipe",
    "backend.training.judge.recipe",
    "backend.training.voice_emotion.recipe",
    "backend.training.mapper.recipe",
    "backend.training.character.recipe",
)
"""Modules with `add_parser(subparsers)`, whose parsers set `recipe`, a function of the options that gives the exit
code. A new recipe is a line here."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand and one of its own for every recipe."""
    parser = subparsers.add_parser("train", help="make training material and train the models (for developers)")
    parser.set_defaults(run=run)
    recipes = parser.add_subparsers(required=True, metavar="RECIPE")
    for name in RECIPES:
        importlib.import_module(name).add_parser(recipes)


def run(options: argparse.Namespace) -> int:
    """Run one recipe; it tells how far it is by logging."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return int(options.recipe(options))

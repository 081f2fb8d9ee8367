"""The goals of the learned engine beside what every engine reached: the report's first table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from .report.model import Cell, Section, Table


def goal_table(sections: Sequence[Section], engines: Sequence[str]) -> Table:
    """One row for each goal; a dash where this run did not measure it."""
    measured = {name: by for section in sections for name, by in section.measured.items()}
    rows: list[list[str | float | Cell]] = []
    for goal in json.loads(files("backend.evaluation").joinpath("goals.json").read_text(encoding="utf-8"))["goals"]:
        reached = measured.get(goal["name"], {})
        sign = "at least" if goal["more"] else "at most"
        rows.append([goal["title"], f"{sign} {goal['limit']:g}", *(_cell(reached.get(e), goal) for e in engines)])
    return Table("Goals", ("goal", "limit", *engines), rows)


def _cell(value: float | None, goal: dict[str, float]) -> Cell:
    if value is None:
        return Cell(None)
    return Cell(value, value >= goal["limit"] if goal["more"] else value <= goal["limit"])

"""The report's tables as JSON beside the page: for model cards and for comparing two versions by program."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from .model import Cell, Section, Table


def as_json(sections: Sequence[Section]) -> str:
    """Every table by section and title, and what was measured for the goals; unknown numbers are null."""
    found = [
        {
            "section": section.title,
            "measured": {goal: {e: _plain(v) for e, v in by.items()} for goal, by in section.measured.items()},
            "tables": [
                {"title": item.title, "columns": list(item.columns), "rows": [list(map(_plain, r)) for r in item.rows]}
                for item in section.items
                if isinstance(item, Table)
            ],
        }
        for section in sections
    ]
    return json.dumps(found, indent=1)


def _plain(given: Any) -> Any:
    value = given.value if isinstance(given, Cell) else given
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value

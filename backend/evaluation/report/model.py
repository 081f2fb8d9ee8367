"""What a report is made of: sections with text, tables and figures, all plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Cell:
    """A value in a table; `good` marks it as met or missed, `shade` 0..1 colours it (a confusion matrix)."""

    value: Value
    good: bool | None = None
    shade: float | None = None


@dataclass(frozen=True)
class Table:
    """`rows` of cells or bare values under `columns`; `note` says what is counted, in what unit."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value | Cell]]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing or picture: `html` is an inline <svg> or <img> with a data address."""

    title: str
    html: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One chapter. `text` are paragraphs; `measured` is what goals are held against, by goal and engine."""

    title: str
    text: Sequence[str]
    items: Sequence[Table | Figure] = ()
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

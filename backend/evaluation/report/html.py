"""Sections as one HTML page that needs nothing beside it: no script, no network, pictures inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from .model import Cell, Figure, Section, Table, Value

STYLE: Final[str] = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1280px; padding: 0 1rem; color: #222; }
h1 { font-size: 1.7rem; } h2 { margin-top: 3rem; border-bottom: 2px solid #ddd; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; } p { max-width: 60rem; } .note { color: #666; font-size: .87rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .18rem .6rem; border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }
th { background: #f5f5f5; } th:first-child, td:first-child { text-align: left; } td.text { text-align: left; }
td.good { background: #e2f3e0; } td.bad { background: #fbe3df; } figure { margin: 0; } svg, img { max-width: 100%; }
nav { columns: 3; font-size: .92rem; } nav a { display: block; color: #2456a6; text-decoration: none; }
"""


def page(title: str, lead: Sequence[str], sections: Sequence[Section]) -> str:
    """The whole document."""
    links = "".join(f'<a href="#s{k}">{escape(s.title)}</a>' for k, s in enumerate(sections))
    body = "".join(_section(k, section) for k, section in enumerate(sections))
    opening = "".join(f"<p>{escape(text)}</p>" for text in lead)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{opening}<nav>{links}</nav>{body}</body></html>\n"
    )


def shown(value: Value) -> str:
    """A value as text: three digits that count, a dash for what is unknown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    size = abs(value)
    if 0 < size < 0.001:
        return f"{value:.1e}"
    digits = 4 if 0 < size < 0.1 else 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{value:.{digits}f}"


def _section(number: int, section: Section) -> str:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in section.text)
    items = "".join(_table(item) if isinstance(item, Table) else _figure(item) for item in section.items)
    return f'<section id="s{number}"><h2>{escape(section.title)}</h2>{text}{items}</section>\n'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return (
        f"<h3>{escape(table.title)}</h3><div class=wide><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{_note(table.note)}\n"
    )


def _cell(given: Value | Cell) -> str:
    cell = given if isinstance(given, Cell) else Cell(given)
    kind = "text" if isinstance(cell.value, str) else ""
    if cell.good is not None:
        kind += " good" if cell.good else " bad"
    style = f' style="background:rgba(36,86,166,{0.75 * cell.shade:.2f})"' if cell.shade else ""
    return f'<td class="{kind.strip()}"{style}>{escape(shown(cell.value))}</td>'


def _figure(figure: Figure) -> str:
    return f"<figure><h3>{escape(figure.title)}</h3>{figure.html}{_note(figure.note)}</figure>\n"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>' if text else ""

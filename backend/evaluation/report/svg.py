"""Drawings as inline SVG: curves over time with marked stretches, and clouds of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

COLOURS: Final[tuple[str, ...]] = ("#2456a6", "#d9641e", "#2c8c4b", "#8a4fae", "#b8860b", "#555555")
REFERENCE_COLOUR: Final[str] = "#999999"
_LEFT: Final[int] = 46
_BOTTOM: Final[int] = 24
_TOP: Final[int] = 22


@dataclass(frozen=True, eq=False)
class Curve:
    """A line of points `x`, `y` (N,); `label` stands in the legend."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis that is marked, with a short label above it."""

    start: float
    end: float
    label: str = ""
    colour: str = "#f2b8b0"


@dataclass(frozen=True)
class _Frame:
    """Maps values to places in the drawing."""

    left: float
    right: float
    low: float
    high: float
    width: int
    height: int

    def x(self, value: np.ndarray | float) -> np.ndarray:
        span = max(self.right - self.left, 1e-9)
        return _LEFT + (np.asarray(value) - self.left) / span * (self.width - _LEFT - 8)

    def y(self, value: np.ndarray | float) -> np.ndarray:
        span = max(self.high - self.low, 1e-9)
        return self.height - _BOTTOM - (np.asarray(value) - self.low) / span * (self.height - _BOTTOM - _TOP)


def curves(
    series: Sequence[Curve],
    bands: Sequence[Band] = (),
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    width: int = 1200,
    height: int = 190,
) -> str:
    """Curves over seconds; the y range is that of the data unless given."""
    everything = np.concatenate([curve.y for curve in series])
    frame = _Frame(
        float(min(curve.x[0] for curve in series)),
        float(max(curve.x[-1] for curve in series)),
        float(everything.min()) if low is None else low,
        float(everything.max()) if high is None else high,
        width,
        height,
    )
    parts = [_band(band, frame) for band in bands]
    parts += _axes(frame, unit, "s")
    parts += [_polyline(curve, frame) for curve in series]
    parts += _legend([(curve.label, curve.colour) for curve in series])
    return _svg(parts, width, height)


def cloud(points: np.ndarray, limit: float, colour: str, title: str, size: int = 190) -> str:
    """Points (N,2) as (right, up) within +-`limit`, axes crossing in the middle."""
    scale = 0.5 * size / limit
    places = np.stack([0.5 * size + points[:, 0] * scale, 0.5 * size - points[:, 1] * scale], axis=1)
    inside = places[((places >= 0) & (places <= size)).all(axis=1)]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.3"/>' for x, y in inside)
    middle = 0.5 * size
    cross = f'<path d="M0 {middle}H{size}M{middle} 0V{size}" stroke="#ccc" fill="none"/>'
    label = f'<text x="6" y="14" font-size="12" fill="#333">{escape(title)}</text>'
    frame = f'<rect width="{size}" height="{size}" fill="#fafafa" stroke="#ddd"/>'
    return _svg([frame, cross, f'<g fill="{colour}" fill-opacity="0.35">{dots}</g>', label], size, size)


def _svg(parts: Sequence[str], width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif">{"".join(parts)}</svg>'
    )


def _polyline(curve: Curve, frame: _Frame) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(frame.x(curve.x), frame.y(curve.y), strict=True))
    dash = ' stroke-dasharray="5 3"' if curve.dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{curve.colour}" stroke-width="1.5"{dash}/>'


def _band(band: Band, frame: _Frame) -> str:
    start, end = float(frame.x(band.start)), float(frame.x(band.end))
    tall = frame.height - _BOTTOM - _TOP
    return (
        f'<rect x="{start:.1f}" y="{_TOP}" width="{max(end - start, 1):.1f}" height="{tall}" fill="{band.colour}" '
        f'fill-opacity="0.55"/><text x="{0.5 * (start + end):.1f}" y="{frame.height - _BOTTOM - 3}" font-size="10" '
        f'text-anchor="middle" fill="#a33">{escape(band.label)}</text>'
    )


def _axes(frame: _Frame, unit: str, x_unit: str) -> list[str]:
    bottom, right = frame.height - _BOTTOM, frame.width - 8
    parts = [f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#888" fill="none"/>']
    for value in np.linspace(frame.low, frame.high, 4):
        y = float(frame.y(value))
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#eee"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 4:.1f}" font-size="10" text-anchor="end">{value:.3g}</text>')
    step = max(0.5, round((frame.right - frame.left) / 10 * 2) / 2)
    for value in np.arange(frame.left, frame.right, step):
        x = float(frame.x(value))
        parts.append(f'<text x="{x:.1f}" y="{bottom + 14}" font-size="10" text-anchor="middle">{value:g}</text>')
    parts.append(f'<text x="{right}" y="{bottom + 14}" font-size="10" text-anchor="end">{escape(x_unit)}</text>')
    parts.append(f'<text x="4" y="12" font-size="11" fill="#555">{escape(unit)}</text>')
    return parts


def _legend(names: Sequence[tuple[str, str]]) -> list[str]:
    parts, at = [], 130
    for label, colour in names:
        parts.append(f'<path d="M{at} 9h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{at + 23}" y="13" font-size="11">{escape(label)}</text>')
        at += 40 + 7 * len(label)
    return parts

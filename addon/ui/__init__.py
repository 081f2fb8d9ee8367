"""Panels: they draw what is known and change nothing."""

from __future__ import annotations

from typing import Final

from .panel import SOLILOQUY_PT_line

CLASSES: Final = (SOLILOQUY_PT_line,)

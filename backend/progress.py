"""How long work says how far it is: functions that it calls now and then, and that may raise to end it."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, float], None]
"""Told a stage and the fraction (0..1) of the whole job that is done; may raise JobCancelled."""
Share = Callable[[float], None]
"""Told the fraction (0..1) of one piece of work that is done; may raise to cancel."""

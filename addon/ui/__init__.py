"""Panels: they draw what is known and change nothing."""

"""Blender's helpers for objects for the type checker; any attribute may be anything."""

from typing import Any

def __getattr__(name: str) -> Any: ...

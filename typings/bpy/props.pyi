"""Blender's property functions for the type checker: its attributes are made at run time, so every one may be anything."""

from typing import Any

def __getattr__(name: str) -> Any: ...

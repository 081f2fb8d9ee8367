"""The Blender add-on. Importing it touches no Blender module, so that addon.core serves the backend too."""

from __future__ import annotations


def register() -> None:
    """Add everything to Blender; on failure nothing stays behind."""
    from . import registry

    registry.register()


def unregister() -> None:
    """Take everything out of Blender again."""
    from . import registry

    registry.unregister()

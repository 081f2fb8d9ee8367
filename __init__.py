"""The extension as Blender sees it: Blender wants this file beside blender_manifest.toml; the code is in `addon`."""


def register() -> None:
    """Called by Blender when the extension is enabled."""
    from . import addon

    addon.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled."""
    from . import addon

    addon.unregister()

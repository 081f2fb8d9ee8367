"""Who we are to Blender: the extension's package name, its version and the folder it may write in."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import bpy


def root_package() -> str:
    """`bl_ext.<repository>.soliloquy` when installed, whose preferences and folders Blender knows by that name."""
    return (__package__ or "").rpartition(".addon")[0] or "soliloquy"


@cache
def version() -> str:
    """The version in the manifest beside the package."""
    manifest = Path(__file__).resolve().parents[1] / "blender_manifest.toml"
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


def user_folder() -> Path:
    """A folder for our own files that survives updates of the extension. Made when it is not there."""
    package = root_package()
    if package.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(package, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="soliloquy", create=True))

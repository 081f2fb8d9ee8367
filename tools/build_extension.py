"""Build the Blender extension with Blender's own tool, which every bpy wheel carries.

    python tools/build_extension.py [--split-platforms] [--blender-python PYTHON] [--output DIR]

Fetches the bundled wheels into wheels/, each checked against its sha256, then validates the manifest and writes the
zip, or with --split-platforms one zip per system. Only the standard library is used; the Python that is named, or else
the one that runs this, must have bpy.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final[Path] = Path(__file__).resolve().parents[1]
WHEELS: Final[Path] = ROOT / "wheels"
PYZMQ: Final[str] = "26.4.0"
CHECKSUMS: Final[Mapping[tuple[str, str], str]] = {
    ("3.11", "macosx_10_15_universal2"): "bfcf82644c9b45ddd7cd2a041f3ff8dce4a0904429b74d73a439e8cab1bd9e54",
    ("3.11", "manylinux_2_28_x86_64"): "2f9f7ffe9db1187a253fca95191854b3fda24696f086e8789d1d449308a34b88",
    ("3.11", "win_amd64"): "963977ac8baed7058c1e126014f3fe58b3773f45c78cce7af5c26c09b6823896",
    ("3.13", "macosx_10_15_universal2"): "c43fac689880f5174d6fc864857d1247fe5cfa22b09ed058a344ca92bf5301e3",
    ("3.13", "manylinux_2_28_x86_64"): "6332452034be001bbf3206ac59c0d2a7713de5f25bb38b06519fc6967b7cf771",
    ("3.13", "win_amd64"): "23ecc9d241004c10e8b4f49d12ac064cd7000e1643343944a10df98e57bc544b",
}
"""(Python, platform tag) of each bundled wheel, and the sha256 that PyPI publishes for it."""
_log = logging.getLogger("build_extension")


class BuildError(Exception):
    """The extension cannot be built; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; 0 when the zips are there, 1 when not."""
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("--split-platforms", action="store_true", help="one zip per system, with its wheels only")
    parser.add_argument("--blender-python", type=Path, default=Path(sys.executable), help="a Python that has bpy")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for archive in build(options.blender_python, options.output, options.split_platforms):
            _log.info("built %s", archive)
    except BuildError as error:
        _log.error("%s", error)
        return 1
    return 0


def build(blender_python: Path, output: Path, split_platforms: bool = False) -> list[Path]:
    """Fetch, validate and build. Returns the zips, sorted. Raises BuildError."""
    fetch_wheels()
    scripts = blender_scripts(blender_python)
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    # Without this list the tool accepts any tag, and the platform would refuse the extension later.
    tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    output.mkdir(parents=True, exist_ok=True)
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    pattern = f"{manifest['id']}-{manifest['version']}*.zip"
    for old in output.glob(pattern):
        old.unlink()
    command = [str(blender_python), str(tool)]
    _run([*command, "validate", "--valid-tags", str(tags), str(ROOT)])
    options = ["--split-platforms"] if split_platforms else []
    _run([*command, "build", "--source-dir", str(ROOT), "--output-dir", str(output), *options])
    archives = sorted(output.glob(pattern))
    if not archives:
        raise BuildError("Blender's tool reported success but wrote no zip.")
    return archives


def fetch_wheels() -> None:
    """Bring the bundled wheels into wheels/, unless they are there. Raises BuildError on a wrong checksum."""
    for (python, platform), checksum in CHECKSUMS.items():
        tag = f"cp{python.replace('.', '')}"
        wheel = WHEELS / f"pyzmq-{PYZMQ}-{tag}-{tag}-{platform}.whl"
        if not wheel.exists():
            _run([
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                "--implementation", "cp", "--python-version", python, "--platform", platform,
                "--dest", str(WHEELS), f"pyzmq=={PYZMQ}",
            ])  # fmt: skip
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != checksum:
            wheel.unlink()
            raise BuildError(f"{wheel.name} has sha256 {found}, expected {checksum}; it was removed.")


def blender_scripts(python: Path) -> Path:
    """The scripts folder of the bpy wheel that a Python has. Raises BuildError when it has none."""
    question = "import importlib.util as u; s = u.find_spec('bpy'); print(s.origin if s else '')"
    origin = _run([str(python), "-c", question]).strip()
    found = sorted(Path(origin).parent.glob("[0-9]*/scripts")) if origin else []
    if not found:
        raise BuildError(f"{python} has no bpy; install the project's extra 'blender', or name a Python that has it.")
    return found[-1]


def _run(command: Sequence[str]) -> str:
    """Run and return what was printed. Raises BuildError with it when the command fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())

"""Exactly what should ship is in the zip, and nothing else."""

from __future__ import annotations

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
SYSTEMS = {
    "linux_x64": "manylinux_2_28_x86_64",
    "windows_x64": "win_amd64",
    "macos_arm64": "macosx_10_15_universal2",
    "macos_x64": "macosx_10_15_universal2",
}


def expected_members() -> set[str]:
    """The files of the add-on that lie in the tree, tracked or new, plus the few beside it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "addon"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("needs the git checkout")
    addon = {line for line in listed.stdout.splitlines() if (ROOT / line).is_file()}
    assert all(name.endswith((".py", ".json", ".md", ".wav", ".npz")) for name in addon)
    return addon | {"__init__.py", "blender_manifest.toml", "LICENSE", "README.md"}


def members(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return [info.filename for info in file.infolist() if not info.is_dir()]


def test_the_zip_holds_the_addon_the_licence_the_readme_the_wheels_and_nothing_else(archive: Path) -> None:
    found = members(archive)
    wheels = {wheel.removeprefix("./") for wheel in MANIFEST["wheels"]}
    assert len(found) == len(set(found))
    assert set(found) == expected_members() | wheels


def test_each_systems_zip_has_its_own_wheels_for_both_pythons(archives: list[Path]) -> None:
    assert len(archives) == len(SYSTEMS)
    for archive in archives:
        system = next(name for name in SYSTEMS if name in archive.name)
        wheels = {name for name in members(archive) if name.endswith(".whl")}
        assert wheels == {f"wheels/pyzmq-26.4.0-{tag}-{tag}-{SYSTEMS[system]}.whl" for tag in ("cp311", "cp313")}
        assert set(members(archive)) - wheels == expected_members()


def test_manifest_distribution_and_code_say_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    code = re.search(r'SOFTWARE.*"(.+)"', (ROOT / "addon/core/version.py").read_text(encoding="utf-8"))
    assert code is not None
    assert MANIFEST["version"] == project["project"]["version"] == code[1]

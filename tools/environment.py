"""Make the Python environments of the project: `.venv` to work in, and one per Blender version to test in.

    python tools/environment.py              .venv with everything (Blender included)
    python tools/environment.py --blenders   also .venvs/blender-*, one for each version that is tested

Needs nothing but Python. It says in a sentence what is missing on the machine, and does nothing twice: an environment
is made anew only when what it is made from has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final[Path] = Path(__file__).resolve().parents[1]
VENV: Final[Path] = ROOT / ".venv"
VENVS: Final[Path] = ROOT / ".venvs"

BLENDERS: Final[Mapping[str, str]] = {"4.2.23": "3.11", "4.5.15": "3.11", "5.0.1": "3.11", "5.2.3": "3.13"}
"""Every Blender that is tested, as a bpy wheel, and the Python it is built for."""
PYZMQ: Final[str] = "pyzmq==26.4.0"
"""As bundled in the extension (blender_manifest.toml)."""
MADE_HERE: Final[str] = "soliloquy-made"
"""Marks an environment that may be thrown away and made again."""
TORCH: Final[str] = "torch==2.13.0"
"""As in pyproject.toml."""
CPU_WHEELS: Final[str] = "https://download.pytorch.org/whl/cpu"
"""Where PyTorch keeps builds without CUDA; the package index has only the build with it, several GB larger."""
MAIN_PYTHONS: Final[tuple[str, ...]] = ("3.11", "3.13")
"""Pythons for which both torch and bpy have wheels, the first preferred."""

DEBIAN_PACKAGES: Final[Mapping[str, str]] = {
    "libX11.so": "libx11-6",
    "libXrender.so": "libxrender1",
    "libXfixes.so": "libxfixes3",
    "libXi.so": "libxi6",
    "libXext.so": "libxext6",
    "libXxf86vm.so": "libxxf86vm1",
    "libSM.so": "libsm6",
    "libICE.so": "libice6",
    "libxkbcommon.so": "libxkbcommon0",
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libgomp.so": "libgomp1",
}
"""The package that brings each shared library that Blender's wheels link against on Linux."""


class MissingError(Exception):
    """Something that the machine must have and has not; the message says what to install."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environments asked for; 0 when they are ready, 2 when the machine lacks something."""
    parser = argparse.ArgumentParser(description="Make the Python environments of the project.")
    parser.add_argument("--blenders", action="store_true", help="also one environment per tested Blender version")
    options = parser.parse_args(arguments)
    try:
        make_main()
        if options.blenders:
            for version, python in BLENDERS.items():
                make_blender(version, python)
    except MissingError as error:
        sys.stderr.write(f"\n{error}\n")
        return 2
    return 0


def make_main() -> None:
    """`.venv`: the backend, the bpy wheel of this Python, and the tools of development."""
    python = find_python(MAIN_PYTHONS)
    recipe = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if make(VENV, python, recipe, [*_torch_without_cuda(python), ["-e", f"{ROOT}[blender,dev]"]]):
        check_blender(VENV)


def _torch_without_cuda(python: Path) -> list[list[str]]:
    """The install of a CPU build of torch first, on Linux without an NVIDIA card; elsewhere nothing is needed.

    A CPU build that pip finds by itself is taken; otherwise PyTorch's own index is asked. When neither has one the
    package index decides, which is slower and larger but works.
    """
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return []
    for source in ([], ["--index-url", CPU_WHEELS]):
        wanted = [f"{TORCH}+cpu", *source]
        probe = [str(python), "-m", "pip", "--disable-pip-version-check", "--retries", "0", "download", "--no-deps"]
        with tempfile.TemporaryDirectory() as scratch:
            found = subprocess.run([*probe, "--dest", scratch, *wanted], capture_output=True, check=False)
        if found.returncode == 0:
            return [wanted]
    return []


def make_blender(version: str, python: str) -> None:
    """`.venvs/blender-VERSION`: bpy and pytest only, so that what else a test finds is the extension's own.

    pyzmq goes to `.venvs/pyzmq-PYTHON`, which tests of the source tree put on their path.
    """
    try:
        interpreter = find_python((python,))
    except MissingError as error:
        sys.stderr.write(f"Blender {version} will not be tested: {error}\n")
        return
    requirement = f"bpy=={version}"
    venv = VENVS / f"blender-{version}"
    if make(venv, interpreter, requirement, [[requirement, "pytest>=8"]]):
        check_blender(venv)
    _unpack(venv, PYZMQ, VENVS / f"pyzmq-{python}")


def _unpack(venv: Path, requirement: str, target: Path) -> None:
    """Install one requirement into a folder of its own; a folder stands only when the install went through."""
    stamp = target / "soliloquy-recipe"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == requirement:
        return
    draft = target.with_name(f"{target.name}.part")
    for folder in (draft, target):
        shutil.rmtree(folder, ignore_errors=True)
    _pip(venv, ["--target", str(draft), requirement])
    (draft / stamp.name).write_text(requirement, encoding="utf-8")
    draft.rename(target)


def make(venv: Path, python: Path, recipe: str, installs: Sequence[Sequence[str]]) -> bool:
    """Make `venv` by `installs`, unless it stands and was made by the same recipe. True when it was made."""
    stamp = venv / "soliloquy-recipe"
    made_from = hashlib.sha256(f"{recipe}\n{python}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_from:
        return False
    if venv.exists() and not (venv / MADE_HERE).exists():
        raise MissingError(
            f"{venv} is there and was not made by this command. Use it as it is (README.md, pip commands), "
            "or rename it and run this again."
        )
    sys.stderr.write(f"Making {venv.relative_to(ROOT)} with {python} ...\n")
    shutil.rmtree(venv, ignore_errors=True)
    result = subprocess.run([str(python), "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if result.returncode:
        raise MissingError(
            f"{python} cannot make a virtual environment; on Debian install python3-venv.\n{result.stdout}"
        )
    (venv / MADE_HERE).touch()
    for install in installs:
        _pip(venv, install)
    stamp.write_text(made_from, encoding="utf-8")
    return True


def check_blender(venv: Path) -> None:
    """Import bpy once; raise MissingError with the package to install when a system library is not there."""
    result = subprocess.run([str(venv_python(venv)), "-c", "import bpy"], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return
    (venv / "soliloquy-recipe").unlink(missing_ok=True)
    found = re.search(r"(lib[\w+-]+\.so)[\d.]*: cannot open shared object", result.stderr)
    if found:
        package = DEBIAN_PACKAGES.get(found[1], "the package that has it")
        raise MissingError(
            f"Blender needs the system library {found[1]}, which this machine lacks. "
            f"On Debian or Ubuntu: sudo apt-get install {package}"
        )
    raise MissingError(f"Blender's Python module does not start:\n{result.stderr.strip()[-2000:]}")


def find_python(versions: Sequence[str]) -> Path:
    """The first interpreter of one of `versions` ("3.11") that runs, from PATH or pyenv. Raises MissingError."""
    for version in versions:
        for candidate in _candidates(version):
            if _runs(candidate, version):
                return candidate
    wanted = " or ".join(versions)
    raise MissingError(
        f"Python {wanted} is needed (torch and Blender have wheels for it) and was not found. Install it, "
        "or name it: PYTHON=/path/to/python make demo"
    )


def venv_python(venv: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _candidates(version: str) -> Iterator[Path]:
    for named in (os.environ.get("PYTHON"), sys.executable, shutil.which(f"python{version}")):
        if named and (found := shutil.which(named)):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = pyenv.glob(f"{version}.*/bin/python")
    yield from sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.parts[-3])], reverse=True)


def _runs(python: Path, version: str) -> bool:
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    result = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, check=False)
    return result.returncode == 0 and result.stdout.strip() == version


def _pip(venv: Path, arguments: Sequence[str]) -> None:
    command = [str(venv_python(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:
        raise MissingError(f"pip could not install {' '.join(arguments)}; its own message is above.")


if __name__ == "__main__":
    raise SystemExit(main())

"""Run every test: the backend's in `.venv`, the add-on's in each Blender, each in a process of its own.

    python -m tools.run_tests

Prints what each process counted and, last, the sum. Ends with 1 when anything failed or could not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tools.environment import BLENDERS, ROOT, VENV, VENVS, venv_python

OUTSIDE_BLENDER: Final[tuple[str, ...]] = ("tests/unit", "tests/backend", "tests/wire")


def main() -> int:
    """Run all; 0 when all passed."""
    totals: Counter[str] = Counter()
    failed = False
    for title, command, environment in _runs():
        sys.stdout.write(f"\n== {title}\n")
        sys.stdout.flush()
        code, counts = _run(command, environment)
        totals.update(counts)
        failed |= code != 0 or not counts["passed"]
    for version in BLENDERS:
        if not venv_python(VENVS / f"blender-{version}").exists():
            sys.stdout.write(f"\n== Blender {version}: not tested, its Python {BLENDERS[version]} is not here\n")
            failed |= "CI" in os.environ  # integration is for all of them
    sys.stdout.write(
        f"\n{totals['passed']} passed, {totals['failed'] + totals['error']} failed, {totals['skipped']} skipped\n"
    )
    return 1 if failed else 0


def _runs() -> Sequence[tuple[str, list[str], Mapping[str, str]]]:
    """(title, command, environment) of every test process."""
    main_python = str(venv_python(VENV))
    plain = {**os.environ, "SOLILOQUY_BACKEND_PYTHON": main_python, "PYTHONDONTWRITEBYTECODE": "1"}
    plain.pop("PYTHONPATH", None)
    runs = [("contracts, backend, wire", _pytest(main_python, OUTSIDE_BLENDER), plain)]
    for version, python in BLENDERS.items():
        interpreter = venv_python(VENVS / f"blender-{version}")
        if interpreter.exists():
            with_zmq = {**plain, "PYTHONPATH": str(VENVS / f"pyzmq-{python}")}
            runs.append((f"add-on in Blender {version}", _pytest(str(interpreter), ("tests/blender",)), with_zmq))
            runs.append((f"extension in Blender {version}", _pytest(str(interpreter), ("tests/extension",)), plain))
    return runs


def _pytest(python: str, folders: Sequence[str]) -> list[str]:
    return [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders]


def _run(command: list[str], environment: Mapping[str, str]) -> tuple[int, Counter[str]]:
    """Run pytest, pass its output through, and read its closing counts."""
    counts: Counter[str] = Counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            if re.search(r"\bin [\d.]+s", line):
                counts = Counter({kind: int(n) for n, kind in re.findall(r"(\d+) (passed|failed|skipped|error)", line)})
    return process.returncode, counts


if __name__ == "__main__":
    raise SystemExit(main())

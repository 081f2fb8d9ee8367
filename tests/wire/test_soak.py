"""A short soak; `python tests/bench/soak.py --minutes 20` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.bench.soak import soak


def test_a_short_soak_finds_no_fault(tmp_path: Path) -> None:
    summary, faults = soak(12.0, 3, tmp_path)
    assert not faults, "\n".join([*summary, *faults])
    assert any("kill_worker" in line for line in summary)

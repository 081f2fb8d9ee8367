"""`evaluate`: one HTML report that sets engines side by side."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any, Final

SHARED: Final[Path] = Path(__file__).resolve().parents[3] / "shared" / "data"


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("evaluate", help="measure engines on real recordings and write one HTML report")
    parser.add_argument("--engines", default="rules", help="names with commas between them, as rules,neural")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.html and report.json")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data (default: beside this)")
    parser.add_argument("--quick", action="store_true", help="few recordings: a minute or two, rough figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Evaluate; 0 when the report is written, whatever its figures are."""
    from backend.evaluation.run import evaluate

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    engines = tuple(dict.fromkeys(name.strip() for name in options.engines.split(",") if name.strip()))
    page = evaluate(engines, options.out.resolve(), options.shared.resolve(), quick=options.quick)
    sys.stdout.write(f"{page}\n")
    return 0

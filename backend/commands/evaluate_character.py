"""`evaluate-character`: how well a trained character paints performances that it never saw."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("evaluate-character", help="measure a trained character against held-out renders")
    parser.add_argument("--character", type=Path, required=True, help="folder that `train character` made")
    parser.add_argument("--set", type=Path, required=True, help="folder of rendered frames with a test split")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.json and sheet.png")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Evaluate; 0 when the report is written, whatever its figures are."""
    from backend.evaluation.painting import evaluate_character

    report = evaluate_character(options.character, options.set, options.out)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0

"""What the benchmarks on saved pages share: their arguments, and where their reports go."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def page_arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser for the directory of saved pages and the report's file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--report", type=Path)
    return parser


def deliver(text: str, report: Path | None) -> None:
    """Print a report, and keep it where that was asked for."""
    sys.stdout.write(text)
    if report:
        report.write_text(text, encoding="utf-8")

"""``python -m crawler`` is ``newswarc``."""

from __future__ import annotations

import sys

from crawler.cli.main import run_program

if __name__ == "__main__":
    sys.exit(run_program(sys.argv[1:]))

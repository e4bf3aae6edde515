"""Schemathesis over the API of ``newswarc serve``: ``make api``. Its exit code is Schemathesis's.

The server has a small archive, and the state of a machine that has crawled. Its readers may not start crawls, so that
what is asked at random starts none. Queries have a grammar that JSON Schema cannot tell, so that some that fit the
description are refused: that is the one check that is left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from crawler.config import Configuration
from crawler.frontier.database import open_database
from crawler.frontier.run_history import Run, RunHistory
from tests.web.asking import five, serving

_LEFT_OUT = "positive_data_acceptance"
_SETTINGS = """[checks]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "414", "415", "422", "429"]
"""
"""What may answer a request that does not fit the description: also 414, for an address that is too long."""


def main() -> int:
    """Serve, and let Schemathesis ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="Schemathesis")
    parser.add_argument("--examples", type=int, default=300, help="for each operation")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = five(Path(directory))
        with closing(open_database(Configuration(archive=str(place)))) as database:
            for number in range(30):
                begun = 1_800_000_000.0 + number
                RunHistory(database).put(Run(f"{number:032x}", begun, "pier:/state", 1, ended=begun + 1))
        (Path(directory) / "schemathesis.toml").write_text(_SETTINGS, encoding="utf-8")
        with serving(place) as server:
            address = f"http://localhost:{server.port}/api/v1/openapi.json"
            command = [given.program.absolute(), "run", address, "--checks", "all", "--exclude-checks", _LEFT_OUT]
            command += ["--max-examples", str(given.examples), "--seed", "1", "--continue-on-failure"]
            return subprocess.run(command, cwd=directory, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

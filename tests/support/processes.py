"""Running this project's programs as a user would: as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
_LONGEST = 120
PROGRAM = Path(sys.executable).parent / "newswarc"


@dataclass(frozen=True)
class Finished:
    """A program that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSWARC_", "AWS_"))}
    return {**kept, "COLUMNS": "200", "AWS_EC2_METADATA_DISABLED": "true", **variables}


def run(*command: object, cwd: Path, feed: str | None = None, **variables: str) -> Finished:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(**variables),
        input=feed,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def newswarc(*arguments: object, cwd: Path, feed: str | None = None, **variables: str) -> Finished:
    return run(PROGRAM, *arguments, cwd=cwd, feed=feed, **variables)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, below the range the system gives out by itself."""
    import random
    import socket

    found: list[int] = []
    while len(found) < count:
        port = random.randint(10_500, 20_000)
        with socket.socket() as probe, socket.socket() as second:
            try:
                probe.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found

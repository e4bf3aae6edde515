"""Running this project's programs as a user would.

Commands that need no process of their own run in this one: half of a short command's time is the start of Python and
its imports.
They get the environment, the working directory, the streams and the exit code that a process of its own would have.
All others are forked from a process that has imported what they need (`tests.support.forked`).
`newswarc_process` starts a new interpreter; `tests/crawler/test_command_line.py` does so for commands of both kinds.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.forked import ForkServer

ROOT = Path(__file__).parent.parent.parent
_LONGEST = 120
PROGRAM = Path(sys.executable).parent / "newswarc"
_FORKS = ForkServer()


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


HERE = frozenset(
    """
    records find show history explain failures sites config schema status health redact wacz export verify search custody
    package copy
    """.split()
)
"""Commands that start no event loop of their own, and no process for the small archives of tests."""
HERE_OF = {
    "dataset": frozenset({"info", "list", "presign", "stats", "build", "verify", "counts", "export", "pull"}),
    "token": frozenset({"add", "list", "remove"}),
    "access": frozenset({"block", "embargo", "lift", "list"}),
    "collection": frozenset({"create", "change", "remove", "list", "show"}),
    "fleet": frozenset({"list", "add", "remove"}),
}


def newswarc_process(*arguments: object, cwd: Path, feed: str | None = None, **variables: str) -> Finished:
    """A command as a process of its own, whatever it does."""
    return run(PROGRAM, *arguments, cwd=cwd, feed=feed, **variables)


def newswarc(*arguments: object, cwd: Path, feed: str | None = None, **variables: str) -> Finished:
    """A command, in this process if it needs none of its own, else in a fork where no new interpreter is needed."""
    words = [str(word) for word in arguments]
    here = bool(words) and (words[0] in HERE or (len(words) > 1 and words[1] in HERE_OF.get(words[0], ())))
    if here and feed is None:
        return run_here(words, cwd, environment(**variables))
    return newswarc_fork(*arguments, cwd=cwd, feed=feed, **variables)


def newswarc_fork(*arguments: object, cwd: Path, feed: str | None = None, **variables: str) -> Finished:
    """A command as a process of its own; a new interpreter only where the environment asks for one."""
    words, given = [str(word) for word in arguments], environment(**variables)
    if not _FORKS.can_run(given):
        return newswarc_process(*arguments, cwd=cwd, feed=feed, **variables)
    code, out, err = _FORKS.run(words, cwd, given, feed, _LONGEST)
    return Finished(code, _text(out.decode()), _text(err.decode()))


def run_here(words: list[str], cwd: Path, variables: dict[str, str]) -> Finished:
    """Run a command in this process, as `crawler.cli.main` does in one of its own."""
    from crawler.cli.main import run_program

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(variables)
        with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = run_program(words)
            except Exception:  # noqa: BLE001 - a process would show it and end with 1
                traceback.print_exc()
                code = 1
    finally:
        os.environ.clear()
        os.environ.update(before)
    return Finished(code, *(_text(stream.buffer.getvalue().decode("utf-8", "replace")) for stream in (out, err)))


def _text(said: str) -> str:
    """As `subprocess` gives text: every end of a line is one newline."""
    return re.sub("\r\n?", "\n", said)


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

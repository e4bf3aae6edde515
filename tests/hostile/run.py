"""The crawl of all cases by the real program, watched from outside."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.captures import iterate_captures, iterate_records
from tests.hostile import codings, markup, pages, patience, redirects, robots, silence, transport, traps
from tests.hostile.case import Case
from tests.hostile.server import HostileServer
from tests.support.processes import PROGRAM, environment, newswarc

CASES: tuple[Case, ...] = (
    *transport.CASES,
    *codings.CASES,
    *markup.CASES,
    *traps.CASES,
    *redirects.CASES,
    *pages.CASES,
    *robots.CASES,
    *patience.CASES,
    *silence.CASES,
)

_SETTINGS = """
contact = "https://example.org/bot"
sites = ["sites"]
allow_hosts = ["127.2.0.0/16:{port}"]
delay = 0.0
host_patience = 0
longest_delay = 0.2
timeout = 5.0
first_byte_timeout = 4.0
idle_timeout = 3.0
retries = 1
extraction_workers = 2
"""
_BETWEEN = 0.1


@dataclass
class Watched:
    """What a crawl came to."""

    code: int = 0
    seconds: float = 0.0
    most_memory: int = 0
    """Bytes, all its processes together, at the most."""
    out: str = ""
    err: str = ""
    captures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Outcomes of attempts by address, in their order."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """Page outcomes by address."""
    titles: dict[str, str] = field(default_factory=dict)
    """Headlines of records by address."""
    failures: dict[str, str] = field(default_factory=dict)
    """Why articles wait, by address."""


def crawl(server: HostileServer, names: Sequence[str], directory: Path) -> Watched:
    """Crawl those cases into ``directory/archive``."""
    directory.mkdir()
    _define(server, directory / "sites" / "xx")
    (directory / "newswarc.toml").write_text(_SETTINGS.format(port=server.port))
    command = [PROGRAM, "crawl", *(f"xx/{name}" for name in names), "--to", "archive", "--backfill", "--json"]
    watched = watch(list(map(str, command)), directory)
    _read(directory / "archive", watched)
    listed = newswarc("failures", "--json", cwd=directory, NEWSWARC_ARCHIVE="archive")
    watched.failures = {line["url"]: line["outcome"] for line in listed.lines() if line["following"]}
    return watched


def _define(server: HostileServer, directory: Path) -> None:
    directory.mkdir(parents=True)
    for address, case in server.cases.items():
        host = f"http://{address}:{server.port}"
        lines = [f'name = "{case.name}"', f'url = "{host}/"']
        lines += [f'[[sources]]\nkind = "{kind}"\nurl = "{host}{path}"' for kind, path in case.sources]
        (directory / f"{case.name}.toml").write_text("\n".join(lines) + "\n")


def watch(command: Sequence[str], directory: Path, *, patience: float = 600.0, most: int = 8 << 30) -> Watched:
    """Run a program; one that takes more seconds or bytes than it may is ended."""
    began = time.monotonic()
    held = 0
    with (directory / "out").open("w") as output, (directory / "err").open("w") as errors:
        process = subprocess.Popen(command, cwd=directory, env=environment(), stdout=output, stderr=errors)
        while process.poll() is None:
            held = max(held, _memory(process.pid))
            if held > most or time.monotonic() - began > patience:
                process.kill()
            time.sleep(_BETWEEN)
    seconds = time.monotonic() - began
    out, err = ((directory / name).read_text() for name in ("out", "err"))
    return Watched(process.returncode, seconds, held, out, err)


def _memory(pid: int) -> int:
    """Bytes that a process and its children hold, pages they share counted once."""
    return sum(_proportional(one) for one in _family(pid))


def _family(pid: int) -> list[int]:
    try:
        children = [
            int(word)
            for path in Path(f"/proc/{pid}/task").iterdir()
            for word in (path / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(child))]


def _proportional(pid: int) -> int:
    """Proportional set size of a process (Linux, ``smaps_rollup``)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:")), 0)


def _read(archive: Path, watched: Watched) -> None:
    for path in sorted(archive.glob("warc/**/*.warc.gz")):
        with path.open("rb") as stream:
            for capture in iterate_captures(iterate_records(stream)):
                watched.captures[capture.url].append(capture.outcome.value)
    for path in archive.glob("records/**/*.outcomes.jsonl.gz"):
        watched.outcomes.update((line["url"], line["outcome"]) for line in _lines(path))
    for path in archive.glob("records/**/*.jsonl.gz"):
        if ".outcomes." not in path.name:
            watched.titles.update((line["url"], line["headline"]) for line in _lines(path))


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]

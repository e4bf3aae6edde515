"""The frontier as it grows: how fast addresses are taken in, claimed and acknowledged, and how large it is.

Tables are filled by the database itself up to each size; then the work of some sites is done by
`crawler.frontier.frontier`, as a crawl does it, and timed. Run by ``make frontier``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from archive.exchange import CaptureAddress, Discovery, Role
from crawler.frontier.database import Database
from crawler.frontier.entries import Captured, Due
from crawler.frontier.frontier import Frontier
from tests.support.postgres import Postgres

_SITES = 10_000
_WORK = 20_000
_SITES_AT_WORK = 50
_BATCH = 500
_ACKNOWLEDGED_AT_ONCE = 50
_LOOK_UPS = 2_000
_ROUNDS = 5
_MILLION = 1_000_000

_KNOWN = "sha256:{n}9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
_NUMBERS = {
    "postgresql": "FROM generate_series({first}, {last}) AS numbers(n)",
    "sqlite": "FROM (WITH RECURSIVE counting(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counting "
    "WHERE n < {last}) SELECT n FROM counting)",
}
_RECORD = "'a1b2c3d4-0000-4000-8000-' || substr('' || (1000000000000 + n), 2)"
_URL = "'https://site-' || (n % {sites}) || '.example.org/news/2026/' || n || '-some-words-of-a-headline'"
_FILLS = (
    "INSERT INTO addresses (url, site, state, discovery, attempts, outcome, segment, not_before, identity, holder) "
    'SELECT {url}, \'site-\' || (n % {sites}), \'stored\', \'{{"role": "article", "via": "feed", "source_title": '
    "\"Some words of a headline\"}}', 0, '', 'segment-' || (n / 20000), 0, 'i' || n, 'machine' {numbers}",
    "INSERT INTO captures (url, record_id, date, payload_digest, etag, last_modified, segment, stored) "
    "SELECT {url}, {record}, '2026-01-05T08:00:00+00:00', 'sha256:' || n || "
    "'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0', '\"abc\"', '', 'segment-' || (n / 20000), "
    "{true} {numbers}",
    "INSERT INTO payloads (payload_digest, url, record_id, date, segment, stored) "
    "SELECT 'sha256:' || n || '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0', {url}, "
    "{record}, '2026-01-05T08:00:00+00:00', 'segment-' || (n / 20000), {true} {numbers}",
    "INSERT INTO pages (url, site, discovery, first, last) SELECT {url}, 'site-' || (n % {sites}), '{{}}', "
    "1767600000 + n, 1767600000 + n {numbers}",
)


@dataclass(frozen=True)
class Measured:
    """What the frontier did at a size. Rates are addresses a second."""

    kind: str
    millions: float
    discover: float
    claim: float
    acknowledge: float
    look_up: float
    due: float
    """Milliseconds to ask what waits at a site."""
    size: float
    """Bytes an address, all tables and indexes."""
    filled: float
    """Seconds that the database took to come to this size."""


def main(arguments: list[str]) -> int:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(prog="benchmarks.frontier")
    parser.add_argument("--postgresql", type=float, nargs="+", default=[1, 2, 5, 10], help="millions of addresses")
    parser.add_argument("--sqlite", type=float, nargs="+", default=[0.5, 1, 2])
    parser.add_argument("--report", type=Path)
    options = parser.parse_args(arguments)
    rows: list[Measured] = []
    with Postgres() as server, tempfile.TemporaryDirectory(prefix="newswarc-frontier-") as directory:
        for kind, address, sizes in (
            ("sqlite", f"sqlite:///{directory}/frontier.sqlite", options.sqlite),
            ("postgresql", server.database(), options.postgresql),
        ):
            database = Database(address)
            before = 0
            for millions in sizes:
                rows.append(_measured(kind, database, before, int(millions * _MILLION)))
                before = int(millions * _MILLION)
                print(rows[-1], flush=True)
            database.close()
    if options.report:
        options.report.write_text(_report(rows), encoding="utf-8")
    return 0


def _measured(kind: str, database: Database, before: int, size: int) -> Measured:
    begun = time.monotonic()
    _fill(kind, database, before, size)
    filled = time.monotonic() - begun
    frontier = Frontier(database, "machine")
    rounds = [_round(frontier, size, number) for number in range(_ROUNDS)]
    discover, claim, acknowledge, look_up, due = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    return Measured(
        kind,
        size / _MILLION,
        discover,
        claim,
        acknowledge,
        look_up,
        1000 / due,
        _bytes(kind, database) / size,
        filled,
    )


def _round(frontier: Frontier, size: int, number: int) -> tuple[float, float, float, float, float]:
    """Rates of discovering, claiming, acknowledging, looking up, and asking what waits, with new addresses."""
    sites = [f"new-{size}-{number}-{n}" for n in range(_SITES_AT_WORK)]
    found = [
        Due(f"https://{site}.example.org/{n}-words-of-a-headline", _discovery(site))
        for n, site in zip(range(_WORK), cycle(sites), strict=False)
    ]
    steps = range(0, _WORK, _BATCH)
    discover = _rate(frontier.discover, [found[n : n + _BATCH] for n in steps], _WORK)
    due = _rate(frontier.due, [[site] for site in sites], len(sites))
    claim = _rate(frontier.claim, [[item.url for item in found[n : n + _BATCH]] for n in steps], _WORK)
    captures = [_captured(item, n) for n, item in enumerate(found)]
    at_once = _ACKNOWLEDGED_AT_ONCE
    acknowledge = _rate(frontier.captured, [captures[n : n + at_once] for n in range(0, _WORK, at_once)], _WORK)
    step = size // _LOOK_UPS
    known = [_KNOWN.format(n=(n * step + number + 1) * (-1) ** n) for n in range(_LOOK_UPS)]
    return discover, claim, acknowledge, _rate(frontier.first_capture, known, _LOOK_UPS), due


def _fill(kind: str, database: Database, before: int, size: int) -> None:
    numbers = _NUMBERS[kind].format(first=before + 1, last=size)
    url = _URL.format(sites=_SITES)
    true = "true" if kind == "postgresql" else "1"

    for statement in _FILLS:
        with database.engine.begin() as connection:
            filling = statement.format(url=url, sites=_SITES, numbers=numbers, record=_RECORD, true=true)
            connection.execute(text(filling.replace(":", "\\:")))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE"))
        _checkpoint(kind, connection)


def _checkpoint(kind: str, connection: Connection) -> None:
    connection.execute(text("CHECKPOINT" if kind == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)"))


def _discovery(site: str) -> Discovery:
    return Discovery(role=Role.ARTICLE, site=site, via="feed", source_title="Some words of a headline")


def _captured(item: Due, number: int) -> Captured:
    record_id = uuid4()
    address = CaptureAddress("segment", number, 4000, record_id, f"sha256:{record_id.hex}{record_id.hex}")
    return Captured(item.url, address, datetime.now(UTC), item.discovery, '"abcdef"', full=True, shows_page=True)


def _rate(work: Callable[[Any], object], arguments: Sequence[Any], count: int) -> float:
    """How many of `count` things a second are done by these calls."""
    begun = time.monotonic()
    for argument in arguments:
        work(argument)
    return count / (time.monotonic() - begun)


def _bytes(kind: str, database: Database) -> int:
    question = (
        "SELECT pg_database_size(current_database())"
        if kind == "postgresql"
        else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    )
    with database.engine.connect() as connection:
        return int(connection.execute(text(question)).scalar() or 0)


def _report(rows: list[Measured]) -> str:
    lines = [
        f"| {row.kind} | {row.millions:g} | {row.discover:,.0f} | {row.claim:,.0f} | {row.acknowledge:,.0f} "
        f"| {row.look_up:,.0f} | {row.due:.1f} ms | {row.size:,.0f} |"
        for row in rows
    ]
    flat = []
    for kind in ("sqlite", "postgresql"):
        own = [row for row in rows if row.kind == kind]
        for name in ("discover", "claim", "acknowledge", "look_up"):
            rates = [getattr(row, name) for row in own]
            if rates:
                flat.append(f"| {kind} | {name} | {min(rates) / max(rates):.2f} | {rates[-1] / rates[0]:.2f} |")
    table, flatness = "\n".join(lines), "\n".join(flat)
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}"
    return f"""# The frontier as it grows

Measured {datetime.now(UTC):%Y-%m-%d} by `make frontier` on {machine}, one process, PostgreSQL on the same machine
as it comes (128 MiB of shared buffers). Each address has its rows in `addresses`, `captures`, `payloads` and `pages`.
At each size, {_ROUNDS} times over and the median taken, {_WORK:,} addresses of {_SITES_AT_WORK} sites are discovered
({_BATCH} at once), claimed ({_BATCH} at once) and acknowledged
({_ACKNOWLEDGED_AT_ONCE} at once, as a crawl does every
two seconds); {_LOOK_UPS:,} payloads, half of them known, are looked up one by one, and what waits at a site is
asked for.

| database | millions | discovered/s | claimed/s | acknowledged/s | looked up/s | waits at a site | bytes each |
|---|---|---|---|---|---|---|---|
{table}

| database | rate | least of greatest | last of first |
|---|---|---|---|
{flatness}
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

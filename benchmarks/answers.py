"""A hundredth of a year of crawling, hour by hour, at newspapers that answer as newspapers do: what becomes a record?

python -m benchmarks.answers [--beside CHECKOUT] [--report FILE]

Twenty newspapers on loopback publish for 88 hours. How they answer is drawn with the frequencies of `ARTICLES`,
`ATTEMPTS`, `HOURS` and `FEEDS` below, by a seed, so that every program meets the same. `newswarc crawl --due` runs
once an hour, in a process whose clock Debian's faketime sets. `--beside` names another checkout with its environment,
which crawls the same newspapers by turns.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.support.measuring import say
from benchmarks.support.reporting import deliver
from tests.support.processes import ROOT, environment, free_ports

HOURS_OF_RUN = 88
"""A hundredth of a year."""
SITES = 20
BEGIN = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
_EVERY = 4
"""Hours between two articles of a newspaper."""
_LISTED = 15
"""Articles that a feed shows."""

ARTICLES: Mapping[str, float] = {
    "404 for its first two hours": 0.03,
    "403 for its first thirty hours": 0.02,
    "401 for its first twelve hours": 0.01,
    "451 for its first two days": 0.002,
    "404 for ever": 0.01,
    "403 for ever": 0.005,
    "a redirect to itself that sets a cookie": 0.02,
    "a redirect over a consent page": 0.02,
    "a meta refresh to its other address": 0.01,
}
"""Shares of articles; the others are simply there."""
NEVER = frozenset({"404 for ever", "403 for ever"})
"""Nobody can have these."""
_UNTIL = {
    "404 for its first two hours": (404, 2),
    "403 for its first thirty hours": (403, 30),
    "401 for its first twelve hours": (401, 12),
    "451 for its first two days": (451, 48),
    "404 for ever": (404, 10**6),
    "403 for ever": (403, 10**6),
}
ATTEMPTS: Mapping[str, float] = {"503": 0.02, "500": 0.01, "the connection ends": 0.015}
"""Shares of requests for articles."""
HOURS: Mapping[str, float] = {"maintenance for three hours": 0.005, "robots.txt shuts the site for half a day": 0.002}
"""Shares of the hours of a newspaper at which this begins."""
FEEDS: Mapping[str, float] = {"a bare ampersand": 0.03, "a cut end": 0.02}
"""Shares of readings of a feed."""

_TEXT = "The council of the harbour met on Monday and heard what the repairs of the old pier would cost the town. "
_FAKE_CLOCK = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@dataclass
class Newspapers:
    """What all newspapers would answer at a moment."""

    seed: int
    now: datetime = BEGIN
    asked: Counter[str] = field(default_factory=Counter)

    def chance(self, *of: object) -> random.Random:
        """The same draw for the same thing, whatever was drawn before."""
        return random.Random(f"{self.seed}:{of}")

    def drawn(self, shares: Mapping[str, float], *of: object) -> str:
        """One of the named things by its share, or nothing."""
        number = self.chance(*of).random()
        for name, share in shares.items():
            number -= share
            if number < 0:
                return name
        return ""

    def published(self, site: str) -> list[int]:
        """Numbers of the articles that a newspaper has published, newest first."""
        hours = (self.now - BEGIN).total_seconds() / 3600
        offset = self.chance("offset", site).random() * _EVERY
        return list(range(int(max(0.0, hours + offset) // _EVERY), -1, -1))

    def moment(self, site: str, number: int) -> datetime:
        """When an article was published."""
        offset = self.chance("offset", site).random() * _EVERY
        return BEGIN + timedelta(hours=number * _EVERY - offset)

    def kind(self, path: str) -> str:
        """What an article is like."""
        return self.drawn(ARTICLES, "article", path)

    def is_happening(self, site: str, what: str, hours: int) -> bool:
        """Whether something that lasts so many hours has begun at a newspaper."""
        hour = int((self.now - BEGIN).total_seconds() // 3600)
        return any(self.drawn(HOURS, "hour", site, hour - back) == what for back in range(hours))

    def announced(self) -> dict[str, str]:
        """Every article published so far, and its kind."""
        sites = [host_of(index) for index in range(SITES)]
        paths = [f"//{site}/articles/{number}" for site in sites for number in self.published(site)]
        return {path: self.kind(path) for path in paths}


def host_of(index: int) -> str:
    """The address of a newspaper."""
    return f"127.0.7.{index + 1}"


class Handler(BaseHTTPRequestHandler):
    """Answers as `papers` says."""

    papers: Newspapers

    def do_GET(self) -> None:
        """Answer by site, path and moment."""
        site = self.headers["Host"].partition(":")[0]
        path = self.path.partition("?")[0]
        if self.papers.is_happening(site, "maintenance for three hours", 3):
            self._show(503, "")
        elif path == "/robots.txt":
            shut = self.papers.is_happening(site, "robots.txt shuts the site for half a day", 12)
            self._show(200, f"User-agent: *\n{'Disallow: /' if shut else 'Allow: /'}\n", "text/plain")
        elif path == "/feed.xml":
            self._show(200, self._feed(site), "application/rss+xml")
        elif path == "/consent":
            self._lead(self.path.partition("to=")[2], cookie=True)
        else:
            self._article(site, path)

    def _feed(self, site: str) -> str:
        base = f"http://{self.headers['Host']}"
        self.papers.asked[f"feed {site}"] += 1
        flaw = self.papers.drawn(FEEDS, "feed", site, self.papers.asked[f"feed {site}"])
        items = "".join(
            f"<item><title>Pier {number}{' & more' if flaw == 'a bare ampersand' else ''}</title>"
            f"<link>{base}/articles/{number}</link>"
            f"<pubDate>{format_datetime(self.papers.moment(site, number))}</pubDate></item>"
            for number in self.papers.published(site)[:_LISTED]
        )
        text = f"<rss version='2.0'><channel><title>{site}</title>{items}</channel></rss>"
        return text[: len(text) * 2 // 3] if flaw == "a cut end" else text

    def _article(self, site: str, path: str) -> None:
        known = f"//{site}{path}"
        self.papers.asked[known] += 1
        flaw = self.papers.drawn(ATTEMPTS, "attempt", known, self.papers.asked[known])
        kind = self.papers.kind(known)
        if flaw == "the connection ends":
            self.close_connection = True
            return
        if flaw:
            self._show(int(flaw), "")
            return
        has_cookie = "seen=1" in self.headers.get("Cookie", "")
        age = (self.papers.now - self.papers.moment(site, int(path.rpartition("/")[2]))) / timedelta(hours=1)
        status, until = _UNTIL.get(kind, (200, 0))
        if age < until:
            self._show(status, "")
        elif kind == "a redirect to itself that sets a cookie" and not has_cookie:
            self._lead(self.path, cookie=True)
        elif kind == "a redirect over a consent page" and not has_cookie:
            self._lead(f"/consent?to={self.path}")
        elif kind == "a meta refresh to its other address" and "?" not in self.path:
            self._show(200, f"<html><head><meta http-equiv=refresh content='0; url={path}?full=1'></head></html>")
        else:
            title = f"The pier of {site}, part {path.rpartition('/')[2]}"
            self._show(200, f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>"
                       f"<p>{title}. {_TEXT * 4}</p><p>{_TEXT * 4}</p></article></body></html>")  # fmt: skip

    def _lead(self, target: str, *, cookie: bool = False) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        if cookie:
            self.send_header("Set-Cookie", "seen=1; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show(self, status: int, text: str, kind: str = "text/html") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Program:
    """A checkout of newswarc that crawls, and its own copy of the newspapers."""

    name: str
    checkout: Path
    directory: Path
    papers: Newspapers
    port: int

    def begin(self) -> list[ThreadingHTTPServer]:
        """Serve the newspapers and write their definitions."""
        folder = self.directory / "sites" / "xx"
        folder.mkdir(parents=True)
        for index in range(SITES):
            base = f"http://{host_of(index)}:{self.port}"
            source = f'[[sources]]\nkind = "feed"\nurl = "{base}/feed.xml"\n'
            (folder / f"paper{index}.toml").write_text(f'name = "P{index}"\nurl = "{base}/"\n{source}')
        handler = type("OfProgram", (Handler,), {"papers": self.papers})
        servers = [ThreadingHTTPServer((host_of(index), self.port), handler) for index in range(SITES)]
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return servers

    def run(self, moment: datetime, *, is_last: bool) -> None:
        """One run of the schedule at a moment; the last one closes its segment."""
        self.papers.now = moment
        names = [f"xx/paper{index}" for index in range(SITES)]
        when = () if is_last else ("--due",)
        done = self._call(
            moment, "crawl", *names, *when, "--json", "--sites", "sites", "--allow-host", "127.0.7.0/24"
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")

    def records(self, moment: datetime) -> set[str]:
        """Articles that are records, in the end."""
        done = self._call(moment, "records")
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr[-2000:]}")
        urls = [json.loads(line)["url"] for line in done.stdout.splitlines()]
        return {f"//{urlsplit(url).hostname}{urlsplit(url).path}" for url in urls}

    def _call(self, moment: datetime, *words: str) -> subprocess.CompletedProcess[str]:
        variables = {
            "NEWSWARC_CONTACT": "tests@example.org",
            "NEWSWARC_DELAY": "0",
            "FAKETIME": f"@{moment:%Y-%m-%d %H:%M:%S}",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "LD_PRELOAD": str(_FAKE_CLOCK[-1]),
            "TZ": "UTC",
        }
        command = [str(self.checkout / ".venv" / "bin" / "newswarc"), *words]
        return subprocess.run(
            command, cwd=self.directory, env=environment(**variables), capture_output=True, text=True, check=False
        )


def main() -> int:
    """Crawl and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path, help="another checkout, with its environment")
    parser.add_argument("--hours", type=int, default=HOURS_OF_RUN)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    if not _FAKE_CLOCK:
        say("not there: Debian's faketime")
        return 2
    checkouts = {"this program": ROOT} | ({"the other": options.beside.resolve()} if options.beside else {})
    scratch = Path(tempfile.mkdtemp(prefix="newswarc-answers-"))
    try:
        programs = [
            Program(name, checkout, scratch / f"{number}", Newspapers(seed=11), free_ports(1)[0])
            for number, (name, checkout) in enumerate(checkouts.items())
        ]
        servers = [server for program in programs for server in program.begin()]
        for hour in range(options.hours):
            say(f"hour {hour + 1} of {options.hours}")
            for program in programs:
                program.run(BEGIN + timedelta(hours=hour), is_last=hour + 1 == options.hours)
        end = BEGIN + timedelta(hours=options.hours - 1)
        text = _report([(program, program.records(end)) for program in programs], options.hours)
        for server in servers:
            server.shutdown()
    finally:
        shutil.rmtree(scratch)
    deliver(text, options.report)
    return 0


def _report(results: list[tuple[Program, set[str]]], hours: int) -> str:
    announced = results[0][0].papers.announced()
    possible = {path for path, kind in announced.items() if kind not in NEVER}
    names = " | ".join(program.name for program, _ in results)
    kinds = ["simply there", *ARTICLES]
    rows = []
    for kind in kinds:
        paths = {path for path, own in announced.items() if (own or "simply there") == kind}
        found = " | ".join(f"{len(paths & records)}" for _, records in results)
        rows.append(f"| {kind} | {len(paths)} | {found} |")
    shares = "\n".join(
        f"- {program.name}: {len(records & set(announced)) / len(announced):.1%} of all announced, "
        f"{len(records & possible) / len(possible):.1%} of those that can be had; "
        f"{program.papers.asked.total()} requests"
        for program, records in results
    )
    tables = "\n".join(
        f"- {name}: {', '.join(f'{what} {share:.1%}' for what, share in table.items())}"
        for name, table in (
            ("of articles", ARTICLES),
            ("of requests", ATTEMPTS),
            ("of hours", HOURS),
            ("of feeds", FEEDS),
        )
    )
    return f"""# A hundredth of a year

Written by `make answers`. {SITES} newspapers publish for {hours} hours, an article every {_EVERY} hours each; their
feeds show {_LISTED}. `newswarc crawl --due` runs once an hour, by a clock that is set. Articles of the last hours
count as announced, whether or not there was time to ask for them.

How the newspapers answer, drawn with these frequencies:

{tables}

{shares}

| articles | announced | records: {names} |
|---|---|{"---|" * len(results)}
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    sys.exit(main())

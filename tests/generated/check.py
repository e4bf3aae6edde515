"""Crawls of many generated sites at once, each held against what was planted in it."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.generated.server import SiteServer
from tests.generated.site import HOLDS, Article, Site, sites
from tests.generated.table import Fate, article_fates
from tests.support.processes import PROGRAM, environment, newswarc

_SETTINGS = """
contact = "https://example.org/bot"
sites = ["sites"]
delay = 0.0
retries = 1
host_patience = 0
extraction_workers = 1
allow_hosts = {allowed}
"""
_DEFINITION = """
name = "Paper"
url = "{base}/"
[urls]
deny = ["/never/"]
"""
_LONGEST = 1200.0
"""Seconds after which a crawl hangs."""
_KINDS = {"feed": "feed", "section": "section"}


@dataclass
class Crawled:
    """What a crawl came to, as anybody can read it."""

    code: int
    report: dict[str, Any]
    records: dict[str, str] = field(default_factory=dict)
    """The address that each record was asked for at, by the address it has."""
    outcomes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Page outcomes by address."""
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Lines of ``newswarc failures`` by address."""
    unasked: set[str] = field(default_factory=set)
    """Addresses that wait and were not tried yet."""


def drawn(count: int, number: int) -> list[Site]:
    """So many sites, no two alike; the same for the same number."""
    found: dict[Site, None] = {}

    @seed(number)
    @settings(
        max_examples=2 * count,  # many are made by changing an earlier one a little
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(sites())
    def draw(site: Site) -> None:
        found[site] = None

    draw()
    return list(found)[:count]


def faults_of(planned: Sequence[Site], directory: Path) -> list[str]:
    """What did not come as it should; those that need nobody and those that need somebody are crawled by turns."""
    directory.mkdir(parents=True)
    faults: list[str] = []
    with SiteServer(planned) as server:
        for needs_operator in (False, True):
            hosts = [host for host, site in server.sites.items() if site.needs_operator is needs_operator]
            if hosts:
                crawled = _crawl(server, hosts, directory / ("needs" if needs_operator else "well"))
                faults += _faults_of_run(server, hosts, crawled, needs_operator=needs_operator)
        if server.hidden_contacts:
            faults.append(f"the internal service was contacted {server.hidden_contacts} times")
    return faults


def _crawl(server: SiteServer, hosts: Sequence[str], directory: Path) -> Crawled:
    (directory / "sites" / "gen").mkdir(parents=True)
    (directory / "newswarc.toml").write_text(_SETTINGS.format(allowed=json.dumps(server.allowed)))
    for host in hosts:
        if server.sites[host].is_named:
            (directory / "sites" / "gen" / f"{host}.toml").write_text(_definition(server, host))
    what = [f"gen/{host}" if server.sites[host].is_named else f"{server.base(host)}/" for host in hosts]
    done = subprocess.run(
        [str(PROGRAM), "crawl", *what, "--to", "archive", "--json"],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_LONGEST,
    )
    try:
        crawled = Crawled(done.returncode, json.loads(done.stdout))
    except json.JSONDecodeError:
        raise AssertionError(done.stderr[-3000:]) from None
    for path in (directory / "archive").glob("records/**/*.jsonl.gz"):
        for line in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
            if ".outcomes." in path.name:
                crawled.outcomes[line["url"]].add(line["outcome"])
            else:
                crawled.records[line["url"]] = line["requestedUrl"] or line["url"]
    listed = newswarc("failures", "--json", "--config", "newswarc.toml", cwd=directory, NEWSWARC_ARCHIVE="archive")
    crawled.failures = {line["url"]: line for line in listed.lines()}
    (state,) = directory.glob("*/**/frontier.sqlite")
    with closing(sqlite3.connect(state)) as connection:
        waiting = "SELECT url FROM addresses WHERE state IN ('discovered', 'claimed')"
        crawled.unasked = {str(url) for (url,) in connection.execute(waiting)}
    return crawled


def _definition(server: SiteServer, host: str) -> str:
    base = server.base(host)
    sources = [
        f'[[sources]]\nkind = "{_KINDS.get(source.kind, "sitemap")}"\nurl = "{base}{source.path}"\n'
        for source in server.sites[host].sources
    ]
    return _DEFINITION.format(base=base) + "".join(sources)


def _faults_of_run(server: SiteServer, hosts: Sequence[str], crawled: Crawled, *, needs_operator: bool) -> list[str]:
    found = [f"exit code {crawled.code}"] if crawled.code != int(needs_operator) else []
    for host in hosts:
        site = server.sites[host]
        name = f"gen/{host}" if site.is_named else f"{host}:{server.port}"
        faults = _faults_of_site(server, host, site, name, crawled)
        if faults:
            told = [problem for problem in crawled.report["problems"] if problem.startswith(f"{name}:")]
            found.append(f"{site}\n    " + "\n    ".join([*faults, *(f"told: {line}" for line in told)]))
    return found


def _faults_of_site(server: SiteServer, host: str, site: Site, name: str, crawled: Crawled) -> list[str]:
    faults: list[str] = []
    if (name in crawled.report["failed_sites"]) is not site.needs_operator:
        faults.append(
            f"{'needs' if site.needs_operator else 'does not need'} its operator, and the run says otherwise"
        )
    left_out = crawled.report["left_out"].get(name, {})
    if left_out != site.left_out:
        faults.append(f"left out: {left_out}, not {site.left_out}")
    for article in site.announced:
        address = server.address(host, article)
        ends = _ends(address, crawled)
        if len(ends) != 1:
            faults.append(f"{article.answer}: ends as {ends}")
        elif not _is_right(article, site, ends[0], crawled.outcomes.get(address, set())):
            faults.append(f"{article.answer}: ends as {ends[0]}, not as {article_fates()[article.answer]}")
    return faults


def _ends(address: str, crawled: Crawled) -> list[Fate]:
    """All that can be said of how an article ended: it should be one thing."""
    ends: list[Fate] = []
    if address in crawled.records.values():
        ends.append(Fate("record", "record"))
    failure = crawled.failures.get(address)
    if failure is not None:
        has_next = failure["following"] > failure["last"] > 0 and not failure["given_up"]
        ends.append(Fate("waiting" if has_next else "lost", failure["outcome"]))
    if address in crawled.unasked:
        ends.append(Fate("waiting", ""))
    pages = crawled.outcomes.get(address, set())
    return ends or [Fate("page outcome", outcome) for outcome in sorted(pages)]


def _is_right(article: Article, site: Site, end: Fate, pages: set[str]) -> bool:
    holding = [other for other in site.announced if other.answer in HOLDS]
    # The whole host is left alone, its robots.txt too
    if holding and holding != [article] and end in (Fate("waiting", ""), Fate("waiting", "robots_unreachable")):
        return True
    if article.answer == "to another" and end.kind == "record":
        return "redirected" in pages  # it was asked for before the other
    return end == article_fates()[article.answer]

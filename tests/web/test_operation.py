"""Pages for operators, over the state of a machine that has crawled."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.access import AccessGate, add_rule, lift_rule
from archive.access_rules import AccessLift, AccessRule, AccessRules, Restriction
from archive.address_match import Match
from archive.clock_and_ids import SystemClockAndIds
from archive.exchange import Discovery, Role
from crawler.config import Configuration
from crawler.frontier.database import open_database
from crawler.frontier.entries import Due, Failed
from crawler.frontier.frontier import open_frontier
from crawler.frontier.run_history import Run, RunHistory
from crawler.watching.status import WorkerStatus
from crawler.web.operation_pages import shown_status
from crawler.web.roles import Role as WebRole
from tests.watching.test_concerns import status
from tests.web.asking import Server, serving
from tests.web.captured import captured as make_captured
from tests.web.elements import Elements, require_harmless

GONE = 'https://news.example/gone?x="><script>alert(1)</script>'
LATE = "https://news.example/late"
NASTY = '"><script>alert(2)</script>'


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A machine on which two addresses failed."""
    place = make_captured(tmp_path_factory.mktemp("machine")).place
    now = datetime.now(UTC)
    with closing(open_frontier(Configuration(archive=str(place)))) as frontier:
        found = Discovery(role=Role.ARTICLE, site="news.example", via="feed", source_url="https://news.example/feed")
        frontier.discover([Due(url, found) for url in (GONE, LATE)])
        frontier.failures.add(
            [Failed(GONE, "not_found", passing=False, status=404), Failed(LATE, "timeout", passing=True)], now
        )
    with closing(open_database(Configuration(archive=str(place)))) as database:
        for number in range(60):
            begun = 1_800_000_000.0 + number * 600
            RunHistory(database).put(
                Run(
                    f"{number:032x}",
                    begun,
                    "pier:/state",
                    4_000_000,
                    "another boot 1",
                    ("news.example", NASTY),
                    ended=begun + 90 if number else 0.0,
                    code=number % 2,
                    articles={"news.example": 3, "other.example": 4},
                    problems=(f"{NASTY}: https://news.example/late is gone",) if number % 2 else (),
                )
            )
    with serving(place, web_anyone=tuple(WebRole)) as server:
        yield server


def test_crawls_are_told(machine: Server) -> None:
    page = machine.ask("/crawls")
    assert page.status == 200
    assert "No run is in progress" in page.text
    assert "news.example" in page.text
    require_harmless(page.text)


def test_the_live_view_tells_again_and_again(machine: Server) -> None:
    with socket.create_connection(("127.0.0.1", machine.port), timeout=20) as line:
        line.sendall(b"GET /crawls/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = b""
        while told.count(b"data: ") < 2:
            told += line.recv(65536)
    assert b"text/event-stream" in told


def test_failures_are_told_explained_and_tried_again(machine: Server) -> None:
    page = machine.ask("/failures")
    assert "2 articles, 0 given up" in page.text
    assert "not_found (404)" in page.text
    require_harmless(page.text)
    assert "1 article," in machine.ask("/failures?outcome=timeout").text
    assert machine.ask("/failures?since=soon").status == 400
    explained = machine.ask(f"/explain?url={LATE}")
    assert "last try" in explained.text
    require_harmless(explained.text)
    answer = machine.post("/failures", {"url": LATE, "action": "forget", "site": "news.example"})
    assert (answer.status, answer.headers["location"]) == (303, "/failures?site=news.example")
    assert "1 article," in machine.ask("/failures").text
    assert machine.post("/failures", {"url": LATE, "action": "delete"}).status == 400
    assert machine.services.audit.newest(1).lines[0]["url"] == LATE


def test_the_history_of_runs_is_told_by_parts(machine: Server) -> None:
    page = machine.ask("/runs")
    assert "with trouble (1)" in page.text
    assert "has not reported" not in page.text
    require_harmless(page.text)
    (older,) = [link for link in Elements(page.text).links() if link.startswith("/runs?before=")]
    assert "has not reported" in machine.ask(older).text, "the oldest was killed"
    assert machine.ask("/runs?before=x:y").status == 400
    path, seen = "/api/v1/runs?limit=25", []
    while True:
        told = json.loads(machine.ask(path).body)
        seen += [run["id"] for run in told["runs"]]
        if not told["next"]:
            break
        path = f"/api/v1/runs?limit=25&before={told['next']}"
    assert seen == [f"{number:032x}" for number in reversed(range(60))]
    for wrong in ("limit=0", "limit=101", "before=1", "after=1"):
        assert machine.ask(f"/api/v1/runs?{wrong}").status == 400


def test_what_rules_withhold_is_not_told_here_either(machine: Server) -> None:
    storage, clock, now = machine.services.reader.storage, SystemClockAndIds(), datetime.now(UTC)
    rule = AccessRule(id="m1", restriction=Restriction.BLOCKED, address="https://news.example/", reason="x", date=now)
    add_rule(storage, rule, clock)
    machine.services.reader.refresh()
    try:
        for path in ("/failures", "/crawls", "/metrics", "/api/v1/status", "/sites", "/api/v1/sites", "/runs",
                     "/api/v1/runs", "/api/v1/crawl"):  # fmt: skip
            assert "news.example" not in machine.ask(path).text, path
        assert machine.ask(f"/explain?url={LATE}").status == 451
    finally:
        lift_rule(storage, AccessLift(rule="m1", reason="over", date=now), clock)
        machine.services.reader.refresh()


def test_another_form_of_an_address_tells_nothing_of_a_withheld_one(machine: Server) -> None:
    storage, clock, now = machine.services.reader.storage, SystemClockAndIds(), datetime.now(UTC)
    twin = LATE.replace("news.example", "m.news.example")
    assert LATE in machine.ask(f"/explain?url={twin}").text
    add_rule(storage, AccessRule(id="m2", restriction=Restriction.BLOCKED, address=LATE, reason="x", date=now), clock)
    machine.services.reader.refresh()
    try:
        answer = machine.ask(f"/explain?url={twin}")
        assert answer.status == 451
        assert LATE not in answer.text
    finally:
        lift_rule(storage, AccessLift(rule="m2", reason="over", date=now), clock)
        machine.services.reader.refresh()


def test_metrics_are_those_of_the_machine(machine: Server) -> None:
    answer = machine.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "newswarc_" in answer.text
    assert "news.example" in answer.text


def test_alarms_are_tried(machine: Server, tmp_path: Path) -> None:
    assert "No alarms are configured" in machine.post("/alarms/test").text
    took = tmp_path / "took"
    told = machine.services.configuration.model_copy(update={"alarm_command": f"tee {took}"})
    machine.services.operation._configuration = told
    assert "delivered" in machine.post("/alarms/test").text
    assert "this is a test" in took.read_text()


def test_a_machine_that_never_crawled_says_so(kept: Server) -> None:
    for path in ("/crawls", "/failures", "/runs"):
        page = kept.ask(path)
        assert page.status == 200
        assert "no crawl of this archive has run from this machine" in page.text
    assert kept.ask("/metrics").status == 404
    assert kept.ask("/api/v1/status").status == 404


def test_a_withheld_site_is_named_nowhere_in_a_status() -> None:
    now = datetime.now(UTC)
    secret = AccessRule(
        id="r", restriction=Restriction.BLOCKED, address="secret.example", match=Match.DOMAIN, reason="r", date=now
    )
    gate = AccessGate(AccessRules([secret]), lambda: now)
    usual = status()
    sites = dict.fromkeys(("news.example", "secret.example"), usual.sites["paper"])
    found = status(sites=sites, workers={"vm:/a": WorkerStatus(1.0, tuple(sites))})
    shown = shown_status(found, gate)
    assert list(shown.sites) == ["news.example"]
    assert shown.workers["vm:/a"].sites == ("news.example",)
    assert "secret.example" not in repr(shown)

"""A run with ``--due`` that has nothing to do knows it from an earlier one, until anything changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.exchange import CaptureOutcome
from crawler.cli.site_names import site_of_front_page
from crawler.config import Configuration, load_configuration
from crawler.demo.server import DemoServer
from crawler.frontier.database import Database
from crawler.frontier.entries import Failed
from crawler.frontier.falling_due import NEVER, falls_due
from crawler.frontier.frontier import GRACE, Frontier
from crawler.keeping.quiet import LONGEST, quiet_report
from crawler.scheduling import Pace
from spiders.site import Site
from tests.crawler.test_frontier import captured, due
from tests.support.processes import newswarc

NOW = datetime(2026, 1, 5, tzinfo=UTC)
AGES = {"a": [3600.0, 86400.0]}


@dataclass(frozen=True)
class Place:
    """The state of a machine on which a second run has found nothing to do."""

    state: Path
    configuration: Configuration
    site: Site

    def is_quiet(self, after: float = 0.0, settings: dict[str, object] | None = None) -> bool:
        configuration = self.configuration.model_copy(update=settings)
        return quiet_report(configuration, [self.site], time.time() + after) is not None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    directory = tmp_path_factory.mktemp("quiet")
    with DemoServer() as server:
        settings = {
            "NEWSWARC_DELAY": "0",
            "NEWSWARC_CONTACT": "tests@example.org",
            "NEWSWARC_ALLOW_HOSTS": server.base.removeprefix("http://"),
            "NEWSWARC_ARCHIVE": str(directory / "newswarc-data"),
        }
        command = ("crawl", f"{server.base}/", "--due")
        first, second = (newswarc(*command, "--json", cwd=directory, **settings) for _ in range(2))
        assert first.json()["outcomes"], first.err
        server.requests.clear()
        assert newswarc(*command, "--json", cwd=directory, **settings).out == second.out
        assert "nothing is due before" in newswarc(*command, cwd=directory, **settings).err
        assert server.requests == []
        site = site_of_front_page(f"{server.base}/")
    return Place(directory / "newswarc-data" / "state", load_configuration(environment=settings), site)


def test_it_is_quiet_until_a_moment(place: Place) -> None:
    assert place.is_quiet()
    assert not place.is_quiet(after=LONGEST)
    assert not place.is_quiet(after=-LONGEST), "the clock was wrong, or is"


@pytest.mark.parametrize(
    "settings",
    [
        {"user_agent": "another/1"},
        {"segment_age": 1800.0},
        {"frontier": "postgresql://db.example/frontier"},
        {"keep_index": True},
        {"custody_key": "key"},
    ],
    ids=str,
)
def test_other_settings_end_it(place: Place, settings: dict[str, object]) -> None:
    assert not place.is_quiet(settings=settings)


def test_another_choice_of_sites_ends_it(place: Place) -> None:
    other = place.site.model_copy(update={"language": "de"})
    for sites in ([], [other], [place.site, other]):
        assert quiet_report(place.configuration, sites, time.time()) is None


def _database(place: Place) -> Path:
    database = sqlite3.connect(place.state / "frontier.sqlite")
    with database:
        database.execute("UPDATE schedules SET due_at = due_at - 1")
    database.close()
    return place.state / "frontier.sqlite"


def _segment(place: Place) -> Path:
    (path,) = (place.state / "spool").glob("*.open")
    with path.open("ab") as file:
        file.write(b"torn")
    return path


def _spool(place: Place) -> Path:
    path = place.state / "spool" / "left-behind.json"
    path.write_text("{}")
    return path


def _note(place: Place) -> Path:
    path = place.state / "quiet.json"
    path.write_bytes(path.read_bytes()[:100])
    return path


@pytest.mark.parametrize("change", [_database, _segment, _spool, _note], ids=lambda change: change.__name__)
def test_whatever_changes_ends_it(place: Place, change: Callable[[Place], Path], tmp_path: Path) -> None:
    kept = tmp_path / "state"
    shutil.copytree(place.state, kept)
    assert place.is_quiet()
    changed = change(place)
    assert not place.is_quiet()
    before = kept / changed.relative_to(place.state)
    if not before.exists():
        changed.unlink()
    else:
        changed.write_bytes(before.read_bytes())
        os.utime(changed, ns=(before.stat().st_atime_ns, before.stat().st_mtime_ns))
    assert place.is_quiet()


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    opened = Frontier(Database.in_directory(tmp_path))
    yield opened
    opened.close()


def falls(frontier: Frontier, now: datetime = NOW) -> float:
    return falls_due(frontier.database, AGES, now.timestamp())


def test_of_nothing_nothing_falls_due(frontier: Frontier) -> None:
    assert falls(frontier) == NEVER


@pytest.mark.parametrize("passing", [True, False])
def test_an_address_falls_due_after_its_pause(frontier: Frontier, passing: bool) -> None:
    frontier.discover([due(1)])
    assert falls(frontier) == NOW.timestamp(), "it waits already"
    outcome = CaptureOutcome.DNS_FAILURE if passing else CaptureOutcome.ROBOTS_DENIED
    frontier.failed([Failed(due(1).url, outcome.value, passing=passing)], NOW)
    moment = datetime.fromtimestamp(falls(frontier), UTC)
    for now, is_due in ((moment - timedelta(seconds=1), False), (moment, True)):
        found = frontier.due(["a"], now) if passing else frontier.failures.retries("a", now, 10)
        assert bool(found) is is_due


def test_a_source_falls_due_after_its_interval(frontier: Frontier) -> None:
    frontier.schedule("https://example.org/feed", 1, Pace(), NOW)
    moment = datetime.fromtimestamp(falls(frontier), UTC)
    assert not frontier.is_due("https://example.org/feed", moment - timedelta(seconds=1))
    assert frontier.is_due("https://example.org/feed", moment)
    assert falls(frontier, moment) == NEVER, "whoever asks has read it"


def test_an_article_falls_due_at_its_ages(frontier: Frontier) -> None:
    frontier.captured([replace(captured(1), shows_page=True)])
    for age in AGES["a"]:
        moment = datetime.fromtimestamp(falls(frontier), UTC)
        assert moment == NOW + timedelta(seconds=age)
        assert not frontier.due_again("a", AGES["a"], moment - timedelta(seconds=1), 10)
        assert frontier.due_again("a", AGES["a"], moment, 10)
        assert falls(frontier, moment) == moment.timestamp()
        frontier.asked_again(captured(1).url, moment)
    late = NOW + timedelta(seconds=2 * AGES["a"][-1] + GRACE)
    assert falls(frontier, late) == NEVER

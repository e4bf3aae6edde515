"""The fleet's sites and when they are due; addresses in doubt; machines that are lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError
from sqlalchemy import update

from archive.exchange import CaptureAddress, Discovery, Role
from crawler.frontier.database import Database
from crawler.frontier.entries import Captured, Due, Failed
from crawler.frontier.frontier import Frontier
from crawler.frontier.leases import NOW
from crawler.frontier.tables import MACHINES
from crawler.scale.crawls import is_of_the_job
from crawler.scale.fleet import PRESENT_EVERY, Fleet
from crawler.scheduling import Pace
from spiders.site import Site, site_of_address
from tests.support.postgres import Postgres
from tests.support.processes import newswarc

HOUR = 3600.0
PACE = Pace(usual=HOUR, shortest=300, longest=30 * 86400)
SITE = site_of_address("https://example.org/")
ID = SITE.id


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    opened = Database(postgres.database())
    yield opened
    opened.close()


def due(number: int) -> Due:
    return Due(f"https://example.org/{number}", Discovery(role=Role.ARTICLE, site=ID, via="feed"))


def captured(number: int, segment: str, seconds_ago: float = 0.0) -> Captured:
    address = CaptureAddress(segment, 10, 20, UUID(int=number), f"sha256:{number}")
    moment = datetime.fromtimestamp(time.time() - seconds_ago, UTC)
    return Captured(due(number).url, address, moment, due(number).discovery, full=True, shows_page=True)


def due_in(fleet: Fleet) -> float:
    return fleet.sites()[0].due_in


def test_sites_come_and_go(database: Database) -> None:
    fleet = Fleet(database)
    assert fleet.add([SITE, site_of_address("https://example.net/")]) == [ID, "example.net"]
    assert sorted(site for site, _ in fleet.due()) == ["example.net", ID]
    renamed = Site(id=ID, name="The Example", url=SITE.url, delay=3.0)
    fleet.put_off(ID, 100)
    assert fleet.add([renamed]) == []
    assert fleet.site(ID) == renamed
    assert [site for site, _ in fleet.due()] == ["example.net"], "a new definition does not make it due"
    assert fleet.remove([ID, "unknown"]) == [ID]
    assert fleet.site(ID) is None


def test_a_site_is_due_when_its_first_source_is(database: Database) -> None:
    fleet, frontier = Fleet(database), Frontier(database)
    fleet.add([SITE])
    fleet.settle(ID, [], PACE)
    assert due_in(fleet) == pytest.approx(HOUR, abs=5), "nothing could be read: after the usual interval"
    for number, interval in enumerate((7200.0, 5000.0)):
        url = f"https://example.org/feed/{number}"
        frontier.looked_at(url, Discovery(role=Role.FEED, site=ID, via="page"), 3, datetime.now(UTC))
        frontier.schedule(url, 0, Pace(interval, interval, interval), datetime.now(UTC))
    fleet.settle(ID, [], PACE)
    assert due_in(fleet) == pytest.approx(5000, abs=5)
    frontier.discover([due(1)])
    fleet.settle(ID, [], PACE)
    assert due_in(fleet) == pytest.approx(300, abs=5), "an article waits, but no site is asked without a break"
    frontier.failed([Failed(due(1).url, "timeout", passing=True)], datetime.now(UTC))
    fleet.settle(ID, [], PACE)
    assert due_in(fleet) == pytest.approx(900, abs=5), "one that failed waits for its pause"
    frontier.captured([captured(1, "s1", seconds_ago=100)])
    fleet.settle(ID, [HOUR, 86400.0], PACE)
    assert due_in(fleet) == pytest.approx(HOUR - 100, abs=5), "it is looked at again for corrections"


def test_what_is_being_fetched_is_nobody_elses(database: Database) -> None:
    mine, other = Frontier(database, "mine"), Frontier(database, "other")
    mine.discover([due(1), due(2), due(3)])
    mine.claim([due(1).url, due(2).url])
    mine.fetching(due(1).url)
    mine.fetching(due(2).url)
    assert [item.url for item in other.due([ID])] == [due(3).url]
    other.take_back()
    assert len(other.due([ID])) == 1, "only who asked knows what came"
    mine.captured([captured(1, "s1")])
    mine.take_back()
    assert sorted(item.url for item in other.due([ID])) == [due(2).url, due(3).url]


def test_of_machines_that_find_the_same_one_has_it(database: Database) -> None:
    frontiers = [Frontier(database, str(number)) for number in range(2)]
    assert [len(frontier.discover([due(1), due(2)])) for frontier in frontiers] == [2, 0]


def test_what_a_lost_machine_had_is_due_again(database: Database) -> None:
    fleet = Fleet(database)
    lost, other = Frontier(database, "lost"), Frontier(database, "other")
    lost.discover([due(number) for number in range(4)])
    lost.claim([due(number).url for number in range(4)])
    lost.captured([captured(0, "stored"), captured(1, "kept")])
    lost.stored("stored")
    lost.fetching(due(2).url)
    fleet.present(["lost", "other"], "worker")
    assert fleet.give_up_silent(60) == {}
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE machines SET seen_at = seen_at - 100 WHERE holder = 'lost'")
    assert fleet.give_up_silent(60) == {"lost": 2}
    assert fleet.give_up_silent(60) == {}, "once"
    assert sorted(item.url for item in other.due([ID])) == [due(number).url for number in (1, 2, 3)]
    assert other.first_capture("sha256:1") is None
    stored = other.first_capture("sha256:0")
    assert stored is not None and stored.stored
    other.captured([captured(1, "anew")])
    found = other.first_capture("sha256:1")
    assert found is not None and found.segment == "anew"
    fleet.present(["lost"], "worker")
    assert not any(spool.lost for spool in fleet.spools()), "it has come back"


def test_the_commands(tmp_path: Path, postgres: Postgres) -> None:
    database = postgres.database()

    def run(*words: str, code: int = 0, **variables: str) -> str:
        done = newswarc("fleet", *words, cwd=tmp_path, **{"NEWSWARC_FRONTIER": database, **variables})
        assert done.code == code, done.err
        return done.out + done.err

    assert "added" in run("add", "https://example.org/")
    assert "replaced" in run("add", "https://example.org/")
    assert '"example.org"' in run("list", "--json")
    assert "now" in run("list")
    assert "not in the fleet" in run("remove", "nobody", code=1)
    assert "removed" in run("remove", "example.org")
    assert "no spool is called" in run("lost", "nobody", code=2)
    Fleet(Database(database)).present(["vm:/slot-1"], "vm")
    assert "0 URLs" in run("lost", "vm:/slot-1")
    assert "postgresql://user@host/name" in run("list", code=2, NEWSWARC_FRONTIER="")


def test_a_worker_that_was_killed_is_gone_and_no_name_is_cut(database: Database, tmp_path: Path) -> None:
    fleet = Fleet(database)
    name = f"https://{'a-newspaper-with-a-long-name.' * 3}example/"
    fleet.add([site_of_address(name)])
    fleet.present(["one:/state/slot-1", "two:/state/slot-1"], "one")
    silent = update(MACHINES).where(MACHINES.c.holder.startswith("two")).values(seen_at=NOW - 4 * PRESENT_EVERY)
    database.transaction(lambda connection: connection.execute(silent))
    settings = {"NEWSWARC_FRONTIER": database.engine.url.render_as_string(hide_password=False)}
    told = newswarc("fleet", "list", "--json", cwd=tmp_path, **settings).json()
    assert {spool: facts["present"] for spool, facts in told["spools"].items()} == {
        "one:/state/slot-1": True,
        "two:/state/slot-1": False,
    }
    assert [site["due_in"] for site in told["sites"].values()] == [0.0], "what is due is not due before now"
    shown = newswarc("fleet", "list", cwd=tmp_path, **{**settings, "COLUMNS": "30"}).out
    assert name in shown
    assert "…" not in shown
    status = newswarc("status", cwd=tmp_path, **settings).out
    assert "worker one:/state/slot-1: waiting for work" in status
    assert "worker two:/state/slot-1: gone" in status


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (None, True),
        (ValueError("of the job"), True),
        (ConnectorException(), False),
        (OperationalError("away"), False),
    ],
)
def test_of_a_database_that_is_away_the_worker_tells_itself(error: Exception | None, is_told: bool) -> None:
    wrapped = RuntimeError("around it") if error is not None else None
    if wrapped is not None:
        wrapped.__cause__ = error
    told = (type(wrapped), wrapped, None) if wrapped is not None else None
    record = logging.LogRecord("procrastinate", logging.ERROR, "", 0, "a job", (), told)
    assert is_of_the_job(record) is is_told

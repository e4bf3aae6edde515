"""Who alone may work at something: in the database, and as a crawl sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler.frontier.database import Database, FrontierUnavailable
from crawler.frontier.leases import Leases, drop_old
from crawler.frontier.presence import Among, HeldElsewhere
from tests.support.postgres import Postgres


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    opened = Database(postgres.database())
    yield opened
    opened.close()


def test_one_alone_has_it_until_it_gives_it_back(database: Database) -> None:
    one, other = Leases(database, "one", 60), Leases(database, "other", 60)
    assert one.take("host a") is not None
    assert other.take("host a") is None
    assert other.take("host b") is not None, "each thing for itself"
    assert one.take("host a") is not None, "again is no harm"
    one.release(["host a"])
    taken = other.take("host a")
    assert taken is not None and taken.wait == 0
    assert one.take("host a") is None
    one.release(["host a"])
    assert one.take("host a") is None, "what is not one's own cannot be given back"


def test_who_comes_next_waits_as_long_as_the_former_would_have(database: Database) -> None:
    one, other = Leases(database, "one", 0.5), Leases(database, "other", 60)
    one.take("host a", pause=30)
    one.release(["host a"], pause=20)
    taken = other.take("host a", pause=7)
    assert taken is not None and 19 < taken.wait <= 20
    again = other.take("host a")
    assert again is not None and again.wait == 0, "who has it knows itself how long to wait"
    one.take("host b", pause=30)
    assert other.take("host b") is None
    time.sleep(0.6)
    after_its_end = other.take("host b")
    assert after_its_end is not None and 29 < after_its_end.wait < 30


def test_a_holder_stops_before_others_may_begin(database: Database) -> None:
    """Its own clock says when, counted from before it asked, with a margin."""
    before = time.monotonic()
    lease = Leases(database, "one", 60).take("host a")
    assert lease is not None
    assert before + 50 < lease.deadline < before + 60


def test_what_ran_out_is_renewed_unless_somebody_has_taken_it(database: Database) -> None:
    one, other = Leases(database, "one", 0.3), Leases(database, "other", 60)
    for key in ("host a", "host b"):
        one.take(key)
    time.sleep(0.4)
    other.take("host b")
    keys, deadline = one.renew()
    assert keys == {"host a"}
    assert 0 < deadline - time.monotonic() < 0.3
    assert other.take("host a") is None


def test_of_many_at_once_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: Leases(database, f"holder {n}", 60).take("host a"), range(8)))
    assert len([lease for lease in taken if lease is not None]) == 1


def test_those_of_long_ago_are_forgotten(database: Database) -> None:
    leases = Leases(database, "one", 60)
    leases.take("host a")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leases SET until = until - 100000")
    leases.take("host b")
    drop_old(database)
    with database.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT key FROM leases").scalars().all() == ["host b"]


def lost(_: str) -> None:
    raise AssertionError("nothing is lost here")


def test_a_crawl_waits_until_the_other_leaves_a_host(database: Database) -> None:
    async def run() -> None:
        one, other = Among(Leases(database, "one", 60), lost), Among(Leases(database, "other", 60), lost)
        await one.at("host a", 0.3)
        waiting = asyncio.create_task(other.at("host a", 0.3))
        await asyncio.sleep(0.7)
        assert not waiting.done()
        one.done("host a")
        left = time.monotonic()
        one.leave()
        until = await asyncio.wait_for(waiting, 10)
        assert time.monotonic() - left >= 0.3, "the pause between two requests is kept"
        assert until > time.monotonic() + 50
        other.leave()

    asyncio.run(run())


def test_a_host_that_is_not_asked_any_more_is_given_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.frontier.presence._IDLE", 0.1)

    async def run() -> None:
        one, other = Among(Leases(database, "one", 1.0), lost), Among(Leases(database, "other", 60), lost)
        renewing = asyncio.create_task(one.run())
        await one.at("host a", 0.0)
        assert await one.at_sites(["site"]) == []
        await asyncio.sleep(1.5)
        assert Leases(database, "third", 60).take("host a") is None, "kept as long as it is used"
        one.done("host a")
        await asyncio.wait_for(other.at("host a", 0.0), 5)
        assert await other.at_sites(["site", "another"]) == ["site"], "a site stays the crawl's"
        renewing.cancel()

    asyncio.run(run())


def test_a_crawl_does_not_wait_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.frontier.presence.LONGEST_WAIT", 0.1)
    Leases(database, "one", 60).take("host a")

    async def run() -> None:
        with pytest.raises(HeldElsewhere, match="a later run"):
            await Among(Leases(database, "other", 60), lost).at("host a", 0.0)

    asyncio.run(run())


def test_who_is_cut_off_knows_it_before_others_take_over() -> None:
    told: list[tuple[str, float]] = []

    async def run(server: Postgres) -> float:
        leases = Leases(Database(server.database(), patience=0.2), "one", 2.0)
        among = Among(leases, lambda site: told.append((site, time.monotonic())))
        await among.at_sites(["site"])
        await among.at("host a", 0.0)
        renewing = asyncio.create_task(among.run())
        await asyncio.sleep(1)
        await asyncio.to_thread(server.stop, "immediate")
        cut = time.monotonic()
        while not told:
            await asyncio.sleep(0.05)
            assert time.monotonic() < cut + 5
        with pytest.raises(FrontierUnavailable):
            await asyncio.sleep(2)
            await among.at("host a", 0.0)
        renewing.cancel()
        return cut

    with Postgres() as server:
        cut = asyncio.run(run(server))
    assert told[0][0] == "site"
    assert told[0][1] < cut + 2.0, "within the lease"

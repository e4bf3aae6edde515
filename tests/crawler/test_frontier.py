from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from archive.exchange import CaptureAddress, Discovery, Role
from crawler.frontier.database import Database
from crawler.frontier.entries import Captured, Due, Failed
from crawler.frontier.frontier import Frontier
from crawler.scheduling import Pace
from tests.support.postgres import Postgres

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'frontier.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def frontier(database: str) -> Iterator[Frontier]:
    opened = Frontier(Database(database))
    yield opened
    opened.close()


def due(number: int, site: str = "a", role: Role = Role.ARTICLE) -> Due:
    return Due(f"https://example.org/{number}", Discovery(role=role, site=site, via="feed", source_title="عنوان"))


def captured(number: int, segment: str = "s1", *, full: bool = True, digest: str = "sha256:1") -> Captured:
    address = CaptureAddress(segment, 10, 20, UUID(int=number), digest)
    return Captured(due(number).url, address, NOW, due(number).discovery, '"tag"', "yesterday", full)


def urls(found: list[Due]) -> list[str]:
    return [item.url.rsplit("/", 1)[-1] for item in found]


def test_only_what_is_new_is_given_back(frontier: Frontier) -> None:
    assert urls(frontier.discover([due(1), due(2), due(1)])) == ["1", "2"]
    assert urls(frontier.discover([due(2), due(3)])) == ["3"]
    assert frontier.discover([]) == []
    assert frontier.discover([due(number) for number in range(1200)])[-1].url.endswith("/1199")


def test_what_was_found_but_not_captured_is_due_again(frontier: Frontier) -> None:
    frontier.discover([due(1), due(2), due(3, site="b")])
    frontier.claim([due(1).url])
    assert urls(frontier.due(["a"])) == ["1", "2"]
    frontier.captured([captured(1)])
    assert frontier.due(["a"]) == [due(2)], "with how it was found"
    assert urls(frontier.due(["a", "b"])) == ["2", "3"]


def test_it_survives_its_process(database: str) -> None:
    first = Frontier(Database(database))
    first.discover([due(1)])
    first.settle()
    first.close()
    second = Frontier(Database(database))
    assert urls(second.due(["a"])) == ["1"]
    second.close()


def test_addresses_that_databases_stumble_over(frontier: Frontier) -> None:
    """Bytes that are no UTF-8 (old sites write Latin-1), NUL, and addresses without end."""
    strange = [f"https://example.org/{tail}" for tail in ("caf%E9-au-lait", "a%00b", "%ED%A0%80", "x" * 1900)]
    endless = f"https://example.org/{'y' * 2000}"
    found = [Due(url, due(1).discovery) for url in [*strange, endless]]
    assert [item.url for item in frontier.discover(found)] == strange, "an endless one is left out"
    assert frontier.discover(found) == []
    known = [dataclasses.replace(captured(number), url=url) for number, url in enumerate([*strange, endless])]
    frontier.captured([dataclasses.replace(known[0], etag='"a\0b"'), *known[1:]])
    assert frontier.due(["a"]) == []
    assert frontier.known_capture(strange[3]) is not None
    assert frontier.known_capture(endless) is None


def test_a_failure_later_does_not_undo_a_capture(frontier: Frontier) -> None:
    frontier.discover([due(1)])
    frontier.captured([captured(1)])
    frontier.failed([Failed(due(1).url, "timeout", passing=True)], NOW)
    assert frontier.due(["a"]) == []


def test_an_address_that_nobody_announced_is_known_once_it_is_captured(frontier: Frontier) -> None:
    frontier.captured([captured(5)])
    assert frontier.discover([due(5)]) == []


def test_a_captured_source_is_no_article(frontier: Frontier) -> None:
    source = Captured(
        "https://example.org/feed", captured(1).address, NOW, Discovery(role=Role.FEED, site="a"), full=True
    )
    frontier.captured([source])
    assert frontier.known_capture("https://example.org/feed") is not None
    assert frontier.due(["a"]) == []


def test_originals_are_in_reach_when_they_are_stored(frontier: Frontier) -> None:
    assert frontier.known_capture(due(1).url) is None
    frontier.captured([captured(1), captured(2, full=False)])
    known = frontier.known_capture(due(1).url)
    assert known is not None
    assert (known.stored, known.segment, known.etag, known.last_modified) == (False, "s1", '"tag"', "yesterday")
    assert known.original.record_id == UUID(int=1)
    assert known.original.date == NOW
    assert frontier.known_capture(due(2).url) is None
    frontier.stored("s1")
    stored = frontier.known_capture(due(1).url)
    assert stored is not None
    assert stored.stored
    frontier.captured([captured(1, segment="s2", digest="sha256:2")])
    newer = frontier.known_capture(due(1).url)
    assert newer is not None
    assert (newer.stored, newer.original.payload_digest) == (False, "sha256:2")


def test_sources_remember_what_they_showed(frontier: Frontier) -> None:
    assert frontier.last_found("https://example.org/feed") == 0
    frontier.looked_at("https://example.org/feed", Discovery(role=Role.FEED, site="a"), 12, NOW)
    frontier.looked_at("https://example.org/feed", Discovery(role=Role.FEED, site="a"), 13, NOW)
    assert frontier.last_found("https://example.org/feed") == 13


def test_a_source_is_left_alone_for_as_long_as_it_asks_up_to_the_usual_interval(frontier: Frontier) -> None:
    pace = Pace(usual=3600, shortest=300)
    for wish, left_alone in ((0.0, 300), (1200.0, 1200), (86400.0, 3600)):
        url = f"https://example.org/feed/{wish}"
        frontier.schedule(url, 0, pace, NOW, wish=wish)
        assert not frontier.is_due(url, NOW + timedelta(seconds=left_alone - 1))
        assert frontier.is_due(url, NOW + timedelta(seconds=left_alone))


def test_articles_are_due_again_at_their_ages_and_no_later(frontier: Frontier) -> None:
    capture = captured(1)
    frontier.captured([dataclasses.replace(capture, shows_page=True, date=NOW)])
    day, ages = 86400.0, (3600.0, 86400.0)

    def due_after(seconds: float) -> list[str]:
        return urls(frontier.due_again("a", ages, NOW + timedelta(seconds=seconds), 10))

    assert due_after(3599) == []
    assert due_after(3600) == ["1"]
    frontier.asked_again("https://example.org/1", NOW + timedelta(hours=2))
    assert due_after(7200) == []
    assert due_after(day) == ["1"]
    assert due_after(30 * day) == [], "nobody asks again for what is old"

"""What is a concern and what is not, and that each is told once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.watching.alarms import Alarms, DeliveryFailed, Notice
from crawler.watching.concerns import Concern, ConcernKind, concerns
from crawler.watching.fixity_note import FixityStatus
from crawler.watching.status import SiteStatus, Status, WorkerStatus

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0


def status(site: SiteStatus | None = None, **given: Any) -> Status:
    usual: dict[str, Any] = {
        "articles": 500,
        "newest": NOW - HOUR,
        "looked_at": NOW - 60,
        "rhythm": 2 * HOUR,
        "sources": 2,
    }
    healthy = Status(
        archive="news",
        at=NOW,
        is_crawling=False,
        sites={"paper": site or SiteStatus(**usual)},
        spool_bytes=1 << 20,
        spool_budget=1 << 30,
        open_segments=1,
        open_pages=12,
        closes_in=2400.0,
        waiting_segments=0,
        oldest_waiting=0.0,
        disk_free=100 << 30,
        least_free=256 << 20,
        clock_ahead=0.4,
        workers={},
        fixity=FixityStatus(NOW - DAY, NOW - 10 * DAY),
        fixity_limit=30 * DAY,
        first=NOW - 100 * DAY,
        totals={},
    )
    return dataclasses.replace(healthy, **given)


def site(**given: Any) -> SiteStatus:
    return SiteStatus(**{"newest": NOW - HOUR, "looked_at": NOW - 60, "rhythm": 2 * HOUR, **given})


def kinds(found: Status) -> list[ConcernKind]:
    return [concern.kind for concern in concerns(found)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (status(), []),
        (status(site(looked_at=NOW - 3 * HOUR)), [ConcernKind.NOT_CRAWLING]),
        (status(site(looked_at=0.0)), []),
        (status(site(articles=90, failures=Counter({("forbidden", 401): 10}))), [ConcernKind.NOT_CAPTURED]),
        (status(site(articles=90, failures=Counter({("forbidden", 403): 9}))), []),
        (status(site(articles=900, failures=Counter({("tls_failure", 0): 40}))), []),
        (status(site(articles=90, failures=Counter({("not_found", 404): 40, ("timeout", 0): 40}))), []),
        (status(site(articles=0, failures=Counter({("robots_denied", 0): 1}))), [ConcernKind.NOT_CAPTURED]),
        (status(oldest_waiting=3 * HOUR, waiting_segments=2), [ConcernKind.UPLOAD_BACKLOG]),
        (status(oldest_waiting=HOUR, waiting_segments=2), []),
        (status(disk_free=900 << 20), [ConcernKind.DISK_LOW]),
        (status(clock_ahead=90.0), [ConcernKind.CLOCK_SKEW]),
        (status(clock_ahead=-90.0), [ConcernKind.CLOCK_SKEW]),
        (status(site(newest=NOW - 7 * HOUR)), [ConcernKind.SITE_SILENT]),
        (status(site(newest=NOW - 5 * HOUR)), []),
        (status(site(newest=NOW - 30 * DAY, rhythm=20 * DAY)), []),
        (status(site(newest=NOW - 30 * DAY, rhythm=0.0)), []),
        (status(site(newest=NOW - 9 * HOUR, looked_at=NOW - 8 * HOUR)), [ConcernKind.NOT_CRAWLING]),
        (status(site(overdue=7 * HOUR)), [ConcernKind.SITE_OVERDUE]),
        (status(site(attempts=Counter(ok=8, forbidden=4))), [ConcernKind.REFUSED]),
        (status(site(attempts=Counter(ok=4, forbidden=4))), []),
        (
            status(site(attempts=Counter(ok=70, rate_limited=30), attempts_before=Counter(ok=500))),
            [ConcernKind.REFUSED],
        ),
        (status(site(attempts=Counter(ok=70, unavailable=30), attempts_before=Counter(ok=70, unavailable=30))), []),
        (status(site(attempts=Counter(ok=2, robots_denied=20))), [ConcernKind.ROBOTS_SHUT]),
        (status(SiteStatus(attempts=Counter(ok=1, robots_denied=1))), [ConcernKind.ROBOTS_SHUT]),
        (status(SiteStatus(attempts_before=Counter(ok=1, robots_unreachable=1))), [ConcernKind.ROBOTS_SHUT]),
        (status(SiteStatus(attempts=Counter(ok=1, forbidden=1))), [ConcernKind.REFUSED]),
        (status(SiteStatus(attempts=Counter(ok=2))), []),
        (status(site(attempts=Counter(ok=1, robots_denied=1))), []),
        (
            status(site(pages=Counter(record=10, too_short=10), pages_before=Counter(record=90))),
            [ConcernKind.EXTRACTION_DRIFT],
        ),
        (status(site(pages=Counter(record=10, http_error=10, unchanged=50))), []),
        (status(site(pages=Counter(record=10, unchanged_text=10))), []),
    ],
)
def test_what_is_a_concern(found: Status, expected: list[ConcernKind]) -> None:
    assert kinds(found) == expected


def test_each_has_a_remedy_and_a_name_of_its_own() -> None:
    made = [Concern(kind, "", "x") for kind in ConcernKind]
    assert all(concern.remedy for concern in made)
    assert Concern(ConcernKind.REFUSED, "a", "x").name != Concern(ConcernKind.REFUSED, "b", "x").name


class Recording:
    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.is_away = False

    def notify(self, notice: Notice) -> None:
        if self.is_away:
            raise DeliveryFailed("away")
        self.told.append(notice)


def test_told_once_when_it_begins_and_once_when_it_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "alarms.json"
    notifier = Recording()
    low = [Concern(ConcernKind.DISK_LOW, "", "900 MiB are free")]
    for found in ([], low, [Concern(ConcernKind.DISK_LOW, "", "800 MiB are free")], low, [], [], low):
        alarms = Alarms.read(path)
        assert not alarms.notify(alarms.update(found, NOW), {"notifier": notifier})
        alarms.write(path)
    assert [bool(notice.passed) for notice in notifier.told] == [False, True, False]
    assert notifier.told[0].detail == "900 MiB are free"


def test_who_is_away_is_told_later_and_others_only_once(tmp_path: Path) -> None:
    path = tmp_path / "alarms.json"
    away, there = Recording(), Recording()
    away.is_away = True
    alarms = Alarms.read(path)
    news = alarms.update([Concern(ConcernKind.DISK_LOW, "", "x")], NOW)
    assert alarms.notify(news, {"away": away, "there": there}) == ["away: away"]
    alarms.write(path)
    away.is_away = False
    alarms = Alarms.read(path)
    assert (
        alarms.notify(alarms.update([Concern(ConcernKind.DISK_LOW, "", "x")], NOW), {"away": away, "there": there})
        == []
    )
    assert away.told == there.told == news


def test_what_is_remembered_may_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "alarms.json"
    for text in ("", "[]", '{"lasting": {"x": {"y": 1}}, "untold": []}', "\x00"):
        path.write_text(text)
        assert Alarms.read(path) == Alarms()


def test_a_site_below_its_floor_and_a_worker_that_is_gone() -> None:
    assert [one.name for one in concerns(status(site=site(shown=3, floor=5)))] == ["below_floor:paper"]
    assert concerns(status(site=site(shown=5, floor=5))) == []
    assert [
        one.name
        for one in concerns(status(workers={"vm:/a": WorkerStatus(700.0, ()), "vm:/b": WorkerStatus(500.0, ())}))
    ] == ["worker_silent:vm:/a"]


@pytest.mark.parametrize(
    ("outcome", "code", "advice"),
    [
        ("forbidden", 401, "--header"),
        ("forbidden", 403, "publisher"),
        ("forbidden", 451, "legal"),
        ("robots_denied", 0, "ask the site's owner"),
        ("tls_failure", 0, "ca_file"),
        ("address_refused", 0, "--allow-host"),
        ("redirect", 302, "cookie"),
        ("truncated_length", 200, "max_body"),
    ],
)
def test_articles_that_wait_for_somebody_say_for_what(outcome: str, code: int, advice: str) -> None:
    (found,) = concerns(status(site(articles=3, failures=Counter({(outcome, code): 12, ("forbidden", 402): 1}))))
    assert found.detail.startswith("13 articles could not be captured: 12 ")
    assert advice in found.remedy
    assert "newswarc failures --site paper retry" in found.remedy


def test_bytes_that_nobody_has_read_for_long_are_a_concern() -> None:
    def kinds(fixity: FixityStatus, **given: Any) -> list[ConcernKind]:
        return [one.kind for one in concerns(status(fixity=fixity, **given))]

    assert kinds(FixityStatus(NOW - DAY, NOW - 31 * DAY)) == [ConcernKind.FIXITY_OLD], "names and lengths do not do"
    assert kinds(FixityStatus()) == [ConcernKind.FIXITY_OLD]
    assert kinds(FixityStatus(), first=NOW - 29 * DAY) == [], "a young archive has time"
    assert kinds(FixityStatus(), first=0.0) == []
    assert kinds(FixityStatus(), fixity_limit=0.0) == []
    assert kinds(FixityStatus(NOW - DAY, NOW - DAY, faults=2)) == [ConcernKind.FIXITY_FAULTS]

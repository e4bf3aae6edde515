"""``--since`` and ``--until`` hold for every article, wherever its address comes from and whatever zone dates it."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest

from crawler.demo.server import DemoServer, Reply
from tests.crawler.test_leads import page
from tests.crawler.test_politeness import answer
from tests.support.processes import newswarc

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
PERIOD = (NOON - timedelta(days=2), NOON + timedelta(days=2))
DAYS = (-30.0, -2.5, -2.01, -1.99, -0.5, 1.99, 2.0, 2.3, 20.0)
"""Publication, in days from noon."""
ZONES = [timezone(timedelta(hours=hours)) for hours in (-11, -5, 0, 3, 5.5, 14)]


@dataclass(frozen=True)
class Story:
    """One article, and where its address stands."""

    dated: datetime | None
    """What the feed says; None: the feed does not have it, or has it without a date."""
    in_feed: bool
    linked: bool
    """Whether the front page links to it."""
    stays: bool
    """Whether the feed still has it in the second run."""

    @property
    def is_shown(self) -> bool:
        return self.in_feed or self.linked

    @property
    def is_wanted(self) -> bool:
        return not (self.in_feed and self.dated) or PERIOD[0] <= self.dated < PERIOD[1]


def drawn(seed: int) -> list[Story]:
    """Stories of all kinds, in a random order."""
    chance = random.Random(seed)
    return [
        Story(
            (NOON + timedelta(days=days)).astimezone(chance.choice(ZONES)) if days is not None else None,
            in_feed=chance.random() < 0.7,
            linked=chance.random() < 0.5,
            stays=chance.random() < 0.5,
        )
        for days in chance.sample([None, *DAYS] * 2, 20)
    ]


ALWAYS_THERE = Story(NOON, in_feed=True, linked=True, stays=True)
"""An empty feed is a problem of its own."""


def path(number: int) -> str:
    return f"/news/2026/01/15/what-happened-on-day-{number}"


def feed(base: str, stories: dict[int, Story]) -> Reply:
    items = "".join(
        f"<item><title>What happened {number}</title><link>{base}{path(number)}</link>"
        + (f"<pubDate>{format_datetime(story.dated)}</pubDate>" if story.dated else "")
        + "</item>"
        for number, story in stories.items()
        if story.in_feed
    )
    text = f"<rss version='2.0'><channel><title>Paper</title>{items}</channel></rss>"
    return Reply(text.encode(), content_type="application/rss+xml")


def fetched(server: DemoServer, directory: Path, *options: str) -> set[str]:
    """Articles that a run asks for."""
    before = server.counts()
    done = newswarc(
        "crawl", f"{server.base}/", "-q", *options, cwd=directory, NEWSWARC_DELAY="0",
        NEWSWARC_ALLOW_HOSTS=server.base.removeprefix("http://"),
    )  # fmt: skip
    assert done.code == 0, done.err
    asked = {name for name, count in server.counts().items() if "/news/" in name and count > before.get(name, 0)}
    assert all(server.counts()[name] == 1 for name in asked)
    return asked


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_articles_outside_of_the_period_stay_unasked(seed: int) -> None:
    all_of_them = {0: ALWAYS_THERE, **dict(enumerate(drawn(seed), 1))}
    shown = {path(number) for number, story in all_of_them.items() if story.is_shown}
    wanted = {path(number) for number, story in all_of_them.items() if story.is_shown and story.is_wanted}
    nothing = lambda: Reply(status=404)  # noqa: E731
    links = "".join(f"<a href='{path(n)}'>What happened {n}</a>" for n, story in all_of_them.items() if story.linked)
    front = (
        f"<html><head><link rel=alternate type='application/rss+xml' href='/rss'></head><body>{links}</body></html>"
    )
    named: dict[int, Story] = {}
    with tempfile.TemporaryDirectory() as directory, DemoServer() as server, pytest.MonkeyPatch.context() as patch:
        replies = dict.fromkeys(("/robots.txt", "/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml"), nothing)
        replies |= {path(number): page(f"What happened on day {number}") for number in all_of_them}
        replies |= {"/": lambda: Reply(front.encode()), "/rss": lambda: feed(server.base, named)}
        answer(patch, replies)
        period = ("--since", PERIOD[0].isoformat(), "--until", PERIOD[1].isoformat())
        named.update(all_of_them)
        first = fetched(server, Path(directory), "--limit", "1")
        for number, story in all_of_them.items():
            if not story.stays:
                del named[number]
        second = fetched(server, Path(directory), *period)
        assert second == wanted - first, "what is due, found and linked"
        for number in set(named) - {0}:
            del named[number]
        assert fetched(server, Path(directory), *period) == set(), "dated refusals are remembered"
        named.update(all_of_them)
        assert fetched(server, Path(directory)) == shown - first - second, "without a period all are wanted"


def test_forms_of_an_article_have_its_age(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An alternate is followed when its article lies in the period, in moments and not in letters."""
    with DemoServer() as server:
        nothing = lambda: Reply(status=404)  # noqa: E731
        replies = dict.fromkeys(("/robots.txt", "/sitemap-news.xml", "/news-sitemap.xml", "/sitemap.xml"), nothing)

        def story(number: int, published: str) -> Reply:
            head = f"<link rel=alternate hreflang=fr href='{server.base}/fr{path(number)}'>"
            body = page(f"What happened on day {number}", head)().body
            return Reply(body.replace(b"2026-01-05T08:00:00Z", published.encode()))

        links = "".join(f"<a href='{path(number)}'>What happened {number}</a>" for number in (1, 2))
        replies |= {
            "/": lambda: Reply(f"<html><body>{links}</body></html>".encode()),
            path(1): lambda: story(1, "2026-01-14T23:30:00-05:00"),
            path(2): lambda: story(2, "2026-01-15T01:30:00+03:00"),
            f"/fr{path(1)}": page("Ce qui est arrivé"),
            f"/fr{path(2)}": page("Ce qui n'est pas suivi"),
        }
        answer(monkeypatch, replies)
        for name in ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml"):
            replies[name] = nothing
        asked = fetched(server, tmp_path, "--since", "2026-01-15")
        asked |= fetched(server, tmp_path, "--since", "2026-01-15")
    assert asked == {path(1), path(2), f"/fr{path(1)}"}

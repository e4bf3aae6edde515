"""What is new comes first, what may be corrected next, the back catalogue last."""

from __future__ import annotations

import pytest

from archive.exchange import Discovery, Role
from spiders.families.news import NewsSpider
from spiders.requests import RECAPTURE
from spiders.site import site_of_address
from spiders.sources.sitemap import ChildSitemap

SITE = site_of_address("https://www.example.org/")
NOW = "2026-11-25T12:00:00+00:00"


def spider(*, backfill: bool) -> NewsSpider:
    return NewsSpider(definitions=(SITE,), seen_at=NOW, backfill=backfill)


def article(given: NewsSpider, date: str, via: str = "sitemap") -> int:
    discovery = Discovery(role=Role.ARTICLE, site=SITE.id, via=via, source_date=date)
    return given.article_request(SITE, discovery, "https://www.example.org/1").priority


def source(given: NewsSpider, lastmod: str, url: str = "https://www.example.org/2019-01.xml") -> int:
    is_old = not given._is_recent_child(ChildSitemap(url, lastmod))
    return given.source_request(SITE, url, Role.SITEMAP, "sitemap", is_old=is_old).priority


def test_with_backfill() -> None:
    given = spider(backfill=True)
    order = [
        source(given, "2026-11-25"),
        article(given, "2026-11-25T08:00:00+00:00"),
        article(given, ""),
        article(given, "2019-01-05", RECAPTURE),
        source(given, "2019-02-01"),
        article(given, "2019-01-05"),
    ]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)
    assert source(given, "") == source(given, "2019-02-01"), "what tells nothing may wait"
    assert article(given, "2019-01-05", "feed") == article(given, "2026-11-25"), "a feed shows what is new"


@pytest.mark.parametrize("date", ["2026-11-25", "2019-01-05"])
def test_without(date: str) -> None:
    given = spider(backfill=False)
    assert article(given, date) == article(given, "2026-11-25")

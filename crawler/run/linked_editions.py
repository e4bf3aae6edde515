"""Following an article's other editions and pages: languages, canonical URL, next page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scrapy.http import Request

from archive.derived import ArticleFacts
from archive.exchange import Discovery, Role
from crawler.frontier.entries import Due
from crawler.frontier.frontier import Frontier
from spiders.families.news import NewsSpider
from spiders.links import clean_address, is_article
from spiders.numbered_pages import goes_on
from spiders.shapes import Shapes
from spiders.site import Site
from spiders.url_identity import identity

ALTERNATE = "alternate"
"""``via`` of an address that an article names as itself in another language (``hreflang``)."""
CANONICAL = "canonical"
"""``via`` of an address that an article names as its own (``rel=canonical``)."""
NEXT = "next"
"""``via`` of an address on which an article of several pages continues (``rel=next``)."""


class LinkedEditions:
    """Follows the editions and pages that articles declare, in a run of a `NewsSpider`.

    They are requested when nothing else is left: until then a feed or sitemap may announce them, and it says more of
    them than a link does.
    """

    def __init__(
        self,
        frontier: Frontier,
        wants_date: Callable[[str], bool],
        may_follow: Callable[[str], bool],
        ask: Callable[[Request], None],
    ) -> None:
        """`wants_date` tells whether the run wants articles of a date, `may_follow` takes a place for one more of a
        site, `ask` takes a request into the run.
        """
        self.spider: NewsSpider | None = None
        """Set by who runs the spider; without it nothing is followed."""
        self._frontier = frontier
        self._wants_date = wants_date
        self._may_follow = may_follow
        self._ask = ask
        self._shapes: dict[str, Shapes] = {}
        self._waiting: list[tuple[Site, Due]] = []

    def shapes_of(self, site: str) -> Shapes:
        """What is known of a site's addresses, as it was when the run first asked."""
        if site not in self._shapes:
            self._shapes[site] = self._frontier.shapes_of(site)
        return self._shapes[site]

    def follow(self, name: str, article: ArticleFacts) -> None:
        """An article names other forms of itself: the new ones wait, for the next run if this one is stopped."""
        site = self.spider.sites.get(name) if self.spider is not None else None
        if site is None or self.spider is None:
            return
        if not self._wants_date(article.date_published or ""):
            return  # what the run leaves alone has the same age in all its forms
        found = list(editions(article, site, self.shapes_of(name), self.spider.seen_at))
        new = self._frontier.discover(found, lambda discovery: self._wants_date(discovery.source_date))
        self._waiting += [(site, due) for due in new]

    def ask(self) -> bool:
        """Request what waits; whether that is anything."""
        waiting, self._waiting = self._waiting, []
        asked = [(site, due) for site, due in waiting if self._may_follow(site.id)]
        self._frontier.claim([due.url for _, due in asked])
        for site, due in asked:
            assert self.spider is not None, "without a spider nothing waits"
            self._ask(self.spider.article_request(site, due.discovery, due.url))
        return bool(asked)


def editions(article: ArticleFacts, site: Site, shapes: Shapes, seen_at: str) -> Iterator[Due]:
    """Addresses within the site that an article names as other forms of itself, or as its next page."""
    named = [(edition, ALTERNATE) for edition in article.editions]
    if article.canonical_url:
        named.append((article.canonical_url, CANONICAL))
    if article.next_page and goes_on(article.url, article.next_page):
        named.append((article.next_page, NEXT))
    own = identity(article.url)
    for href, via in named:
        url = clean_address(href)
        if url is None or identity(url) == own or not is_article(url, site, announced=via == NEXT, shapes=shapes):
            continue
        record_id = str(article.id) if article.id is not None else ""
        discovery = Discovery(
            role=Role.ARTICLE,
            site=site.id,
            via=via,
            source_url=article.url,
            source_record_id=record_id,
            seen_at=seen_at,
        )
        yield Due(url, discovery)

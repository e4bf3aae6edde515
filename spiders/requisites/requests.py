"""From a page to the requests for its requisites, and on from those that name further ones."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from scrapy.http import Request, Response

from archive.exchange import Discovery, Role
from spiders.problems import NotASource
from spiders.reading import read_source
from spiders.requests import BODY, NONE, RECEIVED, REQUISITE_PRIORITY, UNCHANGED, capture_of
from spiders.requisites.collection import PageRequisites
from spiders.requisites.found import Requisite, RequisiteKind
from spiders.requisites.markup import page_requisites
from spiders.requisites.scripts import script_requisites
from spiders.requisites.styles import style_requisites
from spiders.run_services import SpiderServices
from spiders.site import Site

if TYPE_CHECKING:
    from twisted.python.failure import Failure

_DEEPEST = 4
"""Documents that lead from the page to a requisite, such as sheets that import sheets."""


class RequisiteSpider(Protocol):
    """What a spider lends for it."""

    services: SpiderServices
    seen_at: str

    def request(
        self, url: str, site: Site, discovery: Discovery, callback: Callable[..., Any], priority: int
    ) -> Request:
        """A request for a site, with the headers and cookies in its definition."""
        ...


async def page_requests(spider: RequisiteSpider, site: Site, response: Response) -> AsyncIterator[Request]:
    """The first requests for what a page needs; the others follow as these are answered."""
    pump = _Pump(spider, site, response)
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    try:
        found = await read_source(spider.services.reader, response, page_requisites, response.url, content_type)
    except NotASource:
        return  # whoever extracts says so
    for request in pump.more(found, 0):
        yield request


class _Pump:
    """Keeps a page's requisites going: each answer lets the next request out."""

    def __init__(self, spider: RequisiteSpider, site: Site, page: Response) -> None:
        self._spider = spider
        self._site = site
        self._page = page.url
        self._record = capture_of(page.meta).record_id
        self._requisites = PageRequisites(site, spider.services.requisites, time.monotonic)
        self._depths: dict[str, int] = {}

    def more(self, found: list[Requisite], depth: int) -> Iterator[Request]:
        """Requests that may go now, `found` taken in."""
        self._requisites.add(found)
        for requisite in found:
            self._depths.setdefault(requisite.url, depth)
        for requisite in self._requisites.take():
            yield self._request(requisite)

    def _request(self, requisite: Requisite) -> Request:
        discovery = Discovery(
            role=Role.REQUISITE,
            site=self._site.id,
            via="page",
            source_url=self._page,
            source_record_id=self._record,
            seen_at=self._spider.seen_at,
        )
        request = self._spider.request(requisite.url, self._site, discovery, self._arrived, REQUISITE_PRIORITY)
        request.headers.setdefault("Referer", self._page)
        request.cb_kwargs["requisite"] = requisite
        request.dont_filter = True  # the run's requisites are known by address already, and each has to be answered
        request.errback = self._failed
        request.meta["handle_httpstatus_list"] = [HTTPStatus.NOT_MODIFIED]
        if requisite.kind is RequisiteKind.OTHER:
            request.meta[BODY] = NONE
        return request

    async def _arrived(self, response: Response, requisite: Requisite) -> AsyncIterator[Request]:
        self._requisites.answered(int(response.meta.get(RECEIVED, 0)))
        depth = self._depths.pop(requisite.url, 0) + 1
        found: list[Requisite] = []
        if response.status == HTTPStatus.OK and UNCHANGED not in response.flags and depth < _DEEPEST:
            found = await self._named(response, requisite.kind)
        for request in self.more(found, depth):
            yield request

    async def _named(self, response: Response, kind: RequisiteKind) -> list[Requisite]:
        try:
            if kind is RequisiteKind.STYLE:
                return list(await read_source(self._spider.services.reader, response, style_requisites, response.url))
            if kind is RequisiteKind.SCRIPT:
                arguments = (response.url, self._page)
                return list(await read_source(self._spider.services.reader, response, script_requisites, *arguments))
        except NotASource:
            pass  # what it names stays unknown; the capture itself is kept
        return []

    def _failed(self, _failure: Failure) -> Iterator[Request]:
        """A request that came to nothing; the attempt is recorded where it was made."""
        self._requisites.answered(0)
        yield from self.more([], 0)

"""The base of all spiders: sites in, requests with a discovery out, problems reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import scrapy
from scrapy.http import Request, Response

from archive.counted import counted
from archive.exchange import CaptureOutcome, Discovery, Role
from archive.period import Period
from pipelines.items import PageItem
from spiders.catalog import SiteCatalog, SiteError
from spiders.left_out import LeftOut, LeftOutCounts, articles_left_out
from spiders.links import address_flaw, clean_address, is_denied
from spiders.meta_refresh import refresh_target
from spiders.problems import Problem, problem_found
from spiders.remedies import LED_NOWHERE, lasts, remedy_of_status
from spiders.requests import (
    ARTICLE_PRIORITY,
    BODY,
    COOKIES_SET,
    DEFINITION,
    GUESS,
    HEAD,
    LINKED_PRIORITY,
    LISTED,
    OUTCOME,
    RECAPTURE,
    RECAPTURE_PRIORITY,
    REDACTED,
    UNCHANGED,
    UNVERIFIED,
    asked_address,
    brings_document,
    capture_of,
    cookies_set,
    discovery_of,
    led_on,
    request_meta,
)
from spiders.requisites.requests import page_requests
from spiders.run_services import RunSites, SpiderServices
from spiders.site import Site
from spiders.sources.found import Found

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

SITE_DIRECTORIES = "NEWSWARC_SITE_DIRECTORIES"
"""Scrapy setting: directories with site definitions of the operator's own."""

VARIABLE_READER = "NEWSWARC_VARIABLE_READER"
"""Scrapy setting: a function that gives the value of a variable that a definition names, or None."""


_FAULTS = {
    LeftOut.NO_ADDRESS: "only the site can fix it; the other entries are read",
    LeftOut.UNFIT: "correct the URL, or tell the site; the others are read",
    LeftOut.TOO_LONG: "find a shorter form of the URL, or tell the site; the others are read",
    LeftOut.IN_FRAGMENT: "look for a source with URLs that work without scripts; the others are read",
    LeftOut.UNREADABLE_DATE: "list the sitemap as a source in the site's definition, so that they are fetched",
}
"""Reasons that somebody has to know of at once, each with what can be done. Whatever else is left out is counted."""


_BY_FORM = frozenset({LeftOut.NOT_AN_ARTICLE, LeftOut.NOT_ALLOWED, LeftOut.DENIED, LeftOut.ASSET})
_BY_FORM_REMEDY = "compare them with allow and deny under [urls] in the site's definition, or give it other sources"


def _shortened(text: str, most: int = 100) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


class SiteSpider(scrapy.Spider):
    """Base of the spiders. Sites are given as models, or by name (``-a site=lb/naharnet-en,fr/lemonde``)."""

    def __init__(
        self,
        name: str | None = None,
        *,
        site: str = "",
        definitions: Sequence[Site] = (),
        directories: Sequence[Path] = (),
        secret_of: Callable[[str], str | None] | None = None,
        since: str = "",
        until: str = "",
        seen_at: str = "",
        **kwargs: Any,
    ) -> None:
        """`secret_of` gives the value of a variable that a definition names, `since` and `until` bound the
        dates of the articles that are wanted (ISO 8601), `seen_at` is the run's time. Raises SiteError or BadAddress.
        """
        super().__init__(name, **kwargs)
        catalog = SiteCatalog(directories)
        named = [catalog.find(part.strip()) for part in site.split(",") if part.strip()]
        self.definitions = (*definitions, *named)
        """The sites of the spider."""
        self.services = SpiderServices(RunSites(self.definitions))
        """Set once, by the spider's run."""
        self._secret_of = secret_of
        self.period = Period.of(since, until)
        """When articles that are wanted were announced as published."""
        self.seen_at = seen_at or datetime.now(UTC).isoformat(timespec="seconds")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Made by Scrapy, with what the settings say of sites and secrets."""
        directories = [Path(directory) for directory in crawler.settings.getlist(SITE_DIRECTORIES)]
        kwargs.setdefault("directories", directories)
        kwargs.setdefault("secret_of", crawler.settings.get(VARIABLE_READER))
        return super().from_crawler(crawler, *args, **kwargs)

    @property
    def sites(self) -> RunSites:
        """The sites of the run."""
        return self.services.sites

    def request(
        self, url: str, site: Site, discovery: Discovery, callback: Callable[..., Any], priority: int
    ) -> Request:
        """A request for a site, with the headers and cookies in its definition."""
        meta = request_meta(discovery)
        secret = [name for name, value in site.access.headers.items() if value.startswith("env:")]
        if any(value.startswith("env:") for value in site.access.cookies.values()):
            secret.append("cookie")
        if secret:
            meta[REDACTED] = [name.lower() for name in secret]
        if not site.access.verify_certificates:
            meta[UNVERIFIED] = True
        return Request(
            url,
            callback=callback,
            errback=self.failed,
            headers={name: self._value(value) for name, value in site.access.headers.items()},
            # One path, so that a cookie stays one when a redirect sets or requests it again (RFC 6265, section 5.3)
            cookies=[
                {"name": name, "value": self._value(value), "path": "/"}
                for name, value in site.access.cookies.items()
            ],
            meta=meta,
            priority=priority,
        )

    def _value(self, value: str) -> str:
        if not value.startswith("env:"):
            return value
        name = value.removeprefix("env:")
        secret = self._secret_of(name) if self._secret_of is not None else None
        if secret is None:
            raise SiteError(f"access: the environment variable {name} is not set; export it")
        return secret

    def article_request(self, site: Site, discovery: Discovery, url: str) -> Request:
        """The request for an article page."""
        request = self.request(url, site, discovery, self.parse_page, self.priority_of(discovery))
        if not self.services.requisites.are_wanted(site):
            request.meta[BODY] = HEAD  # whoever extracts reads it from the capture
        return request

    def priority_of(self, discovery: Discovery) -> int:
        """Before which others an article is fetched."""
        if discovery.via == RECAPTURE:
            return RECAPTURE_PRIORITY
        return ARTICLE_PRIORITY if discovery.source_date else LINKED_PRIORITY

    def articles(
        self,
        site: Site,
        found: Iterable[Found],
        via: str,
        source: Response | None,
        *,
        why: Callable[[Found], LeftOut | None] = lambda _: None,
        without_address: int = 0,
    ) -> Iterator[Request]:
        """Requests for announced articles; those that are left out are counted and reported.

        `why` says why one is left out that could be requested, `without_address` how many entries give no address.
        """
        source_record = capture_of(source.meta).record_id if source is not None else ""
        left_out = LeftOutCounts()
        left_out.add(LeftOut.NO_ADDRESS, "", without_address)
        announced = without_address
        for item in found:
            announced += 1
            address = clean_address(item.url)
            reason = why(item) if address is not None else address_flaw(item.url)
            if reason is not None or address is None:
                left_out.add(reason or LeftOut.UNFIT, item.unreadable_date or item.url)
                continue
            discovery = Discovery(
                role=Role.ARTICLE,
                site=site.id,
                via=via,
                source_url=source.url if source is not None else "",
                source_date=item.date,
                source_title=item.title,
                source_author=item.author,
                source_record_id=source_record,
                seen_at=self.seen_at,
            )
            yield self.article_request(site, discovery, address)
        self._tell_left_out(site, source, left_out, announced)

    def _tell_left_out(self, site: Site, response: Response | None, left_out: LeftOutCounts, announced: int) -> None:
        """Report announced articles that are not requested, and which of these are the site's fault."""
        source = response.url if response is not None else ""
        is_named = response is not None and discovery_of(response.meta).via == DEFINITION
        if not left_out.counts:
            return
        self.crawler.signals.send_catch_log(signal=articles_left_out, site=site.id, counts=left_out.counts)
        for reason, remedy in _FAULTS.items():
            if number := left_out.counts[reason]:
                example = left_out.examples[reason]
                such = f" ({_shortened(example)})" if example else ""
                what = f"{number} of {counted(announced, 'entry')} left out{such}: {reason.sentence}"
                self.report(site.id, source or example, what, remedy)
        if left_out.counts[LeftOut.OFF_SITE] == announced:
            host = urlsplit(left_out.examples[LeftOut.OFF_SITE]).netloc
            what = f"all {announced} articles that it lists are on another site, such as {host}"
            remedy = f"if the site has moved, change the host of url in its definition to {host}"
            self.report(site.id, source, what, remedy, needs_operator=is_named)
        elif is_named and sum(left_out.counts.values()) == announced and _BY_FORM & set(left_out.counts):
            reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(left_out.counts.items()))
            what = f"none of the {announced} articles that it lists is requested: {reasons}"
            self.report(site.id, source, what, _BY_FORM_REMEDY, needs_operator=True)

    async def parse_page(self, response: Response) -> AsyncIterator[Request | PageItem]:
        """An article page: what it needs to look as it does; its capture's address goes to the pipelines."""
        capture = capture_of(response.meta)
        discovery = discovery_of(response.meta)
        site = self.sites[discovery.site]
        target = self.refresh_of(response, site)
        if target is not None:
            yield led_on(self.article_request(site, discovery, target), response)
        if (
            self.services.requisites.are_wanted(site)
            and response.status == HTTPStatus.OK
            and UNCHANGED not in response.flags
        ):
            async for request in page_requests(self, site, response):
                yield request
        if capture.segment:
            yield PageItem(response.url, capture.segment, capture.offset, site.id)

    def refresh_of(self, response: Response, site: Site) -> str | None:
        """The page that a page leads to at once (`spiders.meta_refresh`), if it may be followed."""
        if not brings_document(response):
            return None
        header = (response.headers.get("Refresh") or b"").decode("latin-1")
        opens = len(cookies_set(response.meta, response)) > len(response.meta.get(COOKIES_SET, ()))
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        address = refresh_target(response.body, response.url, header, kind, reloads=opens)
        limit = self.crawler.settings.getint("REDIRECT_MAX_TIMES")
        if address is None or is_denied(address, site) or (address == response.url and not opens):
            return None
        return address if response.meta.get("redirect_times", 0) < limit else None

    def failed(self, failure: Failure) -> None:
        """Handle a failed request. The attempt itself is recorded where it was made."""
        request: Request = failure.request  # type: ignore[attr-defined]
        discovery = discovery_of(request.meta)
        if discovery.via == GUESS and request.meta.get(OUTCOME) == CaptureOutcome.ROBOTS_DENIED:
            return  # nobody named it
        if discovery.role is not Role.ARTICLE or discovery.via == LISTED:
            status = getattr(getattr(failure.value, "response", None), "status", None)
            message = (
                f"the server answered {status}; {remedy_of_status(status)}" if status else failure.getErrorMessage()
            )
            outcome = request.meta.get(OUTCOME, "")
            leads_nowhere = outcome == CaptureOutcome.REDIRECT
            what, _, remedy = (message or type(failure.value).__name__).partition("; ")
            if status == HTTPStatus.UNAUTHORIZED and self._login_stayed_behind(request, discovery.site):
                host = urlsplit(request.url).netloc
                remedy = (
                    f"the site's login is never sent to another host; if the site has moved to {host}, change url"
                )
            self.report(
                discovery.site,
                request.url,
                what,
                remedy or (LED_NOWHERE if leads_nowhere else "check the URL, or try again later"),
                needs_operator=self._needs_operator(discovery.via, outcome, answered=bool(status)),
            )

    @staticmethod
    def _needs_operator(via: str, outcome: str, *, answered: bool) -> bool:
        """Whether a failure stays until somebody acts. What a server answers for a listed page is a finding, not a
        fault: whoever lists it wants to know.
        """
        if via == DEFINITION:
            return outcome == CaptureOutcome.REDIRECT or lasts(outcome)
        return via == LISTED and not answered and lasts(outcome)

    def _login_stayed_behind(self, request: Request, site: str) -> bool:
        began = urlsplit(asked_address(request)).netloc
        return urlsplit(request.url).netloc != began and bool(site in self.sites and self.sites[site].access.headers)

    def report(self, site: str, url: str, what: str, remedy: str, *, needs_operator: bool = False) -> None:
        """Report a problem."""
        problem = Problem(site, url, " ".join(what.split()), remedy, needs_operator)
        self.crawler.signals.send_catch_log(signal=problem_found, problem=problem)
